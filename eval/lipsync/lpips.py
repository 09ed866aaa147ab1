"""LPIPS, a distance between pictures that people agree with.

Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as
a Perceptual Metric", 2018; version 0.1 with AlexNet, as ``lpips.LPIPS(net="alex")`` computes
it. Its weights are two files: torchvision's ``alexnet-owt-7be5be79.pth``, and the package's
``weights/v0.1/alex.pth`` (6 kB). The layers bear the names that these files have.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .pictures import Pixels
from .weights import Part, fill

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_CHANNELS = (64, 192, 384, 256, 256)
_TAPS = (1, 4, 7, 9, 11)  # the layers whose output is compared
_EPS = 1e-10
_AT_ONCE = 8


class Lpips(nn.Module):
    """AlexNet's five convolutions, and a weight for each of their channels.

    >>> sorted(Lpips().state_dict())[:2]
    ['features.0.bias', 'features.0.weight']
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(),
            nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(),
            nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(),
        )  # fmt: skip
        for i, channels in enumerate(_CHANNELS):
            linear = nn.Conv2d(channels, 1, 1, bias=False)
            self.add_module(
                f"lin{i}", nn.ModuleDict({"model": nn.Sequential(nn.Dropout(), linear)})
            )

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [-1, 1], twice, to distances (B,)."""
        both = torch.cat([one, other])
        x = (both - both.new_tensor(_SHIFT)[:, None, None]) / both.new_tensor(_SCALE)[:, None, None]
        total = one.new_zeros(len(one))
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in _TAPS:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + _EPS)
                apart = (unit[: len(one)] - unit[len(one) :]).square()
                weight = self.get_parameter(f"lin{_TAPS.index(i)}.model.1.weight")
                total = total + (apart * weight[0]).sum(1).mean((1, 2))
        return total


def load_lpips(alexnet: Path, linear: Path) -> Lpips:
    """LPIPS from its two published files.

    Raises:
        WeightsError: They are missing, or others.
    """
    network = Lpips()
    fill(
        network,
        [
            Part(alexnet, "torchvision's AlexNet (alexnet-owt-7be5be79.pth)", "features"),
            Part(linear, "LPIPS' weights/v0.1/alex.pth (of the lpips package)", "lin"),
        ],
    )
    return network


@torch.inference_mode()
def lpips(network: Lpips, drawn: Pixels, real: Pixels) -> float:
    """The mean distance of (n, H, W, 3) whole pictures; 0 where they are the same."""
    sums = 0.0
    for i in range(0, len(real), _AT_ONCE):
        one, other = (_tensor(pictures[i : i + _AT_ONCE]) for pictures in (drawn, real))
        sums += float(network(one, other).sum())
    return sums / len(real)


def _tensor(pictures: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))) / 127.5 - 1
