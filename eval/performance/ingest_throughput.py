"""How long documents take to go in, and how much memory, the way the command line does it.

Each kind of material is made, then taken into a store of its own by ``python -m ingest add`` in
another process, start and sample knowledge base included: what somebody at the terminal waits for.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from agent.settings import Settings
from retrievers.store.faq_files import read_folder

from ..machine import resident_mib
from . import sample_documents
from .store_growth import invented_entries

ROWS, PAGES = 10_000, 1000
ROWS_AIM_S, PAGES_AIM_S = 90.0, 180.0
"""What that many rows and pages may take; more may take longer, fewer may not."""
MEMORY_AIM_MIB = 1536.0
_SAMPLED_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class IngestThroughput:
    """One kind of material, taken in."""

    what: str
    amount: int
    unit: str
    """What ``amount`` counts."""
    entries: int
    seconds: float
    cpu_seconds: float
    """Of all processors together; with other work on the machine the truer figure."""
    memory_mib: float
    """Most resident memory of all processes together; what they share counts for each."""
    aim_s: float | None

    @property
    def beyond(self) -> bool:
        """Whether it took longer or more memory than it may."""
        return self.memory_mib > MEMORY_AIM_MIB or self.seconds > (self.aim_s or float("inf"))


def measure_ingest(
    settings: Settings, *, rows: int, pages: int, workers: int, progress: Console
) -> list[IngestThroughput]:
    """Make the material and take it in.

    Args:
        settings: Whose sample knowledge base the material is made from.
        rows: How many questions and answers; a fifth as many small files are taken in, too.
        pages: Of PDF.
        workers: Processes that read files.
        progress: Where it is said what is being done.

    Raises:
        ValueError: Something could not be taken in.
    """
    entries = list(read_folder(settings.faq))
    rows_aim = ROWS_AIM_S * max(1.0, rows / ROWS)
    pages_aim = PAGES_AIM_S * max(1.0, pages / PAGES)

    def table(path: Path) -> None:
        sample_documents.workbook(path / "faq.xlsx", invented_entries(entries), rows)

    def text_table(path: Path) -> None:
        sample_documents.csv_table(path / "faq.csv", invented_entries(entries), rows)

    def books(path: Path) -> None:
        sample_documents.pdf_regulations(path, invented_entries(entries), pages)

    def law(path: Path) -> None:
        sample_documents.text_statute(path / "statute.txt", invented_entries(entries))

    def folder(path: Path) -> None:
        sample_documents.markdown_notes(path, invented_entries(entries), max(rows // 5, 1))

    plan: list[tuple[str, int, str, float | None, Callable[[Path], None]]] = [
        ("XLSX", rows, "rows", rows_aim, table),
        ("CSV", rows, "rows", rows_aim, text_table),
        ("PDF", pages, "pages", pages_aim, books),
        ("statute, plain text", 1, "files", None, law),
        ("small Markdown files", max(rows // 5, 1), "files", None, folder),
    ]
    found: list[IngestThroughput] = []
    for what, amount, unit, aim, make in plan:
        with tempfile.TemporaryDirectory() as temporary:
            material = Path(temporary, "material")
            material.mkdir()
            make(material)
            with progress.status(f"taking in {amount:,} {unit}, {what}"):
                took = _take_in(material, Path(temporary, "var"), workers)
        found.append(IngestThroughput(what, amount, unit, *took, aim))
    return found


def print_ingest_table(measured: list[IngestThroughput], console: Console) -> None:
    """Print the table."""
    table = Table(title="taking documents in")
    table.add_column("what")
    for heading in ("entries", "seconds", "aim", "rate", "CPU s", "MiB", "aim"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in measured:
        table.add_row(
            f"{row.what}, {row.amount:,} {row.unit}",
            f"{row.entries:,}",
            f"{row.seconds:.0f}",
            f"< {row.aim_s:.0f}" if row.aim_s else "",
            f"{row.amount / row.seconds:.0f}/s",
            f"{row.cpu_seconds:.0f}",
            f"{row.memory_mib:.0f}",
            f"< {MEMORY_AIM_MIB:.0f}",
            style="red" if row.beyond else None,
        )
    console.print(table)


def _take_in(material: Path, data_dir: Path, workers: int) -> tuple[int, float, float, float]:
    """Entries, seconds, seconds of computing, and MiB at most."""
    command = [sys.executable, "-m", "ingest", "add", str(material), "--json"]
    command += ["--workers", str(workers)]
    environment = {**os.environ, "ZHENGWEN_DATA_DIR": str(data_dir)}
    computed, started = _computed_s(), time.perf_counter()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=out, stderr=errors, env=environment) as process,
    ):
        memory = _MemoryWatcher(process.pid)
        code = process.wait()
        seconds = time.perf_counter() - started
        peak_mib = memory.stop()
        out.seek(0)
        errors.seek(0)
        if code:
            why = errors.read().decode(errors="replace") or out.read().decode(errors="replace")
            raise ValueError(f"'python -m ingest add' ended with {code}: {why[-2000:]}")
        entries = sum(file["entries"] for file in json.load(out))
    return entries, seconds, _computed_s() - computed, peak_mib


def _computed_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _MemoryWatcher:
    """Watches what a process and those it starts have in memory."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._most = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most there was, in MiB."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLED_EVERY_S):
            self._most = max(self._most, resident_mib(self._process, children=True))
