"""The network between what is stored and what is shown: 16-bit maps in, bytes out."""

from typing import cast

import torch
from torch import Tensor, nn

from .base import Maps


class Pixels(nn.Module):
    """``Speaking`` as every backend runs it, so that none converts numbers in a way of its own.

    Args:
        speaking: ``split.Speaking``, or what takes and gives the same; its precision, 32 or 16
            bits, is what is computed in.
    """

    def __init__(self, speaking: nn.Module) -> None:
        super().__init__()
        self.speaking = speaking

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        """(B, 1, 80, 16) of 32 bits and maps of 16 to (B, h, w, 3) bytes, RGB."""
        computed_in = next(self.speaking.parameters()).dtype
        drawn = self.speaking(mels.to(computed_in), *(level.to(computed_in) for level in maps))
        levels = (drawn.float() * 255).round().to(torch.uint8)
        return cast(Tensor, levels.permute(0, 2, 3, 1).contiguous())


def example(maps: Maps, n: int) -> tuple[Tensor, ...]:
    """Arguments of ``Pixels`` for n frames, all zero; ``maps`` are of any frame."""
    levels = (torch.zeros(n, *level.shape[1:], dtype=torch.half) for level in maps)
    return torch.zeros(n, 1, 80, 16), *levels
