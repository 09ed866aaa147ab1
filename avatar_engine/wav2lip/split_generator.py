"""The generator split for inference: the same pictures for a third of the work.

    face  ──▶ [ FaceFeatureEncoder ] ──▶ maps, once per frame of the loop, cached
                                           │
    sound ──────────────────────────▶ [ MouthDecoder ] ──▶ middle of the lower half, every frame

Four transformations, none of which changes a pixel that is used (but for rounding):

1. **Fold.** Batch norm is an affine map and goes into its convolution; a residual,
   ``conv(x) + x``, is the same convolution with 1 added in the middle of its kernel.
2. **Cache.** The face encoder does not depend on the audio: its maps of a loop's frame
   are computed once.
3. **Split.** A decoder block begins with a convolution over ``[x, skip]``, which is
   ``conv_x(x) + conv_skip(skip)``; the second part belongs to the face and is cached in
   place of the skip. That pays in the deep levels, where it is small. In the shallow
   ones it is larger than the skip itself, which is then cached as it is.
4. **Crop.** Only the middle of the lower half is seen (``blending``), and drawn. Going back
   from its edges through the kernels, every level needs some rows and columns; the others
   are never computed:

       level          3   6  12  24  48   96  192  384
       from row       0   1   4  10  22   46   94  190
       from column    0   0   0   2   6   14   30   62
       to column      3   6  12  23  43   83  162  321
"""

import copy
from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils import fuse_conv_bn_eval

from .blending import SIDE_MARGIN
from .model import ConvBlock, DeconvBlock, LipSyncGenerator, first_needed_rows, needed_columns

SPLIT_UP_TO = 24
"""Levels up to this height are split; measured best in ``docs/speed.md``."""


MapArea = tuple[slice, slice]
"""Rows and columns of a picture or map."""


class FaceFeatureEncoder(nn.Module):
    """What does not depend on the sound: faces to the maps that ``MouthDecoder`` is given."""

    def __init__(self, generator: LipSyncGenerator, split_up_to: int) -> None:
        super().__init__()
        self.split_up_to = split_up_to
        """Height of the largest level whose map comes already convolved."""
        self.encoder = nn.ModuleList(_folded(block) for block in generator.face_encoder_blocks)
        heights = generator.heights()
        self._needed = _needed_areas(generator)
        self.parts = nn.ModuleList()
        for height, (block, n_own) in zip(heights, _blocks(generator), strict=False):
            is_split = height <= split_up_to
            self.parts.append(
                _split_deconvolution(block, n_own, of_face=True) if is_split else nn.Identity()
            )
        self.parts.append(nn.Identity())  # the output block's skip

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        """(B, 6, size, size) faces, in [0, 1], to one map per level, the deepest first."""
        maps = []
        for block in self.encoder:
            faces = block(faces)
            maps.append(faces)
        levels = zip(reversed(maps), self.parts, self._needed, strict=True)
        return tuple(part(skip[..., rows, columns]) for skip, part, (rows, columns) in levels)


class MouthDecoder(nn.Module):
    """What depends on the sound: mel windows and a frame's maps to its mouth.

    One call draws any number of frames, each with its own maps.
    """

    def __init__(self, generator: LipSyncGenerator, split_up_to: int) -> None:
        super().__init__()
        self.audio = _folded(generator.audio_encoder)
        self.first = _folded(generator.face_decoder_blocks[0])
        heights, needed = generator.heights(), _needed_areas(generator)
        levels = zip(_blocks(generator), heights[:-1], pairwise(needed), strict=True)
        self.blocks = nn.ModuleList(
            _CroppedDecoderBlock(block, n_own if height <= split_up_to else None, *areas)
            for (block, n_own), height, areas in levels
        )
        self.output = _folded(generator.output_block)
        self._output_area = _relative_area(needed[-1], mouth_area(generator.size))

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        """Draw.

        Args:
            mels: (B, 1, 80, 16), in [-4, 4].
            maps: As ``FaceFeatureEncoder`` made them, batch first.

        Returns:
            (B, 3, h, w), in [0, 1], the part of the picture that ``mouth_area`` names.
        """
        x = self.first(self.audio(mels))
        for block, skip in zip(self.blocks, maps, strict=False):
            x = block(x, skip)
        drawn = self.output(torch.cat([x, maps[-1]], dim=1))
        return cast(Tensor, drawn[..., *self._output_area])


