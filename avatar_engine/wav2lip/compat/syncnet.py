"""SyncNet as its authors released it, the network behind the metrics LSE-D and LSE-C.

Chung and Zisserman, "Out of Time: Automated Lip Sync in the Wild", 2016. The
layers and names are those of ``SyncNetModel.py`` in joonson/syncnet_python, so
that ``syncnet_v2.model`` fits.
"""

from typing import cast

import torch
from torch import Tensor, nn


class SyncNet(nn.Module):
    """Embeds a fifth of a second of lips and of sound in the same space of 1024 numbers.

    The distance between the two, over a range of offsets, is what LSE-D (its
    least) and LSE-C (its median less its least) are made of. It was trained
    with BGR pictures of values from 0 to 255, and unscaled cepstra.
    """

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_norm2d(1, 64),
            nn.MaxPool2d(1, 1),
            *_norm2d(64, 192),
            nn.MaxPool2d(3, (1, 2)),
            *_norm2d(192, 384),
            *_norm2d(384, 256),
            *_norm2d(256, 256),
            nn.MaxPool2d(3, 2),
            *_norm2d(256, 512, (5, 4), 0),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_norm3d(3, 96, (5, 7, 7), 2, 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_norm3d(96, 256, (1, 5, 5), 2, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_norm3d(256, 256),
            *_norm3d(256, 256),
            *_norm3d(256, 256),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_norm3d(256, 512, (1, 6, 6), 1, 0),
        )

    def embed_audio(self, cepstra: Tensor) -> Tensor:
        """(B, 1, 13, 20) mel cepstra, 100 a second, to (B, 1024)."""
        return cast(Tensor, self.netfcaud(self.netcnnaud(cepstra).flatten(1)))

    def embed_lips(self, frames: Tensor) -> Tensor:
        """(B, 3, 5, 224, 224) BGR frames, 25 a second, in [0, 255], to (B, 1024)."""
        return cast(Tensor, self.netfclip(self.netcnnlip(frames).flatten(1)))

    def forward(self, cepstra: Tensor, frames: Tensor) -> Tensor:
        """The Euclidean distance between sound and lips, (B,)."""
        apart = self.embed_audio(cepstra) - self.embed_lips(frames)
        return cast(Tensor, torch.linalg.vector_norm(apart, dim=1))


def _norm2d(
    inputs: int, outputs: int, kernel: int | tuple[int, int] = 3, padding: int = 1
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()


def _norm3d(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int, int] = (1, 3, 3),
    stride: int = 1,
    padding: int = 1,
) -> tuple[nn.Module, ...]:
    """A convolution over time and space; stride and padding are those of space."""
    convolution = nn.Conv3d(
        inputs, outputs, kernel, (1, stride, stride), padding=(0, padding, padding)
    )
    return convolution, nn.BatchNorm3d(outputs), nn.ReLU()


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))
