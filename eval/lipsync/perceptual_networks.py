"""Others' published networks from their files, tensors only: no code in a file is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from avatar_engine.wav2lip.weights import LipSyncWeightsError

from .image_metrics import Pixels


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file that holds all of a network's weights, or some."""

    path: Path
    title: str
    """What it should be, for people to read."""
    prefix: str = ""
    """What the names begin with that are taken from it."""


def load_published_weights(network: nn.Module, parts: Sequence[WeightsFile]) -> None:
    """Give a network its weights, and make it ready for inference.

    Args:
        network: Its own names are those of the files; what else a file holds is left.
        parts: The files.

    Raises:
        LipSyncWeightsError: A file is missing, damaged or another one, or not all is there.
    """
    wanted = network.state_dict()
    state: dict[str, Tensor] = {}
    for part in parts:
        names = [name for name in wanted if name.startswith(part.prefix)]
        content = _read(part.path)
        found = {name: content[name] for name in names if name in content}
        wrong = [name for name, t in found.items() if t.shape != wanted[name].shape]
        if not found or wrong:
            other = f"has another shape of {wrong[0]}" if wrong else "is something else"
            raise LipSyncWeightsError(
                "other_network", path=part.path, wanted=part.title, found=other
            )
        state |= found
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(wanted.keys() - state.keys() - counters)
    if missing:
        files = " and ".join(str(part.path) for part in parts)
        raise LipSyncWeightsError(
            "tensors_missing", path=files, count=len(missing), example=missing[0]
        )
    network.load_state_dict(state, strict=False)
    network.eval().requires_grad_(False)


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise LipSyncWeightsError("weights_missing", path=path, reason="there is no such file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # a broken or hostile pickle can raise anything
        raise LipSyncWeightsError(
            "weights_damaged", path=path, size=path.stat().st_size
        ) from problem
    if not isinstance(content, Mapping):
        raise LipSyncWeightsError("no_tensors", path=path)
    return {str(name): t for name, t in content.items() if isinstance(t, Tensor)}


_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_CHANNELS = (64, 192, 384, 256, 256)
_TAPS = (1, 4, 7, 9, 11)  # the layers whose output is compared
_EPS = 1e-10
_LPIPS_BATCH = 8


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
        LipSyncWeightsError: They are missing, or others.
    """
    network = Lpips()
    load_published_weights(
        network,
        [
            WeightsFile(alexnet, "torchvision's AlexNet (alexnet-owt-7be5be79.pth)", "features"),
            WeightsFile(linear, "LPIPS' weights/v0.1/alex.pth (of the lpips package)", "lin"),
        ],
    )
    return network


@torch.inference_mode()
def lpips_distance(network: Lpips, drawn: Pixels, real: Pixels) -> float:
    """The mean distance of (n, H, W, 3) whole pictures; 0 where they are the same."""
    sums = 0.0
    for i in range(0, len(real), _LPIPS_BATCH):
        one, other = (_tensor(pictures[i : i + _LPIPS_BATCH]) for pictures in (drawn, real))
        sums += float(network(one, other).sum())
    return sums / len(real)


def _tensor(pictures: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))) / 127.5 - 1


N_FEATURES = 2048
_SIZE = 299  # pixels
_INCEPTION_BATCH = 8

Kernel = tuple[int, int]
Layer = tuple[str, int, Kernel]
"""Name, outputs, kernel."""
ONE, THREE, FIVE = (1, 1), (3, 3), (5, 5)
WIDE3, TALL3, WIDE7, TALL7 = (1, 3), (3, 1), (1, 7), (7, 1)


class InceptionConv(nn.Module):
    """Convolution, batch norm, ReLU; the map keeps its size unless ``shrink``s."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, shrink: bool = False
    ) -> None:
        super().__init__()
        padding = (0, 0) if shrink else (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H', W')."""
        return F.relu(self.bn(self.conv(x)))


class InceptionBlock(nn.Module):
    """Branches side by side, and what they find, joined.

    Args:
        inputs: Channels that come in.
        branches: Layers one after the other; a last layer whose name ends in ``b`` stands
            beside the one before it instead.
        pooled: Channels of the branch that pools; None where the block halves the map: there
            every branch's last layer has stride 2, and the pooled maps go on as they are.
        maximum: Whether that branch takes the maximum rather than the mean.
    """

    def __init__(
        self, inputs: int, branches: list[list[Layer]], pooled: int | None, maximum: bool = False
    ) -> None:
        super().__init__()
        self.halves = pooled is None
        self.maximum = maximum
        self.branches = [[name for name, *_ in layers] for layers in branches]
        for layers in branches:
            channels = inputs
            for i, (name, outputs, kernel) in enumerate(layers):
                halve = self.halves and i == len(layers) - 1
                layer = InceptionConv(channels, outputs, kernel, 2 if halve else 1, halve)
                self.add_module(name, layer)
                channels = outputs
        if pooled is not None:
            self.branch_pool = InceptionConv(inputs, pooled, ONE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H', W')."""
        found = []
        for names in self.branches:
            y = x
            *trunk, last = names
            fork = trunk.pop() if last.endswith("b") else None
            for name in trunk:
                y = self.get_submodule(name)(y)
            if fork:
                found.append(self.get_submodule(fork)(y))
            found.append(self.get_submodule(last)(y))
        return torch.cat([*found, self._pool(x)], 1)

    def _pool(self, x: Tensor) -> Tensor:
        if self.halves:
            return F.max_pool2d(x, 3, 2)
        if self.maximum:
            pooled = F.max_pool2d(x, 3, 1, 1)
        else:
            pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        made: Tensor = self.branch_pool(pooled)
        return made


