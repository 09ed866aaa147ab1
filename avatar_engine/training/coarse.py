"""Coarse first: mouths learn to follow the sound in pictures of 96 pixels.

A generator that begins with whole pictures soon copies its reference, learns to close its ears
to the noise from below, and then takes long to open them again: the sound comes in at the bottom
of a U-Net whose upper levels know the answer but for the mouth. So here only that is learnt which
no copy gives: by how much each pixel differs from the reference. The upper skips are shut, so that
it must come from below; and because it ends at 96 pixels a picture costs a quarter (after Karras
et al., "Progressive Growing", arXiv:1710.10196).
"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..wav2lip.generator import Wav2Lip384, first_rows

SIZE = 96  # pixels
SKIPS_UP_TO = 12  # pixels


def coarse_lower_half(
    generator: Wav2Lip384, mels: Tensor, faces: Tensor, which: Tensor | None = None
) -> Tensor:
    """By how much small lower halves differ from their references, (B, 3, 48, 96).

    The arguments are those of the generator.

    What the decoder makes at 96 pixels is read as a picture by a fixed random mixture of its
    channels: there is nothing that would have to be learnt, or kept, for these steps alone.
    """
    maps = generator.encode_face(faces)
    heights = generator.heights()
    x = generator.encode_audio(mels)
    levels = zip(
        generator.face_decoder_blocks, reversed(maps), heights, first_rows(heights), strict=True
    )
    for block, face, height, first in levels:
        x = block(x)[:, :, first - height :]
        if height == SIZE:
            break
        shared = face if which is None else face.index_select(0, which)
        skip = shared[:, :, first - height :]
        x = torch.cat([x, skip if height <= SKIPS_UP_TO else torch.zeros_like(skip)], dim=1)
    lower = x[:, :, -SIZE // 2 :]
    mixture = torch.randn(3, lower.shape[1], generator=torch.Generator().manual_seed(0))
    return torch.einsum("kc,bchw->bkhw", mixture.to(lower) / lower.shape[1] ** 0.5, lower)


def coarse_targets(targets: Tensor, references: Tensor) -> Tensor:
    """The same of (B, 3, 384, 384) faces, in [-1, 1]."""
    lower = (targets - references)[..., targets.shape[-2] // 2 :, :]
    return interpolate(lower, size=(SIZE // 2, SIZE), mode="area")
