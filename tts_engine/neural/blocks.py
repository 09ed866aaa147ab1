"""The block all networks of the voice are made of (ConvNeXt, Liu et al. 2022), in one dimension."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """A look around, then a mixing of channels; the input is added.

    Args:
        width: Channels.
        reach: How many frames it looks to either side.
        expansion: Channels inside, as a multiple of ``width``.
    """

    def __init__(self, width: int, reach: int, expansion: int = 3) -> None:
        super().__init__()
        self.around = nn.Conv1d(width, width, 2 * reach + 1, padding=reach, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, expansion * width)
        self.narrow = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what is heard after this block.

        Args:
            x: Shape (n, time, width).
            mask: 1 where there is something, 0 behind the end, shape (n, time, 1); the
                blocks never see behind the end.
        """
        near = x if mask is None else x * mask
        near = self.around(near.transpose(1, 2)).transpose(1, 2)
        inner = nn.functional.gelu(self.widen(self.norm(near)), approximate="tanh")
        result: Tensor = x + self.scale * self.narrow(inner)
        return result
