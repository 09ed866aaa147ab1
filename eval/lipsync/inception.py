"""Inception-v3 as FID uses it: the network of 2015-12-05, ported from TensorFlow.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016. The layers
bear the names of torchvision's ``inception_v3`` and of the file that pytorch-fid publishes,
``pt_inception-2015-12-05-6726825d.pth``. It differs from torchvision's in its pooling: means
leave the padding out, and the last block takes the maximum.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from .pictures import Pixels
from .weights import Part, fill

N_FEATURES = 2048
_SIZE = 299  # pixels
_AT_ONCE = 8

Kernel = tuple[int, int]
Layer = tuple[str, int, Kernel]
"""Name, outputs, kernel."""
ONE, THREE, FIVE = (1, 1), (3, 3), (5, 5)
WIDE3, TALL3, WIDE7, TALL7 = (1, 3), (3, 1), (1, 7), (7, 1)


class BasicConv2d(nn.Module):
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


class Mixed(nn.Module):
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
                layer = BasicConv2d(channels, outputs, kernel, 2 if halve else 1, halve)
                self.add_module(name, layer)
                channels = outputs
        if pooled is not None:
            self.branch_pool = BasicConv2d(inputs, pooled, ONE)

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
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, THREE, 2, shrink=True)  # 149
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, THREE, shrink=True)  # 147
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, THREE)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, ONE)  # 73
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, THREE, shrink=True)  # 71
        self.Mixed_5b = Mixed(192, _a(), 32)  # 35
        self.Mixed_5c = Mixed(256, _a(), 64)
        self.Mixed_5d = Mixed(288, _a(), 64)
        self.Mixed_6a = Mixed(
            288,
            [
                [("branch3x3", 384, THREE)],
                [(f"branch3x3dbl_{i}", n, k) for i, n, k in
                 ((1, 64, ONE), (2, 96, THREE), (3, 96, THREE))],
            ],
            None,
        )  # 17  # fmt: skip
        self.Mixed_6b = Mixed(768, _c(128), 192)
        self.Mixed_6c = Mixed(768, _c(160), 192)
        self.Mixed_6d = Mixed(768, _c(160), 192)
        self.Mixed_6e = Mixed(768, _c(192), 192)
        self.Mixed_7a = Mixed(
            768,
            [
                [("branch3x3_1", 192, ONE), ("branch3x3_2", 320, THREE)],
                [(f"branch7x7x3_{i + 1}", 192, k) for i, k in
                 enumerate((ONE, WIDE7, TALL7, THREE))],
            ],
            None,
        )  # 8  # fmt: skip
        self.Mixed_7b = Mixed(1280, _e(), 192)
        self.Mixed_7c = Mixed(2048, _e(), 192, maximum=True)

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
        WeightsError: It is missing, or another.
    """
    network = Inception()
    fill(network, [Part(path, "FID's Inception (pt_inception-2015-12-05-6726825d.pth)")])
    return network


@torch.inference_mode()
def features(network: Inception, pictures: Pixels) -> NDArray[np.float32]:
    """(n, H, W, 3) pictures to (n, 2048)."""
    found = []
    for i in range(0, len(pictures), _AT_ONCE):
        some = np.ascontiguousarray(pictures[i : i + _AT_ONCE].transpose(0, 3, 1, 2))
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
