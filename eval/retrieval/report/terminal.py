"""The report as tables on a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..evaluation import RetrievalOutcome, RetrievalReport
from . import WORST, comparisons, headings, label, shown, worst

N_WORST = 3  # of each kind


def tables(report: RetrievalReport) -> Iterator[RenderableType]:
    """The figures of all systems, the paired tests, and the worst cases."""
    figures = Table(title=report.exam.summary(), box=SIMPLE)
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
        f"SHA-256 of entries {report.exam.data['faq'][:12]}, of questions "
        f"{report.exam.data['questions'][:12]}, of models "
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
            cases.add_row(*_case(finding))
    if cases.row_count:
        yield cases


def _figure(text: str) -> Text:
    value, space, interval = text.partition(" ")
    return Text.assemble(value, (f"\n{interval}" if space else "", "dim"))


def _case(finding: RetrievalOutcome) -> tuple[Text, Text, Text, str]:
    best = finding.found[0].entry if finding.found else None
    return (
        Text(finding.question.text),
        Text(", ".join(finding.question.gold) or "none"),
        Text(f"{best.faq_id} {best.question}" if best else "nothing"),
        f"{finding.score:.2f}",
    )
