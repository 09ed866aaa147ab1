"""The server as a process of its own, and what it takes from the machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from agent.settings import FILE_VARIABLE, PREFIX, Settings

_SAYS = "listening on "


@dataclass(frozen=True, slots=True)
class ServerUsage:
    """What the server has taken so far."""

    at: float
    """When, ``time.monotonic``."""
    cpu_s: float
    """CPU time of all its threads and children."""
    resident_mib: float
    """Memory, with the files that are mapped into it (models, what is kept of faces)."""
    own_mib: float
    """The same without them."""


class ServerProcess:
    """A running server.

    Args:
        url: Where it listens.
        process: Its process.
    """

    def __init__(self, url: str, process: psutil.Process) -> None:
        self.url = url
        self._process = process

    def read(self) -> ServerUsage:
        """What it has taken so far.

        Raises:
            OSError: It is gone.
        """
        try:
            cpu, memory = self._process.cpu_times(), self._process.memory_info()
        except psutil.NoSuchProcess:
            raise OSError("the server ended while it was measured") from None
        own = memory.rss - getattr(memory, "shared", 0)  # known on Linux
        return ServerUsage(
            time.monotonic(),
            cpu.user + cpu.system + cpu.children_user + cpu.children_system,
            memory.rss / 2**20,
            own / 2**20,
        )


@contextmanager
def running_server(settings: Settings, folder: Path) -> Iterator[ServerProcess]:
    """Start a server with these settings on a free port; it ends with the block.

    Args:
        settings: Those of the environment are not looked at.
        folder: For its settings and its log.

    Raises:
        OSError: It does not start; the text has the end of its log.
    """
    file, log = folder / "settings.yaml", folder / "server.log"
    file.write_text(yaml.safe_dump(settings.model_dump(mode="json"), allow_unicode=True), "utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    environment[FILE_VARIABLE] = str(file)
    command = [sys.executable, "-m", "agent", "serve", "--host", "127.0.0.1", "--port", "0"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield ServerProcess(_address(process, log), psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Where it says that it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()  # empty if it ends; the first start may take minutes
    if not line.startswith(_SAYS):
        last = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
        raise OSError("the server did not start: " + " / ".join(last))
    return line.removeprefix(_SAYS).strip()