class Inception(nn.Module):
    """Pictures to the 2,048 numbers of the last pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = InceptionConv(3, 32, THREE, 2, shrink=True)  # 149
        self.Conv2d_2a_3x3 = InceptionConv(32, 32, THREE, shrink=True)  # 147
        self.Conv2d_2b_3x3 = InceptionConv(32, 64, THREE)
        self.Conv2d_3b_1x1 = InceptionConv(64, 80, ONE)  # 73
        self.Conv2d_4a_3x3 = InceptionConv(80, 192, THREE, shrink=True)  # 71
        self.Mixed_5b = InceptionBlock(192, _a(), 32)  # 35
        self.Mixed_5c = InceptionBlock(256, _a(), 64)
        self.Mixed_5d = InceptionBlock(288, _a(), 64)
        self.Mixed_6a = InceptionBlock(
            288,
            [
                [("branch3x3", 384, THREE)],
                [(f"branch3x3dbl_{i}", n, k) for i, n, k in
                 ((1, 64, ONE), (2, 96, THREE), (3, 96, THREE))],
            ],
            None,
        )  # 17  # fmt: skip
        self.Mixed_6b = InceptionBlock(768, _c(128), 192)
        self.Mixed_6c = InceptionBlock(768, _c(160), 192)
        self.Mixed_6d = InceptionBlock(768, _c(160), 192)
        self.Mixed_6e = InceptionBlock(768, _c(192), 192)
        self.Mixed_7a = InceptionBlock(
            768,
            [
                [("branch3x3_1", 192, ONE), ("branch3x3_2", 320, THREE)],
                [(f"branch7x7x3_{i + 1}", 192, k) for i, k in
                 enumerate((ONE, WIDE7, TALL7, THREE))],
            ],
            None,
        )  # 8  # fmt: skip
        self.Mixed_7b = InceptionBlock(1280, _e(), 192)
        self.Mixed_7c = InceptionBlock(2048, _e(), 192, maximum=True)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [0, 1] to (B, 2048)."""
        x = F.interpolate(pictures, (_SIZE, _SIZE), mode="bilinear", align_corners=False)
        x = 2 * x - 1
        for name, block in self.named_children():
            x = block(x)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                x = F.max_pool2d(x, 3, 2)
        return x.mean((2, 3))


def load_inception(path: Path) -> Inception:
    """Inception from pytorch-fid's file.

    Raises:
        LipSyncWeightsError: It is missing, or another.
    """
    network = Inception()
    load_published_weights(
        network, [WeightsFile(path, "FID's Inception (pt_inception-2015-12-05-6726825d.pth)")]
    )
    return network


@torch.inference_mode()
def inception_features(network: Inception, pictures: Pixels) -> NDArray[np.float32]:
    """(n, H, W, 3) pictures to (n, 2048)."""
    found = []
    for i in range(0, len(pictures), _INCEPTION_BATCH):
        some = np.ascontiguousarray(pictures[i : i + _INCEPTION_BATCH].transpose(0, 3, 1, 2))
        found.append(network(torch.from_numpy(some).float() / 255).numpy())
    return np.concatenate(found)


def _a() -> list[list[Layer]]:
    return [
        [("branch1x1", 64, ONE)],
        [("branch5x5_1", 48, ONE), ("branch5x5_2", 64, FIVE)],
        [("branch3x3dbl_1", 64, ONE), ("branch3x3dbl_2", 96, THREE), ("branch3x3dbl_3", 96, THREE)],
    ]


def _c(n: int) -> list[list[Layer]]:
    double = (ONE, TALL7, WIDE7, TALL7, WIDE7)
    return [
        [("branch1x1", 192, ONE)],
        [("branch7x7_1", n, ONE), ("branch7x7_2", n, WIDE7), ("branch7x7_3", 192, TALL7)],
        [(f"branch7x7dbl_{i}", 192 if i == 5 else n, k) for i, k in enumerate(double, 1)],
    ]


def _e() -> list[list[Layer]]:
    return [
        [("branch1x1", 320, ONE)],
        [("branch3x3_1", 384, ONE), ("branch3x3_2a", 384, WIDE3), ("branch3x3_2b", 384, TALL3)],
        [
            ("branch3x3dbl_1", 448, ONE),
            ("branch3x3dbl_2", 384, THREE),
            ("branch3x3dbl_3a", 384, WIDE3),
            ("branch3x3dbl_3b", 384, TALL3),
        ],
    ]
