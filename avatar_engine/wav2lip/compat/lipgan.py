"""LipGAN's residual generator, the forerunner of Wav2Lip, with the layers of the original.

KR et al., "Towards Automatic Face-to-Face Translation", ACM Multimedia 2019.
The original is written in Keras, and so is its checkpoint: ``lipgan_residual_mel.h5``
of its ``fully_pythonic`` branch fits this network. The checkpoint of the paper
itself takes MATLAB cepstra of another shape and does not.
"""

from collections.abc import Sequence
from math import ceil
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from ..model import LipSyncGenerator

LIPGAN_MEL_WINDOW = 27  # columns, 337.5 ms
LIPGAN_LEAD = 4  # the window begins with the fourth frame before the one that is drawn


class LipGAN(LipSyncGenerator):
    """The generator of LipGAN for 96x96 pixels.

    It takes mel windows of 27 columns, (B, 1, 80, 27), from four frames before
    each frame (``mel_windows(mel, (f - 4 for f in frames), columns=27)``). Faces are
    given as to every other generator, the masked one first; the original has
    the reference first, which is put right inside.
    """

    size = 96
    channel_order = "BGR"

    def __init__(self) -> None:
        super().__init__()
        # In the order in which the original makes them: its checkpoint is read by that order.
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_Conv(6, 32, 7)),  # 96
                nn.Sequential(_Conv(32, 64, 5, 2), *_residuals(64, 2)),  # 48
                nn.Sequential(_Conv(64, 128, 3, 2), *_residuals(128, 3)),  # 24
                nn.Sequential(_Conv(128, 256, 3, 2), *_residuals(256, 2)),  # 12
                nn.Sequential(_Conv(256, 512, 3, 2), *_residuals(512, 2)),  # 6
                nn.Sequential(_Conv(512, 512, 3, 2)),  # 3
                nn.Sequential(_Conv(512, 512, 3, same=False), _Conv(512, 512, 1)),  # 1
            ]
        )
        self.audio_encoder = nn.Sequential(
            _Conv(1, 32, 3),  # (80, 27)
            *_residuals(32, 2),
            _Conv(32, 64, 3, 3),  # (27, 9)
            *_residuals(64, 2),
            _Conv(64, 128, 3, (3, 1)),  # (9, 9)
            *_residuals(128, 2),
            _Conv(128, 256, 3, 3),  # (3, 3)
            *_residuals(256, 2),
            _Conv(256, 512, 3, same=False),  # (1, 1)
            _Conv(512, 512, 1),
        )
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_Deconv(1024, 512, 3)),  # 3
                nn.Sequential(_Deconv(1024, 512), *_residuals(512, 2)),  # 6
                nn.Sequential(_Deconv(1024, 256), *_residuals(256, 2)),  # 12
                nn.Sequential(_Deconv(512, 128), *_residuals(128, 2)),  # 24
                nn.Sequential(_Deconv(256, 64), *_residuals(64, 2)),  # 48
                nn.Sequential(_Deconv(128, 32)),  # 96
            ]
        )
        self.output_block = nn.Sequential(
            _Conv(64, 16, 3), _Conv(16, 16, 3), nn.Conv2d(16, 3, 1), nn.Sigmoid()
        )

    def encode_face(self, faces: Tensor) -> list[Tensor]:
        """The maps of (B, 6, 96, 96) faces, one per encoder block, the largest first."""
        masked, reference = faces.chunk(2, dim=1)
        return super().encode_face(torch.cat([reference, masked], dim=1))

    def decode(self, embedding: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """Faces (B, 3, 96, 96), in [0, 1]; here the sound meets the face at 1x1 already."""
        *larger, identity = maps
        x = torch.cat([identity, embedding], dim=1)
        for block, face in zip(self.face_decoder_blocks, reversed(larger), strict=True):
            x = torch.cat([face, block(x)], dim=1)
        return cast(Tensor, self.output_block(x))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.2)  # Keras' eps; its momentum is 0.8


class _Conv(nn.Module):
    """Convolution, batch norm, ReLU, padded as Keras pads."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int | tuple[int, int] = 1,
        *,
        same: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.norm = _norm(outputs)
        self.same = same

    def forward(self, x: Tensor) -> Tensor:
        if self.same:
            x = pad(x, (*self._missing(x, -1), *self._missing(x, -2)))
        return relu(cast(Tensor, self.norm(self.conv(x))))

    def _missing(self, x: Tensor, axis: int) -> tuple[int, int]:
        """The zeros before and after, of which "same" has the odd one after."""
        length, kernel, stride = x.shape[axis], self.conv.kernel_size[axis], self.conv.stride[axis]
        missing = max(0, (ceil(length / stride) - 1) * stride + kernel - length)
        return missing // 2, missing - missing // 2


class _Deconv(nn.Module):
    """Transposed convolution, batch norm, ReLU: a map exactly ``stride`` times the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 3, stride)
        self.norm = _norm(outputs)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2] * self.stride, x.shape[-1] * self.stride
        return relu(cast(Tensor, self.norm(self.conv(x)[..., :height, :width])))


class _Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Conv(channels, channels, 3)
        self.second = _Conv(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return relu(cast(Tensor, self.second(self.first(x))) + x)


def _residuals(channels: int, count: int) -> list[_Residual]:
    return [_Residual(channels) for _ in range(count)]
