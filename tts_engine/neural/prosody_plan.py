"""Prosody of one clause: durations of its phones, a pitch curve and a level curve.

The prosody model says how the speaker says words; these rules make a sentence of them:
a faster pace, a narrower range, pitch that falls through the clause and starts anew with
each phrase, weak words short, low and soft, and a rise at the end of a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..torch_inference import single_thread_inference
from .networks import N_PITCH_POINTS, PhoneBatch, ProsodyModel
from .phones import SILENCE, Phone
from .phrasing import Syllable

_FINAL_PACE, _INITIAL_PACE = 0.68, 0.8  # of single words
_LEAST_FINAL, _LEAST_INITIAL = 5, 3  # frames
_LEAD_IN, _LEAD_OUT = 4, 8  # frames of pause
_WEAK_PACE, _WEAK_RANGE, _WEAK_LEVEL = 0.85, 0.8, -0.15  # the last in nepers of amplitude
_RANGE = 0.85  # of single words
_FALL = 2.5  # semitones through a clause
_RESET = 0.8  # semitones up at a new phrase
_LEVEL_FALL = 0.2  # nepers of amplitude through a clause
_QUESTION_RISE = 2.0  # semitones over the last syllables
_FALL_SYLLABLES = 10  # a shorter clause falls less


@dataclass(frozen=True, slots=True, eq=False)
class ProsodyPlan:
    """The input of synthesis for one clause."""

    phones: tuple[Phone, ...]
    """With a pause at either end."""
    places: NDArray[np.float32]
    """See :class:`~.networks.PhoneBatch`, shape (n_phones, 2)."""
    durations: NDArray[np.int64]
    """Frames of each phone, shape (n_phones,)."""
    semitones: NDArray[np.float32]
    """Pitch of each frame, shape (n_frames,)."""
    level: NDArray[np.float32]
    """Nepers of amplitude added to each frame, shape (n_frames,)."""

    def batch(self) -> PhoneBatch:
        """Return the phones as a batch of one."""
        return _batch(self.phones, self.places)


def plan_prosody(
    syllables: Sequence[Syllable], model: ProsodyModel, *, question: bool = False, speed: float = 1
) -> ProsodyPlan:
    """Return the prosody of one clause.

    Args:
        syllables: At least one.
        model: How the speaker says words.
        question: Whether its pitch rises at the end.
        speed: 1 is about 4.3 syllables a second.
    """
    phones = (SILENCE, *(phone for s in syllables for phone in s.phones), SILENCE)
    owner = [-1, *(i for i, s in enumerate(syllables) for _ in s.phones), -1]
    places = np.array([_place(syllables, i) for i in owner], np.float32)
    places[0], places[-1] = (1, 0), (0, 1)
    with single_thread_inference():
        log_durations, contours = model(_batch(phones, places))
    lasting = np.exp(log_durations[0].numpy())
    durations = np.array(
        [
            _duration(phone, float(frames), syllables[i] if i >= 0 else None, speed)
            for phone, frames, i in zip(phones, lasting, owner, strict=True)
        ],
        np.int64,
    )
    durations[0], durations[-1] = _LEAD_IN, _LEAD_OUT
    ends = np.cumsum(durations)
    times: list[float] = []
    heights: list[float] = []
    for i, (phone, n) in enumerate(zip(phones, owner, strict=True)):
        if phone.is_final:
            shift = _shift(n, syllables, question=question)
            around = _RANGE * (_WEAK_RANGE if syllables[n].weak else 1)
            start, length = ends[i] - durations[i], durations[i]
            times += list(start + (np.arange(N_PITCH_POINTS) + 0.5) / N_PITCH_POINTS * length)
            heights += list(contours[0, i].numpy() * around + shift)
    middles = np.arange(ends[-1]) + 0.5
    semitones = np.interp(middles, times, heights)
    levels = [_level(i, syllables) for i in owner]
    level = np.interp(middles, ends - durations / 2, levels)
    return ProsodyPlan(
        phones, places, durations, semitones.astype(np.float32), level.astype(np.float32)
    )


def _place(syllables: Sequence[Syllable], i: int) -> tuple[float, float]:
    return (syllables[i].begins, syllables[i].ends) if i >= 0 else (0.0, 0.0)


def _duration(phone: Phone, frames: float, syllable: Syllable | None, speed: float) -> int:
    if syllable is None:
        return 1
    least = _LEAST_FINAL if phone.is_final else _LEAST_INITIAL
    pace = _FINAL_PACE if phone.is_final else _INITIAL_PACE
    if syllable.weak and syllable.ends < 1:
        pace *= _WEAK_PACE
    return max(least, round(frames * pace / speed))


def _shift(i: int, syllables: Sequence[Syllable], *, question: bool) -> float:
    """Return by how many semitones the clause's intonation moves syllable ``i``."""
    n = len(syllables)
    fall = _FALL * min(1.0, n / _FALL_SYLLABLES) * (0.4 if question else 1)
    shift = fall * (0.4 - i / max(1, n - 1))
    same = [k for k, s in enumerate(syllables) if s.phrase == syllables[i].phrase]
    if syllables[-1].phrase > 0:
        shift += _RESET * (0.5 - same.index(i) / max(1, len(same) - 1))
    if question:
        shift += _QUESTION_RISE * max(0.0, 1 - (n - 1 - i) / 3)
    return shift


def _level(i: int, syllables: Sequence[Syllable]) -> float:
    if i < 0:
        return 0.0
    falling = -_LEVEL_FALL * i / max(1, len(syllables) - 1)
    return falling + (_WEAK_LEVEL if syllables[i].weak else 0)


def _batch(phones: Sequence[Phone], places: NDArray[np.float32]) -> PhoneBatch:
    return PhoneBatch(
        torch.tensor([[phone.number for phone in phones]]),
        torch.tensor([[phone.tone for phone in phones]]),
        torch.from_numpy(places)[None],
        torch.ones(1, len(phones), 1),
    )
