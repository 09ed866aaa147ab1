"""The discriminators: the lip-sync expert (SyncNet), and the visual quality discriminator.

The expert is SyncNet (Chung and Zisserman, "Out of Time", 2016) as Wav2Lip trains it:
colour, residuals, and cosine similarity with cross-entropy.
"""

from itertools import pairwise
from typing import ClassVar, cast

from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from .model import (
    EMBEDDING_CHANNELS,
    ConvBlock,
    IntPair,
    LeakyConvBlock,
    audio_encoder,
    check_width,
    residual_blocks,
)

EXPERT_WINDOWS = (1, 3, 5)  # frames that an expert may look at together


class SyncExpert(nn.Module):
    """What the experts of 96 and 384 pixels share: the names of their parts, and the flow."""

    size: ClassVar[int]
    """Height and width of a whole face, pixels; the expert sees its lower half."""
    channel_order: ClassVar[str]
    """"RGB" or "BGR"."""

    n_frames: int
    """Consecutive frames that are judged together."""
    face_encoder: nn.Sequential
    audio_encoder: nn.Sequential

    def forward(self, mels: Tensor, mouths: Tensor) -> tuple[Tensor, Tensor]:
        """Embed sounds and lips; the argument order is the original's.

        Args:
            mels: (B, 1, 80, 16), in [-4, 4], beginning with the first frame.
            mouths: (B, 3 n_frames, size / 2, size), in [0, 1], stacked by
                ``stack_lower_halves()``.

        Returns:
            Audio and face embeddings, both (B, C), of length 1 and nowhere
            negative, so that their cosine is in [0, 1].

        Raises:
            ValueError: The pictures are not lower halves of faces of this size.
        """
        height, width = mouths.shape[-2:]
        if (height, width) != (self.size // 2, self.size):
            raise ValueError(
                f"The expert looks at the lower half of a {self.size}x{self.size} face, "
                f"{self.size // 2} rows of {self.size} pixels; it was given {height} of {width}."
            )
        audio = cast(Tensor, self.audio_encoder(mels))
        face = cast(Tensor, self.face_encoder(mouths))
        return normalize(audio.flatten(1)), normalize(face.flatten(1))


class SyncExpert384(SyncExpert):
    """The 384x384 discriminator of the paper's Appendix 1, RGB.

    The paper's text speaks of six layers more than Wav2Lip's; its table, which
    this follows, has five.

    Args:
        width: The most channels that any layer has; the paper's is 512.
        n_frames: 1, 3 or 5 (the paper's). The mel window stays 16 columns.
    """

    size = 384
    channel_order = "RGB"

    def __init__(self, width: int = 512, n_frames: int = 5) -> None:
        super().__init__()
        check_width(width)
        if n_frames not in EXPERT_WINDOWS:
            raise ValueError(f"n_frames is {n_frames}; an expert looks at 1, 3 or 5 frames.")
        self.width = width
        self.n_frames = n_frames
        c64, c128, c256, c512 = (
            min(width, channels) for channels in (64, 128, 256, EMBEDDING_CHANNELS)
        )

        self.face_encoder = nn.Sequential(
            ConvBlock(3 * n_frames, 16, 7, 1, 3),  # 192 x 384
            ConvBlock(16, 32, 5, (1, 2), 1),  # 190 x 191
            *residual_blocks(32, 2),
            ConvBlock(32, c64, 3, 2, 1),  # 95 x 96
            *residual_blocks(c64, 2),
            ConvBlock(c64, c128, 3, 2, 1),  # 48 x 48
            *residual_blocks(c128, 2),
            ConvBlock(c128, c256, 3, 2, 1),  # 24 x 24
            *residual_blocks(c256, 2),
            ConvBlock(c256, c256, 3, 2, 1),  # 12 x 12
            *residual_blocks(c256, 2),
            ConvBlock(c256, c512, 3, 2, 1),  # 6 x 6
            *residual_blocks(c512, 2),
            ConvBlock(c512, c512, 3, 2, 1),  # 3 x 3
            ConvBlock(c512, c512, 3),  # 1 x 1
            ConvBlock(c512, c512, 1),
        )
        self.audio_encoder = audio_encoder(width, residuals_at_256=2)


def stack_lower_halves(frames: Tensor) -> Tensor:
    """Lower halves of consecutive frames, stacked as an expert reads them.

    (B, T, 3, H, W) to (B, 3 T, H / 2, W): the three colours of the first frame,
    then those of the second, and so on.
    """
    return frames[..., frames.shape[-2] // 2 :, :].flatten(1, 2)


def sync_probability(audio: Tensor, face: Tensor) -> Tensor:
    """Equation 1 of Wav2Lip: how probably (B, C) sounds and lips match, (B,), in [0, 1].

    The cosine of two embeddings that are nowhere negative is no less than 0;
    the clamp is for rounding.
    """
    return cosine_similarity(audio.float(), face.float(), eps=1e-8).clamp(0, 1)


def sync_loss(probability: Tensor, in_sync: Tensor | float) -> Tensor:
    """Binary cross-entropy of (B,) probabilities, a scalar.

    With ``in_sync`` 1 this is equation 2 of Wav2Lip, the generator's loss; the
    expert's own training has 1 for pairs that belong together and 0 for others.
    Probabilities are kept 1e-6 from 0 and 1: one pair that is wholly wrong must
    not throw away a whole step.
    """
    p = probability.float().clamp(1e-6, 1 - 1e-6)
    return -(in_sync * p.log() + (1 - in_sync) * (1 - p).log()).mean()


_FACE_SIZES = (96, 384)


class QualityDiscriminator(nn.Module):
    """How real the lower half of a face looks, whatever the audio.

    At 96 pixels these are the layers of the original (arXiv:2008.10010, section
    3.4), so ``visual_quality_disc.pth`` fits. The 384 pixel paper gives none:
    two more halvings are put in front, with few channels, as it did elsewhere.

    Args:
        size: Height and width of a whole face, pixels: 96 or 384.
    """

    def __init__(self, size: int = 384) -> None:
        super().__init__()
        if size not in _FACE_SIZES:
            raise ValueError(f"size is {size}; the quality discriminator is made for 96 or 384.")
        self.size = size
        squeeze: tuple[int, IntPair] = (5, (1, 2))  # makes the lower half square
        halve: tuple[int, IntPair] = (5, 2)
        front: list[tuple[int, tuple[int, IntPair]]]
        if size == 96:
            front = [(32, (7, 1)), (64, squeeze)]  # 48 x 96, 48 x 48
        else:
            front = [(16, (7, 1)), (32, squeeze), (32, halve), (64, halve)]  # 192 ... 48
        stages = [*front, (128, halve), (256, halve), (512, (3, 2)), (512, (3, 2))]  # 24 ... 3

        first, (kernel, stride) = stages[0]
        blocks = [nn.Sequential(LeakyConvBlock(3, first, kernel, stride, kernel // 2))]
        for (inputs, _), (outputs, (kernel, stride)) in pairwise(stages):
            blocks.append(
                nn.Sequential(
                    LeakyConvBlock(inputs, outputs, kernel, stride, kernel // 2),
                    LeakyConvBlock(outputs, outputs, kernel, 1, kernel // 2),
                )
            )
        blocks.append(nn.Sequential(LeakyConvBlock(512, 512, 3), LeakyConvBlock(512, 512, 1)))
        self.face_encoder_blocks = nn.ModuleList(blocks)
        self.binary_pred = nn.Sequential(nn.Conv2d(512, 1, 1), nn.Sigmoid())

    def forward(self, faces: Tensor) -> Tensor:
        """How probably each (B, 3, size, size) face, in [0, 1], is real: (B,), in [0, 1]."""
        x = faces[..., self.size // 2 :, :]
        for block in self.face_encoder_blocks:
            x = block(x)
        return cast(Tensor, self.binary_pred(x)).flatten()
