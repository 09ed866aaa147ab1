"""Prosody of whole sentences, learnt from sentences: durations, pauses and a pitch curve.

Nothing here rules how a sentence falls, where it breathes or how a question ends: the model has
heard it. Styles only scale what it says.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..torch_inference import single_thread_inference
from .networks import N_PITCH_POINTS, N_TONES, ConvNeXtBlock
from .phones import PAUSE, SYMBOLS
from .prosody_plan import ProsodyPlan
from .sentence_phones import N_BREAKS, N_POSITIONS, SentencePhones

_DILATIONS = (1, 2, 4, 8, 16, 1)
_REACH = 2  # with the dilations it sees 64 phones to either side
_LEAST_FRAMES = 2  # of a sound, however fast
_LEAST_PAUSE = 3  # frames; a shorter one is none
_LEAD_IN, _LEAD_OUT = 4, 8  # frames of pause at the ends


class SentenceBatch(NamedTuple):
    """The phones of some sentences, padded with pauses to one length."""

    numbers: Tensor
    """Places in ``SYMBOLS``, shape (n, n_phones), int64."""
    tones: Tensor
    """Tone or stress, shape (n, n_phones), int64."""
    breaks: Tensor
    """Kinds of break, shape (n, n_phones), int64."""
    edges: Tensor
    """Shape (n, n_phones, 2)."""
    positions: Tensor
    """Shape (n, n_phones, N_POSITIONS)."""
    ending: Tensor
    """The kind of the sentence's last break, shape (n,), int64."""
    mask: Tensor
    """1 where there is a phone, shape (n, n_phones, 1)."""


class SentenceProsodyModel(nn.Module):
    """Durations and pitch contours of the phones of a sentence.

    Args:
        width: Channels.
    """

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.phone = nn.Embedding(len(SYMBOLS), width)
        self.tone = nn.Embedding(N_TONES, width)
        self.kind = nn.Embedding(N_BREAKS, width)
        self.ending = nn.Embedding(N_BREAKS, width)
        self.place = nn.Linear(2 + N_POSITIONS, width)
        self.dropout = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, _REACH, d) for d in _DILATIONS)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1 + N_PITCH_POINTS)

    def forward(self, batch: SentenceBatch) -> tuple[Tensor, Tensor]:
        """Return durations and contours.

        Returns:
            The natural logarithm of one frame more than each phone lasts, shape (n, n_phones), and
            the pitch over it, semitones above the reference, shape (n, n_phones, N_PITCH_POINTS);
            of use for finals and vowels only.
        """
        x = self.phone(batch.numbers) + self.tone(batch.tones) + self.kind(batch.breaks)
        x = x + self.ending(batch.ending)[:, None]
        x = x + self.place(torch.cat([batch.edges, batch.positions], -1))
        for block in self.blocks:
            x = block(self.dropout(x), batch.mask)
        out: Tensor = self.out(self.norm(x))
        return out[..., 0] + 2, out[..., 1:] * 6  # so that both are of the size of 1


@dataclass(frozen=True, slots=True)
class SpeakingStyle:
    """How something is said, as multiples of what the model says."""

    pitch_range: float = 1.0
    rate: float = 1.0
    pauses: float = 1.0
    pitch: float = 0.0
    """Semitones."""


STYLES = {
    "calm": SpeakingStyle(),
    "warm": SpeakingStyle(pitch_range=1.2, rate=1.03, pitch=0.7),
    "careful": SpeakingStyle(pitch_range=0.85, rate=0.9, pauses=1.3, pitch=-0.4),
}


def sentence_batch(sentences: list[SentencePhones]) -> SentenceBatch:
    """Return sentences as one batch."""
    n, longest = len(sentences), max(len(sentence.phones) for sentence in sentences)
    whole = torch.zeros(3, n, longest, dtype=torch.int64)
    places = torch.zeros(n, longest, 2 + N_POSITIONS)
    mask = torch.zeros(n, longest, 1)
    for row, sentence in enumerate(sentences):
        own = len(sentence.phones)
        whole[0, row, :own] = torch.tensor([phone.number for phone in sentence.phones])
        whole[1, row, :own] = torch.tensor([phone.tone for phone in sentence.phones])
        whole[2, row, :own] = torch.from_numpy(sentence.breaks)
        places[row, :own, :2] = torch.from_numpy(sentence.edges)
        places[row, :own, 2:] = torch.from_numpy(sentence.positions)
        mask[row, :own] = 1
    ending = torch.tensor([int(sentence.breaks[-1]) for sentence in sentences])
    return SentenceBatch(
        whole[0], whole[1], whole[2], places[..., :2], places[..., 2:], ending, mask
    )


def plan_sentence(
    sentence: SentencePhones,
    model: SentenceProsodyModel,
    style: SpeakingStyle = STYLES["calm"],
    *,
    speed: float = 1.0,
) -> ProsodyPlan:
    """Return the prosody of one sentence.

    Args:
        sentence: Its phones.
        model: How the speaker says sentences.
        style: How this one is said.
        speed: 1 is the speaker's own pace.
    """
    with single_thread_inference():
        log_durations, contours = model(sentence_batch([sentence]))
    frames = np.expm1(log_durations[0].numpy().astype(np.float64))
    durations = _durations(sentence, frames, style, speed)
    ends = np.cumsum(durations)
    times: list[float] = []
    heights: list[float] = []
    for i, phone in enumerate(sentence.phones):
        if phone.is_final:
            start, length = ends[i] - durations[i], durations[i]
            times += list(start + (np.arange(N_PITCH_POINTS) + 0.5) / N_PITCH_POINTS * length)
            heights += list(contours[0, i].numpy())
    middles = np.arange(ends[-1]) + 0.5
    # Psst has no vowel, and nothing that could have a pitch.
    curve = np.interp(middles, times, heights) if times else np.zeros(len(middles))
    semitones = curve * style.pitch_range + style.pitch
    return ProsodyPlan(
        sentence.phones,
        sentence.edges,
        durations,
        semitones.astype(np.float32),
        np.zeros(len(middles), np.float32),
    )


def _durations(
    sentence: SentencePhones, frames: NDArray[np.float64], style: SpeakingStyle, speed: float
) -> NDArray[np.int64]:
    pace = speed * style.rate
    is_pause = np.array([phone.symbol == PAUSE for phone in sentence.phones])
    pauses = frames * style.pauses / pace
    sounds = np.maximum(_LEAST_FRAMES, frames / pace)
    exact = np.where(is_pause, np.where(pauses < _LEAST_PAUSE, 0, pauses), sounds)
    exact[0], exact[-1] = _LEAD_IN, _LEAD_OUT
    # The ends are rounded and not the durations, so that the pace is kept whatever it is.
    durations: NDArray[np.int64] = np.diff(np.round(np.cumsum(exact)), prepend=0).astype(np.int64)
    return durations
