"""Several files side by side, each in a process that can be given up."""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from queue import SimpleQueue

from ..content import Content, FoundFile, RefusedFile, UnreadableFile
from .limits import LIMITS, ReadLimits
from .registry import outside_modules

_PROJECT_ROOT = Path(__file__).parent.parent.parent


def read_many(
    found: Iterable[FoundFile | RefusedFile],
    *,
    workers: int = 1,
    ocr: bool = False,
    limits: ReadLimits = LIMITS,
    progress: Callable[[FoundFile, float], None] = lambda item, share: None,
) -> Generator[tuple[FoundFile | RefusedFile, Content | UnreadableFile], None, None]:
    """Read files in worker processes; what comes out keeps the order of what goes in.

    A file that takes too long, too much memory, or its worker down is an
    :class:`UnreadableFile`; the next one gets a new worker. Closing the generator stops the
    workers.

    Args:
        found: Files from :func:`ingest.files.find_files`; what was refused there passes through.
        workers: Processes, each bounded by ``limits.memory_bytes``.
        ocr: Recognise the characters of scanned pages.
        limits: Bounds of what is taken in.
        progress: Told, in any thread, which share of a file is read, in [0, 1].
    """
    idle: SimpleQueue[_ReaderProcess] = SimpleQueue()
    pool = [_ReaderProcess() for _ in range(workers)]
    for worker in pool:
        idle.put(worker)

    def read_one(item: FoundFile | RefusedFile) -> Content | UnreadableFile:
        if isinstance(item, RefusedFile):
            return UnreadableFile.of(item.reason, file=item.name)
        worker = idle.get()
        try:
            return worker.read(item, ocr, limits, lambda share: progress(item, share))
        finally:
            idle.put(worker)

    waiting: deque[tuple[FoundFile | RefusedFile, Future[Content | UnreadableFile]]] = deque()
    try:
        with ThreadPoolExecutor(workers) as threads:
            try:
                for item in found:
                    waiting.append((item, threads.submit(read_one, item)))
                    if len(waiting) > workers:  # one ahead of the workers: contents are big
                        item, future = waiting.popleft()
                        yield item, future.result()
                while waiting:
                    item, future = waiting.popleft()
                    yield item, future.result()
            finally:
                # Killing the processes ends the threads that wait for them.
                threads.shutdown(wait=False, cancel_futures=True)
                for worker in pool:
                    worker.close()
    finally:
        for worker in pool:  # one that a thread was just about to start
            worker.close()


class _ReaderProcess:
    """One process at a time, started when there is something to read."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(
        self, item: FoundFile, ocr: bool, limits: ReadLimits, progress: Callable[[float], None]
    ) -> Content | UnreadableFile:
        process = self._started()
        try:
            self._pipe.send((item.path, item.name, ocr, limits))
            while isinstance(answer := self._pipe.recv(), float):
                progress(answer)
            found: Content | UnreadableFile = answer
            return found
        except (EOFError, OSError):
            code = process.wait()
            self._process = None
            self._pipe.close()
            if code in (-signal.SIGPROF, -signal.SIGALRM):
                return UnreadableFile("slow_file", file=item.name, seconds=limits.seconds)
            return UnreadableFile("crashed_reader", file=item.name)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._pipe, theirs = Pipe()
            # A plain interpreter, not a copy of this one: that may hold gigabytes of models.
            paths = [str(_PROJECT_ROOT), *sys.path]
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ingest.readers.worker", str(theirs.fileno())),
                    *outside_modules(),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )
            theirs.close()
        return self._process
