"""Phones in their surroundings, as the prosody and the acoustic model both read them."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .blocks import Block
from .phones import SYMBOLS

N_TONES = 6


class PhoneBatch(NamedTuple):
    """The phones of some phrases, padded with pauses to one length."""

    numbers: Tensor
    """Places in ``SYMBOLS``, shape (n, n_phones), int64."""
    tones: Tensor
    """0 to 5, shape (n, n_phones), int64."""
    places: Tensor
    """How much the phone's syllable begins and ends a phrase, 0 to 1 each: shape
    (n, n_phones, 2). A recorded word is a phrase."""
    mask: Tensor
    """1 where there is a phone, shape (n, n_phones, 1)."""


class PhoneEncoder(nn.Module):
    """Looks at each phone and a few beside it.

    Args:
        width: Channels.
        n_blocks: Phones it sees to either side.
        dropout: Share of channels left out in training.
    """

    def __init__(self, width: int, n_blocks: int, dropout: float) -> None:
        super().__init__()
        self.phone = nn.Embedding(len(SYMBOLS), width)
        self.tone = nn.Embedding(N_TONES, width)
        self.place = nn.Linear(2, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, 1) for _ in range(n_blocks))

    def forward(self, batch: PhoneBatch) -> Tensor:
        """Return what is known of each phone, shape (n, n_phones, width)."""
        x = self.phone(batch.numbers) + self.tone(batch.tones) + self.place(batch.places)
        for block in self.blocks:
            x = block(self.dropout(x), batch.mask)
        return torch.as_tensor(x)
