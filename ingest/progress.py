"""What the person at the terminal sees while files go in, and when they are in."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from .intake import FileReport

N_SHOWN = 10  # bad rows of a file; the rest is counted


def shown(coming: Iterable[FileReport], console: Console) -> Iterator[FileReport]:
    """Pass the reports on, with a bar that says how many files and entries are done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("files", total=None, rate="")
        n_entries = 0
        for report in coming:
            n_entries += report.n_entries
            seconds = bar.tasks[0].elapsed or 1
            rate = f"{n_entries} entries, {n_entries / seconds:.0f}/s"
            bar.update(task, advance=1, description=report.name[-40:], rate=rate)
            yield report


def summarise(reports: list[FileReport], console: Console) -> None:
    """Print a table of the files, and below it what needs attention."""
    table = Table("file", "outcome", "entries", "passages", "bad rows", "held back")
    for report in reports:
        counts = (
            report.n_entries, report.n_passages, len(report.bad_rows), len(report.held_back)
        )  # fmt: skip
        table.add_row(report.name, report.outcome, *(str(n) if n else "" for n in counts))
    console.print(table)
    for report in reports:
        if report.reason:
            console.print(f"[red]{report.name}[/red]: {report.reason}", soft_wrap=True)
        for row in report.bad_rows[:N_SHOWN]:
            sheet = f", {row.table}" if row.table else ""
            console.print(f"{row.file}{sheet}, row {row.row}: {row.reason}", soft_wrap=True)
        if len(report.bad_rows) > N_SHOWN:
            console.print(f"{report.name}: and {len(report.bad_rows) - N_SHOWN} more bad rows")
        for reasons in report.held_back:
            console.print(f"{report.name}: held back: {'; '.join(reasons)}", soft_wrap=True)
    if any(report.held_back for report in reports):
        console.print("see 'python -m ingest quarantine'")


def as_record(report: FileReport) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "name": report.name,
        "outcome": report.outcome,
        "reason": report.reason,
        "entries": report.n_entries,
        "passages": report.n_passages,
        "bad_rows": [
            {"table": row.table, "row": row.row, "reason": row.reason} for row in report.bad_rows
        ],
        "held_back": [list(reasons) for reasons in report.held_back],
    }
