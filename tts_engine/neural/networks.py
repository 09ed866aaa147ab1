"""The prosody and the acoustic model, of one-dimensional ConvNeXt blocks (Liu et al. 2022)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .features import N_BANDS
from .phones import MANDARIN_SYMBOLS, SYMBOLS


class ConvNeXtBlock(nn.Module):
    """A depthwise convolution over time, two pointwise layers, and a residual connection.

    Args:
        width: Channels.
        reach: How many frames it looks to either side, when they are next to each other.
        dilation: From one frame that it looks at to the next.
        expansion: Channels inside, as a multiple of ``width``.
    """

    def __init__(self, width: int, reach: int, dilation: int = 1, expansion: int = 3) -> None:
        super().__init__()
        self.around = nn.Conv1d(
            width, width, 2 * reach + 1, padding=reach * dilation, dilation=dilation, groups=width
        )
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, expansion * width)
        self.narrow = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the block's output, shape (n, time, width).

        Args:
            x: Shape (n, time, width).
            mask: 1 for content, 0 for padding, shape (n, time, 1); padding has no influence.
        """
        near = x if mask is None else x * mask
        near = self.around(near.transpose(1, 2)).transpose(1, 2)
        inner = nn.functional.gelu(self.widen(self.norm(near)), approximate="tanh")
        result: Tensor = x + self.scale * self.narrow(inner)
        return result


N_TONES = 9
"""Of voices made of sentences: none, five tones, three kinds of stress."""
_N_MANDARIN_TONES = 6


class PhoneBatch(NamedTuple):
    """The phones of some phrases, padded with pauses to one length."""

    numbers: Tensor
    """Places in ``SYMBOLS``, shape (n, n_phones), int64."""
    tones: Tensor
    """Tone or stress, 0 to 8, shape (n, n_phones), int64."""
    places: Tensor
    """How much the phone's syllable begins and ends a phrase (in voices made of sentences, a word
    or clause), 0 to 1 each: shape (n, n_phones, 2). A recorded word is a phrase."""
    mask: Tensor
    """1 where there is a phone, shape (n, n_phones, 1)."""


class PhoneEncoder(nn.Module):
    """Embeds phones, each with its neighbours.

    Args:
        width: Channels.
        n_blocks: Phones it sees to either side.
        dropout: Share of channels left out in training.
        english: Whether it knows English phones too.
    """

    def __init__(self, width: int, n_blocks: int, dropout: float, *, english: bool = False) -> None:
        super().__init__()
        self.phone = nn.Embedding(len(SYMBOLS if english else MANDARIN_SYMBOLS), width)
        self.tone = nn.Embedding(N_TONES if english else _N_MANDARIN_TONES, width)
        self.place = nn.Linear(2, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, 1) for _ in range(n_blocks))

    def forward(self, batch: PhoneBatch) -> Tensor:
        """Return an embedding of each phone, shape (n, n_phones, width)."""
        x = self.phone(batch.numbers) + self.tone(batch.tones) + self.place(batch.places)
        for block in self.blocks:
            x = block(self.dropout(x), batch.mask)
        return torch.as_tensor(x)


N_PITCH_POINTS = 8
"""Points of a final's pitch contour, from its start to its end."""
_INITIAL_LOG_DURATION = math.log(15)  # frames of a phone, before training


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
        self.out = nn.Linear(width, 1 + N_PITCH_POINTS)
        nn.init.constant_(self.out.bias[0], _INITIAL_LOG_DURATION)

    def forward(self, batch: PhoneBatch) -> tuple[Tensor, Tensor]:
        """Return durations and contours.

        Returns:
            The natural logarithm of each phone's duration in frames, shape (n, n_phones), and
            the pitch over it, semitones above the reference, shape (n, n_phones, N_PITCH_POINTS);
            of use for finals only.
        """
        out: Tensor = self.out(self.norm(self.encoder(batch)))
        return out[..., 0], out[..., 1:] * 6  # so that contours are of the size of 1


_REACH = 3
_N_FACTS = 6


class AcousticModel(nn.Module):
    """Envelope and voicing of frames; looks at no frame further away than ``reach``.

    Args:
        width: Channels.
        n_phone_blocks: Phones it sees to either side.
        n_frame_blocks: Blocks that look at frames.
        english: Whether it knows English phones too.
    """

    def __init__(
        self,
        width: int = 224,
        n_phone_blocks: int = 3,
        n_frame_blocks: int = 6,
        *,
        english: bool = False,
    ) -> None:
        super().__init__()
        self.reach = _REACH * n_frame_blocks
        self.encoder = PhoneEncoder(width, n_phone_blocks, dropout=0.05, english=english)
        self.facts = nn.Linear(_N_FACTS, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, _REACH) for _ in range(n_frame_blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, N_BANDS + 1)
        self.register_buffer("mean", torch.zeros(N_BANDS))
        self.register_buffer("deviation", torch.ones(N_BANDS))

    mean: Tensor
    deviation: Tensor

    def frames(self, phones: PhoneBatch, index: Tensor, facts: Tensor) -> Tensor:
        """Return what each frame starts from, shape (n, n_frames, width).

        Args:
            phones: The phones.
            index: Which phone each frame belongs to, shape (n, n_frames), int64.
            facts: What :func:`frame_facts` says, shape (n, n_frames, 6).
        """
        encoded = self.encoder(phones)
        spread = encoded.gather(1, index[..., None].expand(-1, -1, encoded.shape[-1]))
        return torch.as_tensor(spread + self.facts(facts))

    def decode(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return envelope and voicing of frames from :meth:`frames`.

        The envelope is in deviations from its mean, (n, n_frames, N_BANDS); voicing is a logit,
        (n, n_frames).
        """
        for block in self.blocks:
            x = block(x, mask)
        out: Tensor = self.out(self.norm(x))
        return out[..., :N_BANDS], out[..., N_BANDS]

    def envelope(self, deviations: Tensor) -> Tensor:
        """Return the envelope as in :class:`~.features.AcousticFeatures`."""
        return deviations * self.deviation + self.mean


def frame_index(durations: Tensor) -> Tensor:
    """Return which phone each frame belongs to, shape (n_frames,).

    Args:
        durations: Frames of each phone, shape (n_phones,), int64.
    """
    return torch.repeat_interleave(torch.arange(len(durations)), durations)


def frame_facts(durations: Tensor, semitones: Tensor) -> Tensor:
    """Return where in its phone each frame lies, and its pitch: shape (n_frames, 6).

    Args:
        durations: Frames of each phone, shape (n_phones,), int64.
        semitones: Pitch of each frame, shape (n_frames,).
    """
    index = frame_index(durations)
    starts = durations.cumsum(0) - durations
    since = torch.arange(len(index)) - starts[index] + 0.5
    length = durations[index]
    slope = torch.diff(semitones, prepend=semitones[:1])
    facts = [
        since / length,
        torch.log1p(since) / 3,
        torch.log1p(length - since) / 3,
        torch.log(length.float()) / 3,
        semitones / 6,
        slope.clamp(-2, 2),
    ]
    return torch.stack(facts, -1).float()
