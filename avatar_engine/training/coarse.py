"""Coarse first: mouths learn to follow the sound in pictures of 96 pixels.

A generator that begins with whole pictures soon copies its reference, learns to close its ears
to the noise from below, and then takes long to open them again: the sound comes in at the bottom
of a U-Net whose upper levels know the answer but for the mouth. So here it is only told what is
heard, and learns only what no copy gives: by how much each pixel differs from the reference. No
face is encoded and the picture ends at 96 pixels, so that it costs a tenth (the idea of beginning
small is that of Karras et al., "Progressive Growing", arXiv:1710.10196).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..wav2lip.generator import Wav2Lip384, first_rows

SIZE = 96  # pixels
_SCALE = 0.1  # of what is read; mouths differ by so much, and norms would take long to learn it


def coarse_lower_half(generator: Wav2Lip384, mels: Tensor) -> Tensor:
    """By how much small lower halves differ from their references, (B, 3, 48, 96).

    Args:
        generator: Its skips are taken for zero.
        mels: (B, 1, 80, 16), in [-4, 4].
    """
    heights = generator.heights()
    x = generator.encode_audio(mels)
    levels = zip(generator.face_decoder_blocks, heights, first_rows(heights), strict=True)
    for block, height, first in levels:
        x = block(x)[:, :, first - height :]
        if height == SIZE:
            break
        x = torch.cat([x, torch.zeros_like(x)], dim=1)  # a skip has as many channels
    return read_out(x)


def read_out(maps: Tensor) -> Tensor:
    """What the decoder makes at 96 pixels, (B, C, rows, 96), as a picture, (B, 3, 48, 96).

    By a fixed random mixture of its channels: there is nothing that would have to be learnt, or
    kept, for training alone.
    """
    lower = maps[:, :, -SIZE // 2 :]
    mixture = torch.randn(3, lower.shape[1], generator=torch.Generator().manual_seed(0))
    mixture *= _SCALE / lower.shape[1] ** 0.5
    return torch.einsum("kc,bchw->bkhw", mixture.to(lower), lower)


class Watched:
    """The map of 96 pixels that a generator made when it last drew; it lies on the way."""

    def __init__(self, generator: Wav2Lip384) -> None:
        block = generator.face_decoder_blocks[generator.heights().index(SIZE)]
        block.register_forward_hook(self._note)

    def _note(self, block: nn.Module, inputs: object, maps: Tensor) -> None:
        self.maps = maps


def coarse_differences(faces: Tensor, references: Tensor) -> Tensor:
    """The same of (B, 3, 384, 384) faces, in [-1, 1]."""
    lower = (faces - references)[..., faces.shape[-2] // 2 :, :]
    return interpolate(lower, size=(SIZE // 2, SIZE), mode="area")


def coarse_loss(drawn: Tensor, real: Tensor) -> Tensor:
    """Mean square of (B, 3, 48, 96) differences, times 100: few pixels move, and these matter."""
    return 100 * (drawn - real).square().mean()
