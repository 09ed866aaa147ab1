"""Training at 96 pixels first, where mouths learn to follow the sound at a tenth of the cost.

A generator that begins with whole pictures soon copies its reference through the skip connections,
learns to ignore the audio, which enters at the bottom of the U-Net, and then takes long to use it.
So in these steps the audio is its only input, and its target is the difference between picture
and reference, which no copy gives. No face is encoded and decoding ends at 96 pixels (to begin at
a low resolution is the idea of Karras et al., "Progressive Growing", arXiv:1710.10196).
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize, pad

from ..wav2lip.discriminators import SyncExpert384
from ..wav2lip.model import ConvBlock, Wav2Lip384, first_needed_rows

LOW_RESOLUTION = 96  # pixels
_PROJECTION_SCALE = 0.1  # about the standard deviation of the differences between mouths


def low_resolution_lower_half(generator: Wav2Lip384, mels: Tensor) -> Tensor:
    """By how much small lower halves differ from their references, (B, 3, 48, 96).

    Args:
        generator: Its skips are taken for zero.
        mels: (B, 1, 80, 16), in [-4, 4].
    """
    heights = generator.heights()
    x = generator.encode_audio(mels)
    levels = zip(generator.face_decoder_blocks, heights, first_needed_rows(heights), strict=True)
    for block, height, first in levels:
        x = block(x)[:, :, first - height :]
        if height == LOW_RESOLUTION:
            break
        x = torch.cat([x, torch.zeros_like(x)], dim=1)  # a skip has as many channels
    return project_to_rgb(x)


def project_to_rgb(maps: Tensor) -> Tensor:
    """Feature maps of the decoder at 96 pixels, (B, C, rows, 96), as a picture, (B, 3, 48, 96).

    By a fixed random mixture of its channels: there is nothing that would have to be learnt, or
    kept, for training alone.
    """
    lower = maps[:, :, -LOW_RESOLUTION // 2 :]
    mixture = torch.randn(3, lower.shape[1], generator=torch.Generator().manual_seed(0))
    mixture *= _PROJECTION_SCALE / lower.shape[1] ** 0.5
    return torch.einsum("kc,bchw->bkhw", mixture.to(lower), lower)


class LowResolutionHook:
    """Keeps ``maps``, the decoder's features at 96 pixels in a generator's last forward pass."""

    def __init__(self, generator: Wav2Lip384) -> None:
        block = generator.face_decoder_blocks[generator.heights().index(LOW_RESOLUTION)]
        block.register_forward_hook(self._note)

    def _note(self, block: nn.Module, inputs: object, maps: Tensor) -> None:
        self.maps = maps


def low_resolution_residual(faces: Tensor, references: Tensor) -> Tensor:
    """By how much the lower halves of (B, 3, 384, 384) faces differ, (B, 3, 48, 96), in [-1, 1]."""
    lower = (faces - references)[..., faces.shape[-2] // 2 :, :]
    return interpolate(lower, size=(LOW_RESOLUTION // 2, LOW_RESOLUTION), mode="area")


def low_resolution_loss(drawn: Tensor, real: Tensor) -> Tensor:
    """Mean square of (B, 3, 48, 96) differences, times 100: few pixels move, and these matter."""
    return 100 * (drawn - real).square().mean()


LOW_RESOLUTION_FACE = 96  # pixels; the layers see 24 rows and columns of its lower half
_FIRST_TRAINED_LAYER = 13  # the layer that is given 24 x 24
_EDGE_COVERAGE = 6 / 8, 14 / 16  # of the last row and column: the 5x5 layer leaves pixels out


@torch.no_grad()
def initialize_as_downsampler(expert: SyncExpert384, mouths: Tensor) -> None:
    """Initialize the first layers of the face encoder as box filters that shrink the picture.

    Args:
        expert: Of any width; it is changed.
        mouths: Some, (B, 3 n_frames, 192, 384), in [0, 1]: norms begin with their statistics.
    """
    n = mouths.shape[1]
    x = mouths
    expert.eval()
    for layer in list(expert.face_encoder)[:_FIRST_TRAINED_LAYER]:
        layer = cast(ConvBlock, layer)
        convolution, norm = cast(tuple[nn.Conv2d, nn.BatchNorm2d], tuple(layer.conv_block))
        assert norm.running_mean is not None and norm.running_var is not None
        if not layer.residual:
            convolution.weight[:n] = 0
            convolution.weight[range(n), range(n)] = _box_filter_kernel(convolution)
            assert convolution.bias is not None
            convolution.bias[:n] = 0
        made = convolution(x)
        variance, mean = torch.var_mean(made, (0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        if layer.residual:
            nn.init.zeros_(norm.weight)
            nn.init.zeros_(norm.bias)
        else:  # what the norm takes away it gives back
            norm.weight[:n] = (variance[:n] + norm.eps).sqrt()
            norm.bias[:n] = mean[:n]
        x = layer(x)
    _convolution_of(expert.face_encoder[_FIRST_TRAINED_LAYER]).weight[:, n:] = 0
    expert.train()


def embed_low_resolution(expert: SyncExpert384, mouths: Tensor) -> Tensor:
    """Embeddings of mouths at low resolution, computed by the later layers of the face encoder.

    Args:
        expert: Its first layers are still as ``initialize_as_downsampler`` left them.
        mouths: (B, 3 n_frames, 48, 96), in [0, 1].

    Returns:
        (B, C), of length 1, like the face embeddings of ``SyncExpert384.forward``.
    """
    x = avg_pool2d(mouths, (2, 4)).clone()
    x[:, :, -1] *= _EDGE_COVERAGE[0]
    x[:, :, :, -1] *= _EDGE_COVERAGE[1]
    given = _convolution_of(expert.face_encoder[_FIRST_TRAINED_LAYER]).in_channels
    x = pad(x, (0, 0, 0, 0, 0, given - x.shape[1]))
    return normalize(expert.face_encoder[_FIRST_TRAINED_LAYER:](x).flatten(1))


def _convolution_of(layer: nn.Module) -> nn.Conv2d:
    return cast(nn.Conv2d, cast(ConvBlock, layer).conv_block[0])


def _box_filter_kernel(convolution: nn.Conv2d) -> Tensor:
    """A kernel that gives the mean of as many neighbours as the layer makes one of."""
    down, right = convolution.stride
    top, left = cast(tuple[int, int], convolution.padding)
    kernel = convolution.weight.new_zeros(cast(tuple[int, int], convolution.kernel_size))
    kernel[top : top + down, left : left + right] = 1 / (down * right)
    return kernel
