"""The layers of the family's networks, and the 384x384 generator.

The attribute names (``conv_block``) are those of the original repository, so
that its checkpoints fit without renaming.
"""

from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

IntPair = int | tuple[int, int]

EMBEDDING_CHANNELS = 512  # channels of every embedding as published
MIN_WIDTH = 32  # the narrowest cap: the shallow layers keep their published channels


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; the input is added before the ReLU where it fits.

    It fits where the map keeps its size and its channels. As in the original,
    1x1 convolutions (which only mix an embedding) go without.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: IntPair = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs)
        )
        keeps_size = stride == 1 and kernel > 1 and kernel == 2 * padding + 1
        self.residual = keeps_size and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H', W'), at least 0."""
        out = cast(Tensor, self.conv_block(x))
        return relu(out + x if self.residual else out)


class DeconvBlock(nn.Module):
    """Transposed convolution, batch norm, ReLU: a map of twice the size, or 1x1 to 3x3."""

    def __init__(
        self, inputs: int, outputs: int, stride: int = 2, padding: int = 1, extra: int = 1
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ConvTranspose2d(inputs, outputs, 3, stride, padding, extra),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, 2 H, 2 W), at least 0."""
        return relu(cast(Tensor, self.conv_block(x)))


class LeakyConvBlock(nn.Module):
    """Convolution and leaky ReLU, no norm: what the quality discriminator is made of.

    Without norms the first weights must keep the signal's size by themselves (He et
    al., arXiv:1502.01852); with torch's own, nothing of a 384 pixel face is left at 1x1.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: IntPair = 1, padding: int = 0
    ) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        if not convolution.weight.is_meta:  # there, torch would import its compiler, for seconds
            nn.init.kaiming_normal_(convolution.weight, a=0.01)
        self.conv_block = nn.Sequential(convolution)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H', W')."""
        return leaky_relu(cast(Tensor, self.conv_block(x)), 0.01)


def residual_blocks(channels: int, count: int) -> list[ConvBlock]:
    """``count`` 3x3 blocks that keep size and channels, each with its residual."""
    return [ConvBlock(channels, channels, 3, 1, 1) for _ in range(count)]


def audio_encoder(width: int, residuals_at_256: int) -> nn.Sequential:
    """The audio encoder of Wav2Lip: (B, 1, 80, 16) to (B, min(512, width), 1, 1), at least 0.

    ``width`` caps the channels. The generator has one residual block at 256
    channels, the expert two; that is their only difference.
    """
    c64, c128, c256, c512 = (
        min(width, channels) for channels in (64, 128, 256, EMBEDDING_CHANNELS)
    )
    return nn.Sequential(
        ConvBlock(1, 32, 3, 1, 1),  # (80, 16)
        *residual_blocks(32, 2),
        ConvBlock(32, c64, 3, (3, 1), 1),  # (27, 16)
        *residual_blocks(c64, 2),
        ConvBlock(c64, c128, 3, 3, 1),  # (9, 6)
        *residual_blocks(c128, 2),
        ConvBlock(c128, c256, 3, (3, 2), 1),  # (3, 3)
        *residual_blocks(c256, residuals_at_256),
        ConvBlock(c256, c512, 3),  # (1, 1)
        ConvBlock(c512, c512, 1),
    )


def check_width(width: int) -> None:
    """Refuse a cap that would change the shallow layers.

    Raises:
        ValueError: ``width`` is below 32.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"width is {width}; the networks need at least {MIN_WIDTH} channels.")


class LipSyncGenerator(nn.Module):
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
            self.face_decoder_blocks,
            reversed(maps),
            heights,
            first_needed_rows(heights),
            strict=True,
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
        """Generate every face lip-synced to its mel window; the argument order is the original's.

        Several frames of several clips are flattened into one batch first. In
        training the batch is at least 2, for the batch norm of the 1x1 maps.

        Args:
            mels: (B, 1, 80, 16), in [-4, 4].
            faces: (B, 6, size, size), in [0, 1].
            which: (B,) The index of each window's face, if several windows share one: a face is
                then encoded once, which saves half of the work.
            lower_half: Generate that alone.

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


def first_needed_rows(heights: Sequence[int]) -> list[int]:
    """The first row of each decoder map that the lower half of the picture depends on.

    Cut there, a map's kernels lack the row above, which spoils one row for each of the two
    3x3 kernels a level; those are never used.
    """
    firsts = [heights[-1] // 2 - 2]  # the output block spoils one row; deconvolutions begin even
    for _ in heights[1:]:
        firsts.insert(0, max(0, (firsts[0] - 2) // 2))
    return firsts


def needed_columns(heights: Sequence[int], margin: int) -> list[slice]:
    """The columns of each decoder map that the picture's depend on, but ``margin`` at each side.

    As with ``first_needed_rows``; on the right a deconvolution spoils one column more.
    """
    size = heights[-1]
    lefts, rights = [max(0, margin - 2)], [min(size, size - margin + 1)]
    for height in reversed(heights[:-1]):
        lefts.insert(0, max(0, (lefts[0] - 2) // 2))
        rights.insert(0, min(height, (rights[0] + 4) // 2))
    return [slice(left, right) for left, right in zip(lefts, rights, strict=True)]


class Wav2Lip384(LipSyncGenerator):
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
        c64, c128, c256, c512 = (
            min(width, channels) for channels in (64, 128, 256, EMBEDDING_CHANNELS)
        )

        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(6, 8, 7, 1, 3)),  # 384
                _encoder_block(8, 16, 2),  # 192
                _encoder_block(16, 32, 2),  # 96
                _encoder_block(32, c64, 2),  # 48
                _encoder_block(c64, c128, 2),  # 24
                _encoder_block(c128, c256, 2),  # 12
                _encoder_block(c256, c512, 2),  # 6
                _encoder_block(c512, c512, 1),  # 3
                # The printed 3x3 kernel of the last layer does not fit its 1x1 map.
                nn.Sequential(ConvBlock(c512, c512, 3, 2), ConvBlock(c512, c512, 1)),  # 1
            ]
        )
        self.audio_encoder = audio_encoder(width, residuals_at_256=1)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(c512, c512, 1)),  # 1
                nn.Sequential(DeconvBlock(2 * c512, c512, 1, 0, 0), *residual_blocks(c512, 1)),  # 3
                _decoder_block(2 * c512, c512),  # 6
                _decoder_block(2 * c512, c256),  # 12
                _decoder_block(2 * c256, c128),  # 24
                _decoder_block(2 * c128, c64),  # 48
                _decoder_block(2 * c64, 32),  # 96
                _decoder_block(2 * 32, 16),  # 192
                _decoder_block(2 * 16, 8),  # 384
            ]
        )
        self.output_block = output_block(2 * 8)


def output_block(inputs: int) -> nn.Sequential:
    """The last layers of every generator: (B, inputs, H, W) to (B, 3, H, W), in [0, 1]."""
    return nn.Sequential(ConvBlock(inputs, 32, 3, 1, 1), nn.Conv2d(32, 3, 1), nn.Sigmoid())


def _encoder_block(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    """An encoder block that halves the map."""
    return nn.Sequential(ConvBlock(inputs, outputs, 3, 2, 1), *residual_blocks(outputs, residuals))


def _decoder_block(inputs: int, outputs: int) -> nn.Sequential:
    """A decoder block that doubles the map."""
    return nn.Sequential(DeconvBlock(inputs, outputs), *residual_blocks(outputs, 2))
