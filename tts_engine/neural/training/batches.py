"""Utterances as padded tensors: batches of phones and of frames, some with other durations."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..networks import PhoneBatch, frame_facts, frame_index
from ..phones import Phone
from .preparation import Utterance

SLOWEST, FASTEST = 1.4, 0.7
"""Durations of finals in training, as multiples of the recorded ones: so far may a listener slow
a voice down or hurry it."""


class FrameBatch(NamedTuple):
    """Frames of some utterances, padded to one length."""

    owner: Tensor
    """Which phone each frame belongs to, shape (n, n_frames), int64."""
    facts: Tensor
    """Shape (n, n_frames, 6); see :func:`~..networks.frame_facts`."""
    envelope: Tensor
    """Shape (n, n_frames, N_BANDS)."""
    semitones: Tensor
    """Shape (n, n_frames)."""
    voicing: Tensor
    """0 or 1, shape (n, n_frames)."""
    mask: Tensor
    """1 where there is a frame, shape (n, n_frames, 1)."""


def phone_batch(
    phones: Sequence[Sequence[Phone]], places: Sequence[NDArray[np.float32]]
) -> PhoneBatch:
    """Return phrases as one batch."""
    n, longest = len(phones), max(map(len, phones))
    numbers = torch.zeros(n, longest, dtype=torch.int64)
    tones = torch.zeros(n, longest, dtype=torch.int64)
    place = torch.zeros(n, longest, 2)
    mask = torch.zeros(n, longest, 1)
    for row, (own, where) in enumerate(zip(phones, places, strict=True)):
        numbers[row, : len(own)] = torch.tensor([phone.number for phone in own])
        tones[row, : len(own)] = torch.tensor([phone.tone for phone in own])
        place[row, : len(own)] = torch.from_numpy(where)
        mask[row, : len(own)] = 1
    return PhoneBatch(numbers, tones, place, mask)


def utterance_phones(utterances: Sequence[Utterance]) -> PhoneBatch:
    """Return the phones of recordings."""
    return phone_batch(
        [u.sentence.phones for u in utterances], [u.sentence.edges for u in utterances]
    )


def frame_batch(
    utterances: Sequence[Utterance],
    paces: NDArray[np.float64],
    rng: np.random.Generator | None = None,
    longest: int = 0,
) -> FrameBatch:
    """Return the frames of utterances.

    Args:
        utterances: Some.
        paces: How long finals last, as multiples of the recorded, one for each; initials
            and pauses change by the square root.
        rng: Chooses which part is taken of what is longer than ``longest``.
        longest: Frames; all of them when there is no ``rng``.
    """
    rows = []
    for utterance, pace in zip(utterances, paces, strict=True):
        row = _frames(utterance, pace)
        if rng is not None and len(row[0]) > longest:
            first = int(rng.integers(len(row[0]) - longest + 1))
            row = tuple(part[first : first + longest] for part in row)
        rows.append(row)
    return FrameBatch(*map(_padded, zip(*rows, strict=True)))


def _frames(utterance: Utterance, pace: float) -> tuple[Tensor, ...]:
    durations, features = utterance.durations, utterance.features
    envelope, semitones, voicing = features.envelope, features.semitones, features.voicing
    if pace != 1:
        factors = [pace if p.is_final else pace**0.5 for p in utterance.sentence.phones]
        paced = np.maximum(durations > 0, np.round(durations * factors)).astype(np.int32)
        place = _places(durations, paced)
        below = np.clip(place.astype(np.intp), 0, len(envelope) - 2)
        rest = (place - below).astype(np.float32)
        envelope = envelope[below] + rest[:, None] * (envelope[below + 1] - envelope[below])
        semitones = semitones[below] + rest * (semitones[below + 1] - semitones[below])
        voicing = voicing[np.round(place).astype(np.intp)]
        durations = paced
    tensor = torch.from_numpy(durations.astype(np.int64))
    curve = torch.from_numpy(semitones)
    return (
        frame_index(tensor),
        frame_facts(tensor, curve),
        torch.from_numpy(envelope),
        curve,
        torch.from_numpy(voicing),
        torch.ones(len(envelope), 1),
    )


def _places(durations: NDArray[np.int32], paced: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return where in the recording each frame of the paced utterance is found."""
    starts = np.cumsum(durations) - durations
    places = [
        start + (np.arange(new) + 0.5) * old / new - 0.5
        for start, old, new in zip(starts, durations, paced, strict=True)
    ]
    found: NDArray[np.float64] = np.clip(np.concatenate(places), 0, durations.sum() - 1)
    return found


def _padded(parts: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
