"""When each phone of a recording begins: hidden Markov models, trained from nothing.

Every phone is a chain of states, each a normal distribution over cepstra, their changes and
voicing. At first a recording's speech is shared out evenly; then distributions and the most
likely paths improve each other in turn (Viterbi training). A pause between words may be skipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..phones import ENGLISH_CONSONANTS, INITIALS, PAUSE, SYMBOLS, Phone

_ROUNDS = 16
_CEPSTRA = 13
_BATCH = 32
_LEAST_VARIANCE = 0.02
_LEAST_PAUSE = 9  # frames, 0.1 s; the closure of a plosive is shorter
_LOUD = 1.5  # standard deviations of level below the loudest frames

_N_STATES = tuple(
    1 if s == PAUSE else 2 if s in INITIALS or s in ENGLISH_CONSONANTS else 4 for s in SYMBOLS
)
_FIRST_STATE = np.concatenate([[0], np.cumsum(_N_STATES)])

Array = NDArray[np.float32]
Path = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class PhoneAlignment:
    """When the phones of one recording are heard."""

    durations: NDArray[np.int32]
    """Frames of each phone, at least 1 but for a skipped pause, shape (n_phones,)."""
    score: float
    """Mean log likelihood of a frame; far below the others' where words and sound differ."""


def alignment_observations(envelope: Array, voiced: NDArray[np.bool_]) -> Array:
    """Return what the models see of a recording, shape (n_frames, 27).

    Args:
        envelope: Shape (n_frames, N_BANDS).
        voiced: Shape (n_frames,).
    """
    cepstra = scipy.fft.dct(envelope, norm="ortho")[:, :_CEPSTRA] / np.sqrt(envelope.shape[1])
    padded = np.pad(cepstra, ((2, 2), (0, 0)), "edge")
    change = (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 5
    return np.concatenate([cepstra, change, voiced[:, None] * 1.0], 1).astype(np.float32)


def align_phones(
    seen: Sequence[Array], spoken: Sequence[tuple[Phone, ...]]
) -> list[PhoneAlignment]:
    """Align recordings with their phones, pauses at both ends included.

    Args:
        seen: Of each recording, what :func:`alignment_observations` returns; no fewer frames than
            its phones have states.
        spoken: Of each recording, the phones.
    """
    chains = [_chain(phones) for phones in spoken]
    skippable = [_inner_pauses(chain) for chain in chains]
    everything = np.concatenate(seen)
    scale = everything.std(0) + 1e-3
    seen = [(frames - everything.mean(0)) / scale for frames in seen]
    paths = [_even(*own) for own in zip(seen, chains, skippable, strict=True)]
    scores = [0.0] * len(seen)
    for _ in range(_ROUNDS):
        means, variances = _distributions(seen, chains, paths)
        found = dict(_best_paths(seen, chains, skippable, means, variances))
        paths = [found[i][0] for i in range(len(seen))]
        scores = [found[i][1] for i in range(len(seen))]
    return [
        PhoneAlignment(_durations(path, phones), score)
        for path, phones, score in zip(paths, spoken, scores, strict=True)
    ]


def shortest_duration(phones: Sequence[Phone]) -> int:
    """Return the fewest frames in which these phones can be heard."""
    n_pauses = sum(phone.symbol == PAUSE for phone in phones[1:-1])
    return sum(_N_STATES[phone.number] for phone in phones) - n_pauses


def _chain(phones: Sequence[Phone]) -> NDArray[np.intp]:
    return np.concatenate(
        [np.arange(_FIRST_STATE[p.number], _FIRST_STATE[p.number + 1]) for p in phones]
    )


def _inner_pauses(chain: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which states are pauses inside, shape (n_states,)."""
    skippable: NDArray[np.bool_] = chain == 0
    skippable[[0, -1]] = False
    return skippable


def _even(frames: Array, chain: NDArray[np.intp], skippable: NDArray[np.bool_]) -> Path:
    """Share what is not quiet out evenly among the sounds' states; what is quiet is pauses.

    A quiet stretch inside is the pause that is nearest to where the sounds have got by then.
    """
    level = frames[:, 0]
    quiet = level <= np.percentile(level, 90) - _LOUD
    loud = np.flatnonzero(~quiet)
    first, last = max(1, int(loud[0])), min(len(frames) - 1, int(loud[-1]) + 1)
    sounds = np.flatnonzero(~skippable)[1:-1]
    if last - first < len(sounds):
        first, last = 1, len(frames) - 1
    path = np.full(len(frames), len(chain) - 1, np.int16)
    path[:first] = 0
    at, n_done = first, 0  # the frame and the number of sounds' states that are shared out
    n_loud = max(1, int((~quiet[first:last]).sum()))
    for start, end in _stretches(quiet, first, last):
        expected = len(sounds) * int((~quiet[first:start]).sum()) / n_loud
        pauses = np.flatnonzero(skippable)
        n_before = np.searchsorted(sounds, pauses)  # sounds' states before each pause
        allowed = (
            (n_before > n_done)
            & (n_before - n_done <= start - at)
            & (len(sounds) - n_before <= last - end)
        )
        if not allowed.any():
            continue
        best = int(np.argmin(np.where(allowed, np.abs(n_before - expected), np.inf)))
        path[at:start] = _shared(sounds[n_done : n_before[best]], start - at)
        path[start:end] = pauses[best]
        at, n_done = end, int(n_before[best])
    path[at:last] = _shared(sounds[n_done:], last - at)
    return path


def _shared(states: NDArray[np.intp], n_frames: int) -> NDArray[np.intp]:
    """Return ``n_frames`` of the states in order, each as long as the others."""
    shared: NDArray[np.intp] = states[
        np.linspace(0, len(states), n_frames, endpoint=False).astype(np.intp)
    ]
    return shared


def _stretches(quiet: NDArray[np.bool_], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of each quiet stretch inside that is longer than a plosive."""
    changes = np.flatnonzero(np.diff(quiet[first:last].astype(np.int8))) + first + 1
    for start, end in pairwise(changes):
        if quiet[start] and end - start >= _LEAST_PAUSE:
            yield int(start), int(end)


def _distributions(
    seen: Sequence[Array], chains: Sequence[NDArray[np.intp]], paths: Sequence[Path]
) -> tuple[Array, Array]:
    """Return each state's mean and variance, shape (n_states, n_observed) each."""
    frames = np.concatenate(seen)
    states = np.concatenate([chain[path] for chain, path in zip(chains, paths, strict=True)])
    order = np.argsort(states, kind="stable")
    n_states = int(_FIRST_STATE[-1])
    counts = np.bincount(states, minlength=n_states)
    means = np.zeros((n_states, frames.shape[1]), np.float32)
    variances = np.ones_like(means)
    starts = np.concatenate([[0], np.cumsum(counts)])
    for state in np.flatnonzero(counts):
        own = frames[order[starts[state] : starts[state + 1]]]
        means[state], variances[state] = own.mean(0), own.var(0)
    return means, np.maximum(variances, _LEAST_VARIANCE)


def _best_paths(
    seen: Sequence[Array],
    chains: Sequence[NDArray[np.intp]],
    skippable: Sequence[NDArray[np.bool_]],
    means: Array,
    variances: Array,
) -> Iterator[tuple[int, tuple[Path, float]]]:
    """Yield each recording's place in ``seen``, its best path and that path's score."""
    precision = 1 / variances
    constant = -0.5 * (np.log(variances).sum(1) + (means**2 * precision).sum(1))
    order = sorted(range(len(seen)), key=lambda i: len(seen[i]))
    for at in range(0, len(order), _BATCH):
        batch = order[at : at + _BATCH]
        n_frames = max(len(seen[i]) for i in batch)
        n_states = max(len(chains[i]) for i in batch)
        likelihood = np.full((len(batch), n_frames, n_states), -1e4, np.float32)
        # What it costs to go past the state before: nothing past a pause, else it cannot be.
        not_over = np.full((len(batch), max(0, n_states - 2)), -np.inf, np.float32)
        for row, i in enumerate(batch):
            scores = seen[i] @ (means * precision).T - 0.5 * (seen[i] ** 2 @ precision.T)
            scores += constant
            likelihood[row, : len(seen[i]), : len(chains[i])] = scores[:, chains[i]]
            not_over[row, : len(chains[i]) - 2] = np.where(skippable[i][1:-1], 0, -np.inf)
        total = np.full((len(batch), n_states), -1e9, np.float32)
        total[:, 0] = likelihood[:, 0, 0]
        totals = np.empty((n_frames, len(batch), n_states), np.float32)
        moved = np.zeros((n_frames, len(batch), n_states), np.int8)
        totals[0] = total
        for t in range(1, n_frames):
            best = total.copy()
            step = total[:, :-1] > best[:, 1:]
            best[:, 1:] = np.where(step, total[:, :-1], best[:, 1:])
            moved[t, :, 1:] = step
            over = total[:, :-2] + not_over
            jump = over > best[:, 2:]
            best[:, 2:] = np.where(jump, over, best[:, 2:])
            moved[t, :, 2:][jump] = 2
            total = best + likelihood[:, t]
            totals[t] = total
        for row, i in enumerate(batch):
            state = len(chains[i]) - 1
            path = np.zeros(len(seen[i]), np.int16)
            score = float(totals[len(path) - 1, row, state]) / len(path)
            for t in range(len(path) - 1, -1, -1):
                path[t] = state
                state -= int(moved[t, row, state])
            yield i, (path, score)


def _durations(path: Path, phones: Sequence[Phone]) -> NDArray[np.int32]:
    ends = np.cumsum([_N_STATES[phone.number] for phone in phones])
    return np.diff(np.searchsorted(path, ends), prepend=0).astype(np.int32)
