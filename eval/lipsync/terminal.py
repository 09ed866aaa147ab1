"""The report as tables on a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .figures import FIGURES
from .report import Report, shown
from .summary import ALL, Figures

BRIEF = ("lse_d", "lse_c", "in_sync", "mouth_psnr", "mouth_ssim", "opening_loudness")
"""What is shown of single sets, languages and voices; report.json has all."""


def tables(report: Report) -> Iterator[RenderableType]:
    """All clips in full, then each group in brief, then what was not measured."""
    yield _whole(report, report.groups[ALL][ALL])
    for grouping, groups in report.groups.items():
        if grouping != ALL and len(groups) > 1:
            yield _brief(grouping, groups)
    for note in report.notes:
        yield Text(note, style="dim")
    for figure, reason in report.missing.items():
        yield Text(f"{figure} not measured: {reason}", style="yellow")
    if report.left_out:
        yield Text(f"{len(report.left_out)} left out, the first: {report.left_out[0]}", "yellow")


def _whole(report: Report, hands: dict[str, Figures]) -> Table:
    judges = " and ".join(report.judges.values())
    table = Table(title=f"{report.n_clips:,} clips, judged by {judges}", box=SIMPLE)
    table.add_column("", no_wrap=True)
    for hand in hands:
        table.add_column(hand, justify="right")
    for figure, about in FIGURES.items():
        if any(figure in figures for figures in hands.values()):
            cells = (_cell(shown(figure, figures.get(figure))) for figures in hands.values())
            better = {"high": " ↑", "low": " ↓"}.get(about.better, "")
            table.add_row(Text.assemble(figure, (better, "dim")), *cells)
    table.caption = (
        "In brackets: the 95 % confidence interval (bootstrap over clips). ↑ ↓: which way is better"
    )
    return table


def _brief(grouping: str, groups: dict[str, dict[str, Figures]]) -> Table:
    table = Table(title=f"by {grouping}", box=SIMPLE)
    for heading in (grouping, "drawn by", "clips"):
        table.add_column(heading)
    for figure in BRIEF:
        table.add_column(figure, justify="right")
    for group, hands in groups.items():
        for i, (hand, figures) in enumerate(hands.items()):
            n = max((mean.n for mean in figures.values()), default=0) if i == 0 else ""
            cells = (shown(f, figures.get(f)).partition(" ")[0] for f in BRIEF)
            table.add_row("" if i else group, hand, str(n), *cells)
    return table


def _cell(text: str) -> Text:
    value, space, interval = text.partition(" ")
    return Text.assemble(value, (f"\n{interval}" if space else "", "dim"))
