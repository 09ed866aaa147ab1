"""The machine that measures: its name, the memory of a process, measurements in fresh processes."""

import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
"""The parent folder of this package, from which a fresh process imports it."""


def machine_name() -> str:
    """The processor's model and how many cores it shows, for captions of tables."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        named = next(line for line in lines if line.startswith("model name"))
        name = named.partition(":")[2].strip()
    except (OSError, StopIteration):  # not Linux
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def resident_mib(process: psutil.Process | None = None, *, children: bool = False) -> float:
    """Resident memory, MiB; what processes share counts for each of them.

    Args:
        process: By default this one.
        children: Add those it started, and what they started.
    """
    process = process or psutil.Process()
    total = 0
    for one in _family(process) if children else [process]:
        with suppress(psutil.NoSuchProcess):  # it ended just now
            total += one.memory_info().rss
    return total / 2**20


def measure_in_fresh_process(
    module: str, *arguments: str, what: str, n_threads: int = 1
) -> dict[str, Any]:
    """What a module of this package measures, in a process whose memory is its own.

    Args:
        module: Run with ``python -m``; its last line of output is a JSON object.
        arguments: Of its command line.
        what: Named if it fails.
        n_threads: Of the numeric libraries.

    Raises:
        OSError: The process failed; the text ends with its last line.
    """
    threads = {"OMP_NUM_THREADS": str(n_threads), "OPENBLAS_NUM_THREADS": str(n_threads)}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | threads, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise OSError(f"{what} could not be measured: {' '.join(last)}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
