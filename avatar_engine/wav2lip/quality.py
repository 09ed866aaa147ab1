"""The visual quality discriminator of Wav2Lip + GAN: is this mouth a photograph?"""

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from .blocks import LeakyConvBlock, Pair

_SIZES = (96, 384)


class QualityDiscriminator(nn.Module):
    """Judges the lower half of a face, without looking at the sound.

    At 96 pixels these are the layers of the original (arXiv:2008.10010, section
    3.4), so ``visual_quality_disc.pth`` fits. The 384 pixel paper gives none:
    two more halvings are put in front, with few channels, as it did elsewhere.

    Args:
        size: Height and width of a whole face, pixels: 96 or 384.
    """

    def __init__(self, size: int = 384) -> None:
        super().__init__()
        if size not in _SIZES:
            raise ValueError(f"size is {size}; the quality discriminator is made for 96 or 384.")
        self.size = size
        squeeze: tuple[int, Pair] = (5, (1, 2))  # makes the lower half square
        halve: tuple[int, Pair] = (5, 2)
        front: list[tuple[int, tuple[int, Pair]]]
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
