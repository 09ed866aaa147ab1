"""Figures over many questions, with 95 % confidence intervals from a seeded bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Floats = NDArray[np.float64]

RESAMPLES = 1_000
SEED = 0
N_BINS = 10
_DRAWN_AT_ONCE = 4_000_000  # numbers; bounds the memory that resampling takes


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and the interval in which 95 % of its resamples lie.

    All three are None where there was nothing to measure; the interval alone is
    None for a figure that was not resampled.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


def with_intervals(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    """Figures for JSON; ``top1`` is followed by ``top1_ci`` where it was resampled."""
    values: dict[str, Any] = {}
    for name, estimate in figures.items():
        values[name] = estimate.value
        if estimate.low is not None:
            values[f"{name}_ci"] = [estimate.low, estimate.high]
    return values


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The questions whose predicted probability lies in ``[low, high)``; the last holds 1 too."""

    low: float
    high: float
    n: int
    predicted: float
    """Mean predicted probability."""
    right: float
    """Share that is right."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Where two systems differ on the same questions."""

    only_first: int
    """Questions that only the first system got right."""
    only_second: int
    p: float
    """Two-sided exact McNemar test: how likely so lopsided a difference is by chance."""


def mean_estimate(values: Floats) -> Estimate:
    """The mean of one value a question, shape (n,): a share when they are 0 or 1."""
    if not len(values):
        return Estimate()
    means = [values[rows].mean(axis=1) for rows in _resamples(_rng(), len(values))]
    return _estimate(float(values.mean()), np.concatenate(means))


def auroc(positive: Floats, negative: Floats) -> Estimate:
    """How often a positive scores above a negative, ties counting half.

    The area under the ROC curve, from ranks (Mann and Whitney, 1947). Both groups
    are resampled, each to its own size.

    Args:
        positive: Scores, shape (n_positive,).
        negative: Scores, shape (n_negative,).
    """
    if not len(positive) or not len(negative):
        return Estimate()
    ranks = np.unique(np.concatenate([positive, negative]), return_inverse=True)[1]
    above, below = ranks[: len(positive)], ranks[len(positive) :]
    n_ranks = int(ranks.max()) + 1
    rng = _rng()
    areas = [
        _areas(above[rows_above], below[rows_below], n_ranks)
        for rows_above, rows_below in _paired_resamples(rng, len(above), len(below), n_ranks)
    ]
    return _estimate(float(_areas(above[None], below[None], n_ranks)[0]), np.concatenate(areas))


def expected_calibration_error(predicted: Floats, right: Floats) -> Estimate:
    """Expected calibration error: how far prediction and outcome lie apart, over ten equal bins.

    Naeini, Cooper and Hauskrecht, AAAI 2015.

    Args:
        predicted: Probabilities in [0, 1], shape (n,).
        right: 1 where it was right, else 0, shape (n,).
    """
    if not len(predicted):
        return Estimate()
    gaps = np.zeros((len(predicted), N_BINS))
    gaps[np.arange(len(predicted)), _bins(predicted)] = predicted - right

    def errors(rows: NDArray[np.intp]) -> Floats:
        summed: Floats = np.abs(gaps[rows].sum(axis=1)).sum(axis=1) / len(predicted)
        return summed

    drawn = [errors(rows) for rows in _resamples(_rng(), len(predicted), width=N_BINS)]
    return _estimate(float(errors(np.arange(len(predicted))[None])[0]), np.concatenate(drawn))


def reliability_bins(predicted: Floats, right: Floats) -> list[ReliabilityBin]:
    """What was predicted beside what came true, for every bin that is not empty."""
    bins = _bins(predicted)
    return [
        ReliabilityBin(
            index / N_BINS,
            (index + 1) / N_BINS,
            int(inside.sum()),
            float(predicted[inside].mean()),
            float(right[inside].mean()),
        )
        for index in range(N_BINS)
        if (inside := bins == index).any()
    ]


def threshold_refusing(scores: Floats, part: float) -> float | None:
    """The lowest threshold below which at least ``part`` of the scores lie; None without scores.

    >>> threshold_refusing(np.array([0.1, 0.2, 0.3, 0.4]), 0.75) > 0.3
    True
    """
    if not len(scores):
        return None
    return float(np.nextafter(np.sort(scores)[_last_refused(len(scores), part)], math.inf))


def refused_at(answerable: Floats, unanswerable: Floats, part: float) -> Estimate:
    """Share of answerable questions below the threshold that refuses ``part`` of the others.

    Args:
        answerable: Scores, shape (n,).
        unanswerable: Scores, shape (m,).
        part: In (0, 1].
    """
    if not len(answerable) or not len(unanswerable):
        return Estimate()
    last = _last_refused(len(unanswerable), part)

    def refused(some: Floats, others: Floats) -> Floats:
        limits = np.partition(others, last, axis=1)[:, last]
        shares: Floats = (some <= limits[:, None]).mean(axis=1)
        return shares

    rng = _rng()
    drawn = [
        refused(answerable[rows], unanswerable[other_rows])
        for rows, other_rows in _paired_resamples(rng, len(answerable), len(unanswerable))
    ]
    return _estimate(float(refused(answerable[None], unanswerable[None])[0]), np.concatenate(drawn))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedTest:
    """Whether two systems, right or wrong on the same questions, differ by more than chance.

    McNemar, Psychometrika 1947, in its exact binomial form.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n = only_first + only_second
    p = float(binomtest(only_first, n, 0.5).pvalue) if n else 1.0
    return PairedTest(only_first, only_second, p)


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def _resamples(rng: np.random.Generator, n: int, width: int = 1) -> Iterator[NDArray[np.intp]]:
    """``RESAMPLES`` draws of n rows with replacement, as arrays of shape (some, n)."""
    at_once = max(1, _DRAWN_AT_ONCE // (n * width))
    for start in range(0, RESAMPLES, at_once):
        yield rng.integers(n, size=(min(at_once, RESAMPLES - start), n), dtype=np.intp)


def _paired_resamples(
    rng: np.random.Generator, n: int, m: int, width: int = 1
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    at_once = max(1, _DRAWN_AT_ONCE // max(n, m, width))
    for start in range(0, RESAMPLES, at_once):
        some = min(at_once, RESAMPLES - start)
        yield (
            rng.integers(n, size=(some, n), dtype=np.intp),
            rng.integers(m, size=(some, m), dtype=np.intp),
        )


def _areas(above: NDArray[np.intp], below: NDArray[np.intp], n_ranks: int) -> Floats:
    """Area under the ROC curve of each row, from dense ranks of shape (n_rows, n)."""
    n_above, n_below = _histograms(above, n_ranks), _histograms(below, n_ranks)
    beaten = np.cumsum(n_below, axis=1) - n_below / 2
    areas: Floats = (n_above * beaten).sum(axis=1) / (above.shape[1] * below.shape[1])
    return areas


def _histograms(ranks: NDArray[np.intp], n_ranks: int) -> NDArray[np.intp]:
    offset = ranks + np.arange(len(ranks))[:, None] * n_ranks
    counts: NDArray[np.intp] = np.bincount(offset.ravel(), minlength=len(ranks) * n_ranks)
    return counts.reshape(len(ranks), n_ranks)


def _last_refused(n: int, part: float) -> int:
    # 0.95 x 20 is a hair above 19 in binary and must not become 20.
    return math.ceil(round(n * part, 9)) - 1


def _bins(predicted: Floats) -> NDArray[np.intp]:
    return np.minimum((predicted * N_BINS).astype(np.intp), N_BINS - 1)


def _estimate(value: float, resampled: Floats) -> Estimate:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
