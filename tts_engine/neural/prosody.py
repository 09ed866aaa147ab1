"""How long each phone lasts and how the pitch moves in each syllable."""

import math

from torch import Tensor, nn

from .encoder import PhoneBatch, PhoneEncoder

N_POINTS = 8
"""Points of a final's pitch contour, from its start to its end."""
_USUAL = math.log(15)  # frames of a phone, to begin with


class ProsodyModel(nn.Module):
    """Durations and pitch contours of phones, as the speaker has them in single words.

    Args:
        width: Channels.
        n_blocks: Phones it sees to either side.
    """

    def __init__(self, width: int = 128, n_blocks: int = 4) -> None:
        super().__init__()
        self.encoder = PhoneEncoder(width, n_blocks, dropout=0.1)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1 + N_POINTS)
        nn.init.constant_(self.out.bias[0], _USUAL)

    def forward(self, batch: PhoneBatch) -> tuple[Tensor, Tensor]:
        """Return durations and contours.

        Returns:
            The natural logarithm of each phone's duration in frames, shape (n, n_phones), and
            the pitch over it, semitones above the reference, shape (n, n_phones, N_POINTS);
            of use for finals only.
        """
        out: Tensor = self.out(self.norm(self.encoder(batch)))
        return out[..., 0], out[..., 1:] * 6  # so that contours are of the size of 1
