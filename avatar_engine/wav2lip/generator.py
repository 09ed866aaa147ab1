"""The generator: a face and a sound become the same face saying that sound.

Two stacks of convolutions meet in the middle as a U-Net: the face encoder goes
down to 1x1, the audio embedding goes up through the decoder, and every decoder
block is given the map of the same size that the face encoder made.
"""

from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from .blocks import EMBEDDING, ConvBlock, DeconvBlock, audio_encoder, check_width, same


class Generator(nn.Module):
    """What the generators of 96 and 384 pixels share: the names of their parts, and the flow.

    A face is the half that the network must draw set to zero, and a whole
    reference face: channels 0 to 2 are the masked face, 3 to 5 the reference,
    in ``channel_order``, values in [0, 1].
    """

    size: ClassVar[int]
    """Height and width of a face, pixels."""
    channel_order: ClassVar[str]
    """"RGB" or "BGR", of input and output alike."""

    face_encoder_blocks: nn.ModuleList
    audio_encoder: nn.Sequential
    face_decoder_blocks: nn.ModuleList
    output_block: nn.Sequential

    def encode_face(self, faces: Tensor) -> list[Tensor]:
        """The maps of (B, 6, size, size) faces, one per encoder block, the largest first.

        They do not depend on the sound, so a presenter's can be computed once.
        """
        maps = []
        for block in self.face_encoder_blocks:
            faces = block(faces)
            maps.append(faces)
        return maps

    def encode_audio(self, mels: Tensor) -> Tensor:
        """(B, 1, 80, 16) mel windows, in [-4, 4], to embeddings (B, C, 1, 1)."""
        return cast(Tensor, self.audio_encoder(mels))

    def decode(self, embedding: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """Faces (B, 3, size, size), in [0, 1], from what the two encoders made."""
        x = embedding
        for block, face in zip(self.face_decoder_blocks, reversed(maps), strict=True):
            x = torch.cat([block(x), face], dim=1)
        return cast(Tensor, self.output_block(x))

    def decode_lower_half(self, embedding: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """The lower halves, (B, 3, size / 2, size), of the same faces for half the work."""
        x = embedding
        heights = self.heights()
        levels = zip(
            self.face_decoder_blocks, reversed(maps), heights, first_rows(heights), strict=True
        )
        for block, face, height, first in levels:
            rows = height - first
            x = torch.cat([block(x)[:, :, -rows:], face[:, :, -rows:]], dim=1)
        return cast(Tensor, self.output_block(x)[:, :, -(self.size // 2) :])

    def forward(
        self,
        mels: Tensor,
        faces: Tensor,
        which: Tensor | None = None,
        *,
        lower_half: bool = False,
    ) -> Tensor:
        """Draw every face saying its sound; the argument order is the original's.

        Several frames of several clips are flattened into one batch first. In
        training the batch is at least 2, for the batch norm of the 1x1 maps.

        Args:
            mels: (B, 1, 80, 16), in [-4, 4].
            faces: (B, 6, size, size), in [0, 1].
            which: (B,) The number of each sound's face, if several are said by one: a face
                is encoded once, which is half of the work.
            lower_half: Draw that alone.

        Returns:
            (B, 3, size, size), in [0, 1]; or (B, 3, size / 2, size).
        """
        maps = self.encode_face(faces)
        if which is not None:
            maps = [face.index_select(0, which) for face in maps]
        decode = self.decode_lower_half if lower_half else self.decode
        return decode(self.encode_audio(mels), maps)

    def heights(self) -> list[int]:
        """Of the decoder's maps, the deepest first: 1, 3, 6, ... up to the whole picture."""
        n = len(self.face_decoder_blocks)
        return [1, *(self.size >> level for level in reversed(range(n - 1)))]


def first_rows(heights: Sequence[int]) -> list[int]:
    """The first row of each decoder map that the lower half of the picture depends on.

    Cut there, a map's kernels lack the row above, which spoils one row for each of the two
    3x3 kernels a level; those are never used.
    """
    firsts = [heights[-1] // 2 - 2]  # the output block spoils one row; deconvolutions begin even
    for _ in heights[1:]:
        firsts.insert(0, max(0, (firsts[0] - 2) // 2))
    return firsts


def middle_columns(heights: Sequence[int], margin: int) -> list[slice]:
    """The columns of each decoder map that the picture's depend on, but ``margin`` at each side.

    As with ``first_rows``; on the right a deconvolution spoils one column more.
    """
    size = heights[-1]
    lefts, rights = [max(0, margin - 2)], [min(size, size - margin + 1)]
    for height in reversed(heights[:-1]):
        lefts.insert(0, max(0, (lefts[0] - 2) // 2))
        rights.insert(0, min(height, (rights[0] + 4) // 2))
    return [slice(left, right) for left, right in zip(lefts, rights, strict=True)]


class Wav2Lip384(Generator):
    """The 384x384 generator of the paper's Appendices 2 and 3, RGB.

    Audio encoder, batch norm, residuals and output block (16 to 32 to 3
    channels), which the appendices do not give, are those of Wav2Lip.

    Args:
        width: The most channels that any layer has. The paper's is 512; at 192
            the network keeps a quarter of its parameters and nearly all of its
            speed, because the time goes into the large maps.
    """

    size = 384
    channel_order = "RGB"

    def __init__(self, width: int = 512) -> None:
        super().__init__()
        check_width(width)
        self.width = width
        c64, c128, c256, c512 = (min(width, channels) for channels in (64, 128, 256, EMBEDDING))

        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(6, 8, 7, 1, 3)),  # 384
                _down(8, 16, 2),  # 192
                _down(16, 32, 2),  # 96
                _down(32, c64, 2),  # 48
                _down(c64, c128, 2),  # 24
                _down(c128, c256, 2),  # 12
                _down(c256, c512, 2),  # 6
                _down(c512, c512, 1),  # 3
                # The printed 3x3 kernel of the last layer does not fit its 1x1 map.
                nn.Sequential(ConvBlock(c512, c512, 3, 2), ConvBlock(c512, c512, 1)),  # 1
            ]
        )
        self.audio_encoder = audio_encoder(width, residuals_at_256=1)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(c512, c512, 1)),  # 1
                nn.Sequential(DeconvBlock(2 * c512, c512, 1, 0, 0), *same(c512, 1)),  # 3
                _up(2 * c512, c512),  # 6
                _up(2 * c512, c256),  # 12
                _up(2 * c256, c128),  # 24
                _up(2 * c128, c64),  # 48
                _up(2 * c64, 32),  # 96
                _up(2 * 32, 16),  # 192
                _up(2 * 16, 8),  # 384
            ]
        )
        self.output_block = output_block(2 * 8)


def output_block(inputs: int) -> nn.Sequential:
    """The last layers of every generator: (B, inputs, H, W) to (B, 3, H, W), in [0, 1]."""
    return nn.Sequential(ConvBlock(inputs, 32, 3, 1, 1), nn.Conv2d(32, 3, 1), nn.Sigmoid())


def _down(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    """An encoder block that halves the map."""
    return nn.Sequential(ConvBlock(inputs, outputs, 3, 2, 1), *same(outputs, residuals))


def _up(inputs: int, outputs: int) -> nn.Sequential:
    """A decoder block that doubles the map."""
    return nn.Sequential(DeconvBlock(inputs, outputs), *same(outputs, 2))
