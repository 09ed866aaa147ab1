"""A process that reads files for another one, and is lost with a file that abuses it.

Start it as ``python -m ingest.readers.worker DESCRIPTOR [MODULE ...]`` with an inherited end of a
pipe and the modules outside this package that register formats: it
answers each (path, name, ocr, limits) with the content or an :class:`UnreadableFile`; before it,
as often as it likes, with the share that it has read, a float.
"""

import importlib
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from ..content import Content, UnreadableFile
from .limits import ReadLimits
from .reading import read

Request = tuple[Path, str, bool, ReadLimits]
Answer = Content | UnreadableFile | float

_BUSY = 5
"""How much longer than computing a file may take by the clock."""


def serve(pipe: Connection) -> None:
    """Answer requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    while True:
        try:
            path, name, ocr, limits = pipe.recv()
        except EOFError:
            return
        _bound(limits.memory_bytes)
        # The alarms kill the process, also from within a library that never comes back.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        signal.alarm(limits.ocr_seconds if ocr else _BUSY * limits.seconds)
        answer: Answer
        try:
            answer = read(path, name=name, ocr=ocr, limits=limits, progress=pipe.send)
        except UnreadableFile as error:
            answer = error
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        pipe.send(answer)


def _bound(memory_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    for module in sys.argv[2:]:
        importlib.import_module(module)
    serve(Connection(int(sys.argv[1])))
