"""Ingestion in a thread behind the page: closing or reloading the page does not stop it."""

import logging
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ingest.pipeline import FileProgress, FileReport, ProgressCallback
from retrievers import StoreError

from .uploads import Upload, save

logger = logging.getLogger(__name__)

IngestFunction = Callable[[Sequence[Path], ProgressCallback], Generator[FileReport, None, None]]
STORE_ERRORS = (StoreError, OSError, ValueError, sqlite3.Error)
"""What can go wrong with the store and the journal; the texts are for people."""


@dataclass
class IngestJob:
    """One upload of files. Its thread writes, pages read."""

    who: str
    n_files: int
    steps: dict[str, FileProgress] = field(default_factory=dict)
    """How far each file is, by its name; the first that was begun stands first."""
    reports: list[FileReport] = field(default_factory=list)
    is_running: bool = True
    is_stopped: bool = False
    """Somebody asked it to stop after the files it is at."""
    error: Exception | None = None
    """Why it ended before all files were done."""

    def note(self, step: FileProgress) -> None:
        """Remember how far a file is."""
        self.steps[step.name] = step

    def stop(self) -> None:
        """End it after the files that it is at."""
        self.is_stopped = True


class IngestJobs:
    """Ingests one upload at a time, each in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.job: IngestJob | None = None
        """The upload being ingested, or the last one."""

    @property
    def is_running(self) -> bool:
        """Whether an upload is being ingested."""
        return self.job is not None and self.job.is_running

    def start(
        self, uploads: Sequence[Upload], who: str, ingest: IngestFunction
    ) -> IngestJob | None:
        """Begin to ingest files; None if an earlier upload is still being ingested.

        Args:
            uploads: The files, of different names.
            who: Whoever uploaded them.
            ingest: Tells how far each file is and yields a report of each; closing it leaves
                every file in or out.

        Raises:
            OSError: The files cannot be written down.
        """
        with self._lock:
            if self.is_running:
                return None
            folder = tempfile.TemporaryDirectory(prefix="zhengwen-", ignore_cleanup_errors=True)
            try:
                paths = save(uploads, Path(folder.name))
            except BaseException:
                folder.cleanup()
                raise
            self.job = job = IngestJob(who, len(paths))
        threading.Thread(
            target=_run_job, args=(job, folder, paths, ingest), name="staff-ingest", daemon=True
        ).start()
        return job


def _run_job(
    job: IngestJob,
    folder: "tempfile.TemporaryDirectory[str]",
    paths: Sequence[Path],
    ingest: IngestFunction,
) -> None:
    try:
        with folder, closing(ingest(paths, job.note)) as coming:
            for report in coming:
                job.reports.append(report)
                if job.is_stopped:
                    break
    except STORE_ERRORS as error:
        job.error = error
    except Exception as error:  # nobody else would see it
        logger.exception("ingesting files failed")
        job.error = error
    finally:
        job.is_running = False
