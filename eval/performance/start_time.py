"""How long the server takes from its command until it can be asked, and its memory then."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from agent.settings import Settings

from ..machine import machine_name
from .server_process import running_server


@dataclass(frozen=True, slots=True)
class ServerStart:
    """One start of ``python -m agent serve``."""

    is_first: bool
    """Its data folder was empty: the sample entries were put into a store."""
    ready_s: float
    """From starting the process until it listens, with everything loaded."""
    cpu_s: float
    """CPU time of all its threads and children until then."""
    resident_mib: float
    """Its memory then, with the files that are mapped into it."""
    own_mib: float
    """The same without them."""


def measure_starts(settings: Settings, n: int) -> Iterator[ServerStart]:
    """Start the server with an empty data folder, then again with what that start left.

    Args:
        settings: Those of the deployment, but for ``data_dir``.
        n: Starts after the first.

    Raises:
        OSError: The server does not start; the text has the end of its log.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = settings.model_copy(update={"data_dir": folder / "var"})
        for number in range(n + 1):
            begun = time.monotonic()
            with running_server(settings, folder) as server:
                ready_s = time.monotonic() - begun
                used = server.read()
            yield ServerStart(number == 0, ready_s, used.cpu_s, used.resident_mib, used.own_mib)


def start_table(starts: list[ServerStart]) -> Table:
    """The first start, and the medians of those that followed."""
    shown = Table(
        title="From the command until the server listens",
        caption=f"{machine_name()}; files that the system has cached are read from there",
    )
    for heading in ("", "seconds", "CPU seconds", "memory, MiB", "without mapped files"):
        shown.add_column(heading, justify="right" if heading else "left")
    first = [start for start in starts if start.is_first]
    later = [start for start in starts if not start.is_first]
    for title, some in (
        ("with an empty data folder", first),
        (f"again, median of {len(later)}", later),
    ):
        if some:
            shown.add_row(
                title,
                f"{statistics.median(start.ready_s for start in some):.1f}",
                f"{statistics.median(start.cpu_s for start in some):.1f}",
                f"{statistics.median(start.resident_mib for start in some):.0f}",
                f"{statistics.median(start.own_mib for start in some):.0f}",
            )
    return shown
