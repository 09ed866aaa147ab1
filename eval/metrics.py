"""Figures over many questions, with 95 % confidence intervals from a seeded bootstrap.

The resampling is scipy's (percentile method): Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap, rankdata

Floats = NDArray[np.float64]

RESAMPLES = 1_000
SEED = 0
N_BINS = 10
_DRAWN_AT_ONCE = 4_000_000  # numbers; bounds the memory that resampling takes


class Statistic(Protocol):
    """A figure of one or more samples along an axis, for all other axes at once."""

    def __call__(self, *samples: Floats, axis: int) -> Any:
        """Shape of the samples without the axis; nan where there is no such figure."""


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


def bootstrap_estimate(
    statistic: Statistic, *samples: Floats, paired: bool = False, seed: int = SEED
) -> Estimate:
    """A figure with its interval, from ``RESAMPLES`` resamples.

    Resamples that the figure does not exist for are left out. Without an interval where the
    figure is infinite; nothing where it is not a number or a sample is empty.

    Args:
        statistic: Computes the figure.
        samples: Each of shape (n,); each is resampled to its own size.
        paired: Draw the same rows from all samples, which then are of one size.
        seed: Of the generator that draws.
    """
    if not all(map(len, samples)):
        return Estimate()
    value = float(statistic(*samples, axis=-1))
    if not math.isfinite(value):
        return Estimate(None if math.isnan(value) else value)
    # scipy wants two observations at least; one twice is drawn as if it were alone.
    at_least_two = [np.repeat(some, 2) if len(some) == 1 else some for some in samples]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # all resamples may be equal
        found = bootstrap(
            at_least_two,
            statistic,
            paired=paired,
            vectorized=True,
            method="percentile",
            n_resamples=RESAMPLES,
            batch=max(1, _DRAWN_AT_ONCE // max(map(len, at_least_two))),
            rng=np.random.default_rng(seed),
        )
    low, high = np.nanpercentile(found.bootstrap_distribution, [2.5, 97.5]).tolist()
    return Estimate(value, low, high)


def mean_estimate(values: Floats, seed: int = SEED) -> Estimate:
    """The mean of one value a question, shape (n,): a share when they are 0 or 1."""
    return bootstrap_estimate(_mean, values, seed=seed)


def ratio_estimate(values: Floats, others: Floats, seed: int = SEED) -> Estimate:
    """The mean of some values over the mean of others of the same cases; nothing over 0.

    A ratio of means, not a mean of ratios; both are drawn together, case by case.

    Args:
        values: Shape (n,).
        others: Shape (n,).
        seed: Of the bootstrap.
    """
    return bootstrap_estimate(_ratio_of_means, values, others, paired=True, seed=seed)


def auroc(positive: Floats, negative: Floats) -> Estimate:
    """How often a positive scores above a negative, ties counting half.

    The area under the ROC curve, from ranks (Mann and Whitney, 1947). Both groups
    are resampled, each to its own size.

    Args:
        positive: Scores, shape (n_positive,).
        negative: Scores, shape (n_negative,).
    """
    return bootstrap_estimate(_area_under_roc, positive, negative)


def expected_calibration_error(predicted: Floats, right: Floats) -> Estimate:
    """Expected calibration error: how far prediction and outcome lie apart, over ten equal bins.

    Naeini, Cooper and Hauskrecht, AAAI 2015.

    Args:
        predicted: Probabilities in [0, 1], shape (n,).
        right: 1 where it was right, else 0, shape (n,).
    """
    return bootstrap_estimate(_calibration_error, predicted, right, paired=True)


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

    def refused(*samples: Floats, axis: int) -> Any:
        some, others = samples
        last = _last_refused(others.shape[axis], part)
        limits = np.partition(others, last, axis=axis).take([last], axis=axis)
        return (some <= limits).mean(axis=axis)

    return bootstrap_estimate(refused, answerable, unanswerable)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedTest:
    """Whether two systems, right or wrong on the same questions, differ by more than chance.

    McNemar, Psychometrika 1947, in its exact binomial form.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n = only_first + only_second
    p = float(binomtest(only_first, n, 0.5).pvalue) if n else 1.0
    return PairedTest(only_first, only_second, p)


def _mean(*samples: Floats, axis: int) -> Any:
    return samples[0].mean(axis=axis)


def _ratio_of_means(*samples: Floats, axis: int) -> Any:
    above, below = (some.mean(axis=axis) for some in samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below != 0, above / below, np.nan)


def _area_under_roc(*samples: Floats, axis: int) -> Any:
    n_positive, n_negative = (some.shape[axis] for some in samples)
    ranks = rankdata(np.concatenate(samples, axis=axis), axis=axis)
    of_positive = ranks.take(range(n_positive), axis=axis).sum(axis=axis)
    lowest = n_positive * (n_positive + 1) / 2  # were every positive below every negative
    return (of_positive - lowest) / (n_positive * n_negative)


def _calibration_error(*samples: Floats, axis: int) -> Any:
    predicted, right = samples
    gaps, bins = predicted - right, _bins(predicted)
    in_bin = (np.where(bins == index, gaps, 0).sum(axis=axis) for index in range(N_BINS))
    return sum(map(np.abs, in_bin)) / predicted.shape[axis]


def _last_refused(n: int, part: float) -> int:
    # 0.95 x 20 is a hair above 19 in binary and must not become 20.
    return math.ceil(round(n * part, 9)) - 1


def _bins(predicted: Floats) -> NDArray[np.intp]:
    return np.minimum((predicted * N_BINS).astype(np.intp), N_BINS - 1)
