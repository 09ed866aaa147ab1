"""The few layers that every network of the family is made of.

The attribute names (``conv_block``) are those of the original repository, so
that its checkpoints fit without renaming.
"""

from typing import cast

from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

Pair = int | tuple[int, int]

EMBEDDING = 512  # channels of every embedding as published
MINIMUM_WIDTH = 32  # the narrowest cap: the shallow layers keep their published channels


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; the input is added before the ReLU where it fits.

    It fits where the map keeps its size and its channels. As in the original,
    1x1 convolutions (which only mix an embedding) go without.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: Pair = 1, padding: int = 0
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
        self, inputs: int, outputs: int, kernel: int, stride: Pair = 1, padding: int = 0
    ) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        nn.init.kaiming_normal_(convolution.weight, a=0.01)
        self.conv_block = nn.Sequential(convolution)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H', W')."""
        return leaky_relu(cast(Tensor, self.conv_block(x)), 0.01)


def same(channels: int, count: int) -> list[ConvBlock]:
    """``count`` 3x3 blocks that keep size and channels, each with its residual."""
    return [ConvBlock(channels, channels, 3, 1, 1) for _ in range(count)]


def audio_encoder(width: int, residuals_at_256: int) -> nn.Sequential:
    """The audio encoder of Wav2Lip: (B, 1, 80, 16) to (B, min(512, width), 1, 1), at least 0.

    ``width`` caps the channels. The generator has one residual block at 256
    channels, the expert two; that is their only difference.
    """
    c64, c128, c256, c512 = (min(width, channels) for channels in (64, 128, 256, EMBEDDING))
    return nn.Sequential(
        ConvBlock(1, 32, 3, 1, 1),  # (80, 16)
        *same(32, 2),
        ConvBlock(32, c64, 3, (3, 1), 1),  # (27, 16)
        *same(c64, 2),
        ConvBlock(c64, c128, 3, 3, 1),  # (9, 6)
        *same(c128, 2),
        ConvBlock(c128, c256, 3, (3, 2), 1),  # (3, 3)
        *same(c256, residuals_at_256),
        ConvBlock(c256, c512, 3),  # (1, 1)
        ConvBlock(c512, c512, 1),
    )


def check_width(width: int) -> None:
    """Refuse a cap that would change the shallow layers.

    Raises:
        ValueError: ``width`` is below 32.
    """
    if width < MINIMUM_WIDTH:
        raise ValueError(f"width is {width}; the networks need at least {MINIMUM_WIDTH} channels.")
