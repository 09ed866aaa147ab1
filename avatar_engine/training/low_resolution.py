"""Coarse first: mouths learn to follow the sound in pictures of 96 pixels.

A generator that begins with whole pictures soon copies its reference, learns to close its ears
to the noise from below, and then takes long to open them again: the sound comes in at the bottom
of a U-Net whose upper levels know the answer but for the mouth. So here it is only told what is
heard, and learns only what no copy gives: by how much each pixel differs from the reference. No
face is encoded and the picture ends at 96 pixels, so that it costs a tenth (the idea of beginning
small is that of Karras et al., "Progressive Growing", arXiv:1710.10196).
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize, pad

from ..wav2lip.discriminators import SyncExpert384
from ..wav2lip.model import ConvBlock, Wav2Lip384, first_needed_rows

LOW_RESOLUTION = 96  # pixels
_PROJECTION_SCALE = (
    0.1  # of what is read; mouths differ by so much, and norms would take long to learn it
)


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
    """What the decoder makes at 96 pixels, (B, C, rows, 96), as a picture, (B, 3, 48, 96).

    By a fixed random mixture of its channels: there is nothing that would have to be learnt, or
    kept, for training alone.
    """
    lower = maps[:, :, -LOW_RESOLUTION // 2 :]
    mixture = torch.randn(3, lower.shape[1], generator=torch.Generator().manual_seed(0))
    mixture *= _PROJECTION_SCALE / lower.shape[1] ** 0.5
    return torch.einsum("kc,bchw->bkhw", mixture.to(lower), lower)


class LowResolutionHook:
    """The map of 96 pixels that a generator made when it last drew; it lies on the way."""

    def __init__(self, generator: Wav2Lip384) -> None:
        block = generator.face_decoder_blocks[generator.heights().index(LOW_RESOLUTION)]
        block.register_forward_hook(self._note)

    def _note(self, block: nn.Module, inputs: object, maps: Tensor) -> None:
        self.maps = maps


def low_resolution_residual(faces: Tensor, references: Tensor) -> Tensor:
    """The same of (B, 3, 384, 384) faces, in [-1, 1]."""
    lower = (faces - references)[..., faces.shape[-2] // 2 :, :]
    return interpolate(lower, size=(LOW_RESOLUTION // 2, LOW_RESOLUTION), mode="area")


def low_resolution_loss(drawn: Tensor, real: Tensor) -> Tensor:
    """Mean square of (B, 3, 48, 96) differences, times 100: few pixels move, and these matter."""
    return 100 * (drawn - real).square().mean()


LOW_RESOLUTION_FACE = (
    96  # pixels of a small face; the layers see 24 rows and columns of its lower half
)
_FIRST_TRAINED_LAYER = 13  # the layer that is given 24 x 24
_EDGE_COVERAGE = (
    6 / 8,
    14 / 16,
)  # of the last row and column; the layer of 5x5 leaves some pixels out


@torch.no_grad()
def initialize_as_downsampler(expert: SyncExpert384, mouths: Tensor) -> None:
    """Make the first layers of the face encoder what makes pictures small, and no more.

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
    """What the expert makes of lips, from small pictures of them.

    Args:
        expert: Since it began, nothing but the later layers has changed.
        mouths: (B, 3 n_frames, 48, 96), in [0, 1].

    Returns:
        As ``Expert.forward`` does, (B, C), of length 1.
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
