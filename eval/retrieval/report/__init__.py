"""One evaluation as a table, JSON, CSV and a web page."""

from collections.abc import Iterable
from pathlib import Path

from ...metrics import Estimate
from ..evaluation import RetrievalOutcome, RetrievalReport, RetrievalResult, Verdict

LABELS: dict[str, tuple[str, str]] = {
    "top1": ("best passage is right", "首条正确率"),
    "recall": ("a right one in the first {k}", "前 {k} 条召回率"),
    "mrr10": ("mean reciprocal rank, first 10", "前 10 条平均倒数排名"),
    "answered_right": ("answered right", "答对"),
    "answered_wrong": ("answered wrong", "答错"),
    "wrongly_refused": ("wrongly refused", "误拒"),
    "suggested": ("refused, but suggestions offered", "误拒但给出建议"),
    "rightly_refused_near": ("near misses refused", "相近问题正确拒答"),
    "rightly_refused_far": ("off topic refused", "无关问题正确拒答"),
    "suggested_near": ("near misses, suggestions offered", "相近问题给出建议"),
    "suggested_far": ("off topic, suggestions offered", "无关问题给出建议"),
    "auroc_near": ("AUROC against near misses", "AUROC（相近问题）"),
    "auroc_far": ("AUROC against off topic", "AUROC（无关问题）"),
    "refused_at_95_far": (
        "answerable ones refused when 95 % of off topic are",
        "无关问题拒答 95% 时的误拒率",
    ),
    "ece": ("expected calibration error", "期望校准误差"),
    "latency_p50_ms": ("time to the answer, median, ms", "响应时间中位数（毫秒）"),
    "latency_p95_ms": ("time to the answer, 95th percentile, ms", "响应时间 95 分位（毫秒）"),
}
WORST: dict[Verdict, tuple[str, str]] = {
    "wrongly answered": ("Answered, although no entry answers it", "应拒未拒"),
    "answered wrong": ("Answered with the wrong entry", "答错"),
    "wrongly refused": ("Refused, although an entry answers it", "误拒"),
}


def label(figure: str, k: int) -> tuple[str, str]:
    """What a figure is called, in English and Chinese."""
    english, chinese = LABELS["recall" if figure.startswith("recall") else figure]
    return english.format(k=k), chinese.format(k=k)


def shown(figure: str, estimate: Estimate) -> str:
    """A figure with its interval, or a dash where nothing could be measured.

    >>> shown("top1", Estimate(0.9, 0.85, 0.95))
    '0.900 [0.850, 0.950]'
    """
    if estimate.value is None:
        return "–"
    if figure.endswith("_ms"):
        return f"{estimate.value:.1f}"
    interval = f" [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate.low is not None else ""
    return f"{estimate.value:.3f}{interval}"


def headings(report: RetrievalReport) -> list[str]:
    """The name of each system with the score from which it answers."""
    return [f"{Path(r.name).name} ≥ {r.settings.answer_from:.2f}" for r in report.results]


def worst(result: RetrievalResult, verdict: Verdict, n: int) -> list[RetrievalOutcome]:
    """The surest mistakes first: the highest scores answered, the lowest refused."""
    cases = [finding for finding in result.findings if finding.verdict == verdict]
    answered = verdict != "wrongly refused"
    return sorted(cases, key=lambda finding: finding.score, reverse=answered)[:n]


def comparisons(report: RetrievalReport) -> Iterable[str]:
    """What the paired tests say, a sentence each."""
    if report.comparison is None:
        return
    first, second = report.result.name, report.comparison.result.name
    for figure, test in report.comparison.tests.items():
        yield (
            f"{label(figure, report.k)[0]}: only {first} {test.only_first}, "
            f"only {second} {test.only_second}, exact McNemar p = {test.p:.3g}"
        )
