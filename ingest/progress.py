"""What the person at the terminal sees while files go in, and when they are in."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

from .files import count_files
from .pipeline import FileProgress, FileReport

N_ROWS_SHOWN = 10  # bad rows of a file; the rest is counted


class IngestProgressBar:
    """On a terminal, how much is done, how fast it goes and how long the rest will take.

    Measured in bytes of files; within a big file it moves, too.

    Args:
        paths: What is taken in.
        console: Where it is shown; silent where that is no terminal.
    """

    def __init__(self, paths: Sequence[Path], console: Console) -> None:
        silent = not console.is_terminal
        n_files, size = (0, 0) if silent else count_files(paths)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn(
                "{task.description}",
                markup=False,  # a file may be called [red]
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[counts]}", table_column=Column(no_wrap=True)),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=silent,
            expand=True,
        )
        self._n_files = n_files
        self._task = self._bar.add_task("", total=size or None, counts="")
        self._lock = threading.Lock()
        self._steps: dict[str, FileProgress] = {}
        self._done = 0.0
        self._n_entries = self._n_finished = 0

    def __enter__(self) -> "IngestProgressBar":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def step(self, step: FileProgress) -> None:
        """Move on."""
        with self._lock:
            before = self._steps.get(step.name, FileProgress(step.name, 0, 0.0))
            self._steps[step.name] = step
            self._done += step.size * step.share - before.size * before.share
            self._n_entries += step.n_entries - before.n_entries
            self._n_finished += step.share == 1.0
            task = self._bar.tasks[0]
            rate = self._n_entries / max(task.elapsed or 0.0, 1.0)
            self._bar.update(
                self._task,
                completed=self._done,
                description=step.name,
                counts=f"{self._n_finished}/{max(self._n_files, self._n_finished)} files, "
                f"{self._n_entries} entries, {rate:.0f}/s",
            )


def print_summary(reports: list[FileReport], console: Console) -> None:
    """Print a table of the files, and below it what needs attention."""
    table = Table("file", "outcome", "entries", "passages", "bad rows", "held back")
    for report in reports:
        counts = (
            report.n_entries, report.n_passages, len(report.bad_rows), len(report.held_back)
        )  # fmt: skip
        table.add_row(escape(report.name), report.outcome, *(str(n) if n else "" for n in counts))
    console.print(table)
    for report in reports:
        if report.reason:
            console.print(
                f"[red]{escape(report.name)}[/red]: {escape(str(report.reason))}", soft_wrap=True
            )
        for warning in report.warnings:
            console.print(f"[yellow]{escape(report.name)}[/yellow]: {warning}", soft_wrap=True)
        for said in report.replaced[:N_ROWS_SHOWN]:
            console.print(f"[yellow]{escape(report.name)}[/yellow]: {said}", soft_wrap=True)
        if len(report.replaced) > N_ROWS_SHOWN:
            console.print(f"{report.name}: and {len(report.replaced) - N_ROWS_SHOWN} more replaced")
        for row in report.bad_rows[:N_ROWS_SHOWN]:
            sheet = f", {row.table}" if row.table else ""
            console.print(f"{row.file}{sheet}, row {row.row}: {row.reason}", soft_wrap=True)
        if len(report.bad_rows) > N_ROWS_SHOWN:
            console.print(f"{report.name}: and {len(report.bad_rows) - N_ROWS_SHOWN} more bad rows")
        for reasons in report.held_back:
            console.print(
                f"{report.name}: held back: {'; '.join(map(str, reasons))}", soft_wrap=True
            )
    if any(report.held_back for report in reports):
        console.print("see 'python -m ingest quarantine'")


def report_to_json(report: FileReport) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "name": report.name,
        "outcome": report.outcome,
        "reason": str(report.reason or ""),
        "entries": report.n_entries,
        "passages": report.n_passages,
        "warnings": list(map(str, report.warnings)),
        "replaced": list(map(str, report.replaced)),
        "bad_rows": [
            {"table": row.table, "row": row.row, "reason": str(row.reason)}
            for row in report.bad_rows
        ],
        "held_back": [[str(reason) for reason in reasons] for reasons in report.held_back],
    }
