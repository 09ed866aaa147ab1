"""One evaluation as tables on a terminal, as JSON and as CSV."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..metrics import Estimate, with_intervals
from ..reporting import settings_record
from .evaluation import RetrievalOutcome, RetrievalReport, RetrievalResult, Verdict

N_WORST = 3  # of each kind, on a terminal
N_FOUND = 5  # passages of each question, in the CSV

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


def tables(report: RetrievalReport) -> Iterator[RenderableType]:
    """The figures of all systems, the paired tests, and the worst cases."""
    figures = Table(title=report.test_set.summary(), box=SIMPLE)
    figures.add_column("")
    for heading in headings(report):
        figures.add_column(heading, justify="right")
    for name in report.result.figures:
        cells = (_figure(shown(name, result.figures[name])) for result in report.results)
        figures.add_row(Text.assemble(name, (f"\n{label(name, report.k)[0]}", "dim")), *cells)
    yield figures
    yield Text(
        "In brackets: the 95 % confidence interval (bootstrap). Beside a name: the score from "
        "which it answers; for a baseline, the one that refuses 95 % of the off-topic questions "
        "here (without any, it always answers).\n"
        f"SHA-256 of entries {report.test_set.data['faq'][:12]}, of questions "
        f"{report.test_set.data['questions'][:12]}, of models "
        f"{' '.join(digest[:12] for digest in report.result.models.values())}",
        style="dim",
    )
    for sentence in comparisons(report):
        yield Text(sentence)
    cases = Table(title="Worst cases", show_lines=True)
    for heading in ("question", "right", "found", "score"):
        cases.add_column(heading)
    for verdict, (english, _) in WORST.items():
        chosen = worst(report.result, verdict, N_WORST)
        if chosen:
            cases.add_row(Text(english, style="bold"))
        for finding in chosen:
            cases.add_row(*_case_cells(finding))
    if cases.row_count:
        yield cases


def _figure(text: str) -> Text:
    value, space, interval = text.partition(" ")
    return Text.assemble(value, (f"\n{interval}" if space else "", "dim"))


def _case_cells(finding: RetrievalOutcome) -> tuple[Text, Text, Text, str]:
    best = finding.found[0].entry if finding.found else None
    return (
        Text(finding.question.text),
        Text(", ".join(finding.question.gold) or "none"),
        Text(f"{best.faq_id} {best.question}" if best else "nothing"),
        f"{finding.score:.2f}",
    )


def write_json(report: RetrievalReport, path: Path) -> None:
    """Write ``report.json``: the figures of all systems with what is needed to measure them again.

    The figures of the configuration under test are keys of the object itself, with
    their intervals beside them (``top1``, ``top1_ci``); each baseline is an object
    under its own name with the same keys, ``comparison`` likewise.
    """
    path.write_text(json.dumps(record(report), ensure_ascii=False, indent=1) + "\n", "utf-8")


def record(report: RetrievalReport) -> dict[str, Any]:
    """The object that :func:`write_json` writes."""
    whole = _system(report.result) | {"k": report.k} | report.test_set.record()
    whole |= {baseline.name: _system(baseline) for baseline in report.baselines}
    if report.comparison:
        tests = {figure: asdict(test) for figure, test in report.comparison.tests.items()}
        whole["comparison"] = _system(report.comparison.result) | {"mcnemar": tests}
    return whole


def _system(result: RetrievalResult) -> dict[str, Any]:
    return with_intervals(result.figures) | {
        "name": result.name,
        "reliability": [asdict(bin_) for bin_ in result.reliability],
        "settings": settings_record(result.settings),
        "models": result.models,
    }


CSV_COLUMNS = ("question", "kind", "split", "gold", "verdict", "outcome", "rank", "score", "ms")


def write_csv(report: RetrievalReport, path: Path) -> None:
    """Write ``questions.csv``: of each question the best passages and all systems' verdicts.

    UTF-8 with a byte order mark: without it spreadsheets show Chinese as noise.
    """
    others = report.results[1:]
    found = [f"found{rank}" for rank in range(1, N_FOUND + 1)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*CSV_COLUMNS, "found_question", *found, *(other.name for other in others)])
        for index, finding in enumerate(report.result.findings):
            verdicts = (other.findings[index].verdict for other in others)
            writer.writerow([*_csv_row(finding), *verdicts])


def _csv_row(finding: RetrievalOutcome) -> list[str]:
    ids = [passage.entry.faq_id for passage in finding.found[:N_FOUND]]
    return [
        finding.question.text,
        finding.question.kind,
        finding.question.split,
        ";".join(finding.question.gold),
        finding.verdict,
        finding.outcome,
        str(finding.rank or ""),
        f"{finding.score:.4f}",
        f"{finding.ms:.1f}",
        finding.found[0].entry.question if finding.found else "",
        *ids,
        *[""] * (N_FOUND - len(ids)),
    ]
