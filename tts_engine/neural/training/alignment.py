"""When each phone of a recording begins: hidden Markov models, trained from nothing.

Every phone is a chain of states, each a normal distribution over cepstra, their changes and
voicing. At first a recording's speech is shared out evenly; then distributions and the most
likely paths improve each other in turn (Viterbi training).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..phones import INITIALS, PAUSE, SYMBOLS, Phone

_ROUNDS = 10
_CEPSTRA = 13
_BATCH = 256
_LEAST_VARIANCE = 0.02
_LOUD = 1.5  # standard deviations of level below the loudest frames

_N_STATES = tuple(1 if s == PAUSE else 2 if s in INITIALS else 4 for s in SYMBOLS)
_FIRST_STATE = np.concatenate([[0], np.cumsum(_N_STATES)])

Array = NDArray[np.float32]
Path = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class PhoneAlignment:
    """When the phones of one recording are heard."""

    durations: NDArray[np.int32]
    """Frames of each phone, each at least 1, shape (n_phones,)."""
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
    everything = np.concatenate(seen)
    scale = everything.std(0) + 1e-3
    seen = [(frames - everything.mean(0)) / scale for frames in seen]
    paths = [_even(frames, chain) for frames, chain in zip(seen, chains, strict=True)]
    scores = [0.0] * len(seen)
    for _ in range(_ROUNDS):
        means, variances = _distributions(seen, chains, paths)
        found = dict(_best_paths(seen, chains, means, variances))
        paths = [found[i][0] for i in range(len(seen))]
        scores = [found[i][1] for i in range(len(seen))]
    return [
        PhoneAlignment(_durations(path, phones), score)
        for path, phones, score in zip(paths, spoken, scores, strict=True)
    ]


def shortest_duration(phones: Sequence[Phone]) -> int:
    """Return the fewest frames in which these phones can be heard."""
    return sum(_N_STATES[phone.number] for phone in phones)


def _chain(phones: Sequence[Phone]) -> NDArray[np.intp]:
    return np.concatenate(
        [np.arange(_FIRST_STATE[p.number], _FIRST_STATE[p.number + 1]) for p in phones]
    )


def _even(frames: Array, chain: NDArray[np.intp]) -> Path:
    """Share what is not quiet out evenly among the states; quiet ends are pauses."""
    level = frames[:, 0]
    loud = np.flatnonzero(level > np.percentile(level, 90) - _LOUD)
    first, last = max(1, int(loud[0])), min(len(frames) - 1, int(loud[-1]) + 1)
    if last - first < len(chain) - 2:
        first, last = 1, len(frames) - 1
    inner = np.linspace(1, len(chain) - 1, last - first, endpoint=False).astype(np.int16)
    before, after = np.zeros(first, np.int16), np.full(len(frames) - last, len(chain) - 1)
    return np.concatenate([before, inner, after]).astype(np.int16)


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
    seen: Sequence[Array], chains: Sequence[NDArray[np.intp]], means: Array, variances: Array
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
        for row, i in enumerate(batch):
            scores = seen[i] @ (means * precision).T - 0.5 * (seen[i] ** 2 @ precision.T)
            scores += constant
            likelihood[row, : len(seen[i]), : len(chains[i])] = scores[:, chains[i]]
        total = np.full((len(batch), n_states), -1e9, np.float32)
        total[:, 0] = likelihood[:, 0, 0]
        totals = np.empty((n_frames, len(batch), n_states), np.float32)
        moved = np.zeros((n_frames, len(batch), n_states), np.bool_)
        totals[0] = total
        for t in range(1, n_frames):
            moved[t, :, 1:] = total[:, :-1] > total[:, 1:]
            total[:, 1:] = np.maximum(total[:, 1:], total[:, :-1].copy())
            total = total + likelihood[:, t]
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
