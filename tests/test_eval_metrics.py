"""The figures of an evaluation, against sums done by hand and against other libraries."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from eval.metrics import (
    Estimate,
    auroc,
    expected_calibration_error,
    mcnemar,
    mean_estimate,
    ratio_estimate,
    refused_at,
    reliability_bins,
    threshold_refusing,
)


def test_a_share_is_the_mean_and_its_interval_is_that_of_the_normal_law() -> None:
    values = np.array([1.0] * 300 + [0.0] * 100)
    found = mean_estimate(values)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert found.value == 0.75
    assert found.low == pytest.approx(0.75 - half, abs=0.006)
    assert found.high == pytest.approx(0.75 + half, abs=0.006)


def test_the_interval_is_the_same_every_time() -> None:
    values = np.random.default_rng(1).random(50)
    assert mean_estimate(values) == mean_estimate(values)


def test_nothing_to_measure_is_no_figure() -> None:
    nothing = np.array([])
    one = np.array([0.5])
    assert mean_estimate(nothing) == Estimate()
    assert auroc(one, nothing) == auroc(nothing, one) == Estimate()
    assert expected_calibration_error(nothing, nothing) == Estimate()
    assert refused_at(one, nothing, 0.95) == Estimate()
    assert threshold_refusing(nothing, 0.95) is None
    assert reliability_bins(nothing, nothing) == []


def test_auroc_counts_pairs_and_half_of_the_ties() -> None:
    # Pairs: 0.9 beats both, 0.4 beats 0.1 and ties with 0.4: 3.5 of 4.
    assert auroc(np.array([0.9, 0.4]), np.array([0.4, 0.1])).value == 3.5 / 4


@pytest.mark.parametrize("decimals", [1, 8], ids=["with many ties", "without ties"])
def test_auroc_agrees_with_other_libraries(decimals: int) -> None:
    rng = np.random.default_rng(2)
    positive = rng.normal(0.6, 0.2, 300).round(decimals)
    negative = rng.normal(0.4, 0.2, 200).round(decimals)
    found = auroc(positive, negative)
    truth = np.repeat([1, 0], [300, 200])
    assert found.value == pytest.approx(roc_auc_score(truth, np.concatenate([positive, negative])))
    assert found.value == pytest.approx(mannwhitneyu(positive, negative).statistic / 60_000)


def test_the_interval_of_auroc_is_that_of_resampling_one_by_one() -> None:
    rng = np.random.default_rng(3)
    positive, negative = rng.normal(0.6, 0.2, 60), rng.normal(0.4, 0.2, 40)
    slow = [
        float(np.mean(rng.choice(positive, 60)[:, None] > rng.choice(negative, 40)))
        for _ in range(1000)
    ]
    found = auroc(positive, negative)
    assert found.low == pytest.approx(np.percentile(slow, 2.5), abs=0.015)
    assert found.high == pytest.approx(np.percentile(slow, 97.5), abs=0.015)


def test_calibration_error_weighs_the_gap_of_each_bin() -> None:
    predicted = np.array([0.05, 0.05, 0.95, 1.0])
    right = np.array([0.0, 1.0, 1.0, 1.0])
    # First bin: |0.05 - 0.5| for two of four; last bin: |0.975 - 1| for two of four.
    assert expected_calibration_error(predicted, right).value == pytest.approx(0.45 / 2 + 0.025 / 2)


def test_the_reliability_plot_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    predicted = rng.random(500)
    right = (rng.random(500) < predicted**2).astype(float)
    bins = reliability_bins(predicted, right)
    shares, means = calibration_curve(right, predicted, n_bins=10)
    assert [b.right for b in bins] == pytest.approx(shares)
    assert [b.predicted for b in bins] == pytest.approx(means)
    assert sum(b.n for b in bins) == 500
    weighed = sum(b.n * abs(b.predicted - b.right) for b in bins) / 500
    assert expected_calibration_error(predicted, right).value == pytest.approx(weighed)


def test_a_threshold_refuses_the_part_it_should_and_no_more_than_it_must() -> None:
    scores = np.arange(1, 21) / 100
    threshold = threshold_refusing(scores, 0.95)
    assert threshold is not None
    assert (scores < threshold).sum() == 19


def test_a_threshold_refuses_all_that_score_the_same() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.5])
    threshold = threshold_refusing(scores, 0.5)
    assert threshold is not None
    assert (scores < threshold).all()


def test_refused_at_is_the_share_below_that_threshold() -> None:
    off_topic = np.arange(1, 21) / 100  # 19 of them are at most 0.19
    answerable = np.array([0.1, 0.19, 0.195, 0.9])
    found = refused_at(answerable, off_topic, 0.95)
    assert found.value == 0.5
    assert found.low is not None and found.high is not None
    assert found.low < 0.5 < found.high


def test_mcnemar_counts_only_where_the_systems_differ() -> None:
    first = np.array([True] * 9 + [False] + [True] * 50 + [False] * 50)
    second = np.array([False] * 9 + [True] + [True] * 50 + [False] * 50)
    # Of ten coins nine or ten alike, either way: 2 (1 + 10) / 1024.
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (9, 1)
    assert found.p == pytest.approx(22 / 1024)


def test_equal_systems_do_not_differ() -> None:
    same = np.array([True, False])
    assert mcnemar(same, same).p == 1


def test_figures_and_intervals_of_the_published_reports_stay_what_they_were() -> None:
    # Values of version 0.1, whose resampling was its own; the same draws give the same intervals.
    rng = np.random.default_rng(7)
    scores, others = np.round(rng.beta(4, 2, 240), 4), np.round(rng.beta(2, 4, 90), 3)
    right = (rng.random(240) < scores).astype(float)
    below = np.round(rng.random(40), 3)
    stored = [
        (mean_estimate(right), 0.679167, 0.620833, 0.733333),
        (mean_estimate(scores, seed=3), 0.669693, 0.648684, 0.689806),
        (ratio_estimate(scores[:40], below, seed=3), 1.408127, 1.202098, 1.675681),
        (auroc(scores, others), 0.891088, 0.846065, 0.928067),
        (expected_calibration_error(scores, right), 0.043312, 0.037687, 0.113380),
        (refused_at(scores, others, 0.95), 0.604167, 0.341667, 0.754167),
    ]
    for found, value, low, high in stored:
        assert found.value == pytest.approx(value, abs=1e-6)
        assert found.low == pytest.approx(low, abs=1e-6)
        assert found.high == pytest.approx(high, abs=1e-6)


def test_one_value_is_its_own_interval() -> None:
    one, some = np.array([0.25]), np.array([0.1, 0.2, 0.3])
    assert mean_estimate(one) == Estimate(0.25, 0.25, 0.25)
    assert expected_calibration_error(one, np.array([1.0])) == Estimate(0.75, 0.75, 0.75)
    assert auroc(one, some).value == pytest.approx(2 / 3)


def test_a_ratio_over_nothing_is_no_figure_and_an_infinite_mean_has_no_interval() -> None:
    values = np.array([1.0, 2.0])
    assert ratio_estimate(values, np.zeros(2)) == Estimate()
    assert mean_estimate(np.array([np.inf, 1.0])) == Estimate(np.inf)
    assert ratio_estimate(np.ones(4), np.array([0, 0, 0, 1.0])).value == 4