def mouth_area(size: int) -> MapArea:
    """Rows and columns of a (size, size) face that are generated: those ``blend_face`` uses."""
    margin = round(size * SIDE_MARGIN)
    return slice(size // 2, size), slice(margin, size - margin)


def split_generator(
    generator: LipSyncGenerator, *, split_up_to: int = SPLIT_UP_TO
) -> tuple[FaceFeatureEncoder, MouthDecoder]:
    """The two parts of a generator; both in evaluation mode, and without a tie to it.

    Args:
        generator: Trained; it is not changed.
        split_up_to: Height of the largest level whose first convolution is split; 0 for none.
    """
    generator = copy.deepcopy(generator).eval()
    with torch.no_grad():
        parts = FaceFeatureEncoder(generator, split_up_to), MouthDecoder(generator, split_up_to)
    for part in parts:
        part.eval().requires_grad_(False)
    return parts


def fold_batch_norm(generator: LipSyncGenerator) -> LipSyncGenerator:
    """A copy without norms and residuals: the first transformation alone."""
    generator = copy.deepcopy(generator).eval()
    with torch.no_grad():
        for name, part in list(generator.named_children()):
            if isinstance(part, nn.ModuleList):
                setattr(generator, name, nn.ModuleList(_folded(block) for block in part))
            else:
                setattr(generator, name, _folded(part))
    return generator.requires_grad_(False)


class _CroppedDecoderBlock(nn.Module):
    """One decoder block, where it is needed.

    Args:
        block: A deconvolution and convolutions of 3x3.
        n_own: Channels of the decoder's own, if the skip comes already convolved.
        given: The part of the whole input that it is given.
        needed: The part of the whole output that it makes.
    """

    def __init__(
        self, block: nn.Sequential, n_own: int | None, given: MapArea, needed: MapArea
    ) -> None:
        super().__init__()
        self._is_split = n_own is not None
        self.deconvolution = (
            _folded(block[0])
            if n_own is None
            else _split_deconvolution(block, n_own, of_face=False)
        )
        # At a cut every 3x3 kernel lacks its neighbours, which spoils a row or column.
        self.layers = nn.Sequential(*(_folded(layer) for layer in list(block)[1:]))
        scale = cast(nn.ConvTranspose2d, cast(DeconvBlock, block[0]).conv_block[0]).stride[0]
        rows, columns = (slice(scale * a.start, scale * a.stop) for a in given)
        self._valid_area = _relative_area((rows, columns), needed)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, h, w) and the map that belongs to it to (B, C', h', w')."""
        if self._is_split:
            x = relu(self.deconvolution(x) + skip)
        else:
            x = self.deconvolution(torch.cat([x, skip], dim=1))
        return cast(Tensor, self.layers(x)[..., *self._valid_area])


def _split_deconvolution(block: nn.Sequential, n_own: int, *, of_face: bool) -> nn.ConvTranspose2d:
    """Half of a block's folded deconvolution: over the channels of the decoder, or of the face."""
    whole = cast(nn.ConvTranspose2d, cast(nn.Sequential, _folded(block[0]))[0])
    half = copy.deepcopy(whole)
    half.weight = nn.Parameter(whole.weight[n_own:] if of_face else whole.weight[:n_own])
    half.in_channels = len(half.weight)
    if of_face:
        half.bias = None
    return half


def _folded(module: nn.Module) -> nn.Module:
    """The same in fewer steps: norms and residuals are part of the kernels."""
    if isinstance(module, DeconvBlock):
        convolution, norm = module.conv_block
        assert isinstance(convolution, nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d)
        return nn.Sequential(fuse_conv_bn_eval(convolution, norm, transpose=True), nn.ReLU())
    if isinstance(module, ConvBlock):
        convolution, norm = module.conv_block
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        fused = fuse_conv_bn_eval(convolution, norm)
        if module.residual:
            middle = fused.kernel_size[0] // 2
            diagonal = torch.arange(fused.out_channels)
            fused.weight[diagonal, diagonal, middle, middle] += 1
        return nn.Sequential(fused, nn.ReLU())
    if isinstance(module, nn.Sequential):
        return nn.Sequential(*(_folded(part) for part in module))
    return module


def _needed_areas(generator: LipSyncGenerator) -> list[MapArea]:
    """What is needed of each decoder map, the deepest first."""
    heights = generator.heights()
    columns = needed_columns(heights, mouth_area(generator.size)[1].start)
    rows = (slice(first, h) for first, h in zip(first_needed_rows(heights), heights, strict=True))
    return list(zip(rows, columns, strict=True))


def _relative_area(area: MapArea, part: MapArea) -> MapArea:
    """A part of the whole, counted from where ``area`` begins."""
    rows, columns = (
        slice(inner.start - outer.start, inner.stop - outer.start)
        for outer, inner in zip(area, part, strict=True)
    )
    return rows, columns


def _blocks(generator: LipSyncGenerator) -> Iterable[tuple[nn.Sequential, int]]:
    """The decoder blocks that are given a skip, and how many channels the block before makes."""
    blocks = [cast(nn.Sequential, block) for block in generator.face_decoder_blocks]
    for before, block in pairwise(blocks):
        convolution, _ = cast(ConvBlock, before[-1]).conv_block
        yield block, cast(nn.Conv2d, convolution).out_channels
