"""All vectors made anew from the catalogue, beside those that are there."""

import atexit
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ..base import FaqEntry, StoreBusyError, StoreError
from ..encoder import SentenceEncoder
from .catalogue import Catalogue, RowId
from .vector_folders import VectorFolders
from .vector_index import VectorIndex

_BATCH = 32  # entries that are embedded before somebody may stop it
_WRITTEN_AT_ONCE = 5000  # vectors: Chroma writes its whole index each time
_FIRST_AFTER_S = 3.0  # a command that answers one question is gone by then
_AGAIN_AFTER_S = 300.0  # after an error, such as a full disk
_LOG_EVERY_S = 10.0

logger = logging.getLogger(__name__)


class RebuildStoppedError(StoreError):
    """The process ends before all vectors were made; the ones there were are as they were."""


class VectorRebuild:
    """Makes the vectors of every entry and publishes them at the end, as one step.

    It takes the store's write lock only at the end. What was changed until then is caught up
    with, so that writers need not wait; they leave the vectors alone meanwhile.

    Args:
        data_dir: Of the store.
        catalogue: Of the store.
        folders: Of the store.
        encoder: Makes the vectors.
        write_lock: Of the store; the calling thread may hold it already.

    Attributes:
        n_done: Entries that have their vectors.
        n_total: Entries in all; 0 while nothing is under way in this process.
    """

    def __init__(
        self,
        data_dir: Path,
        catalogue: Catalogue,
        folders: VectorFolders,
        encoder: SentenceEncoder,
        write_lock: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._catalogue = catalogue
        self._folders = folders
        self._encoder = encoder
        self._write_lock = write_lock
        self._one_at_a_time = FileLock(data_dir / "rebuilding.lock")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.n_done = self.n_total = 0

    def run(self, *, set_aside: bool) -> bool:
        """Make them now; returns False if another process is making them already.

        Args:
            set_aside: Keep the folder that is published now for whoever wants to know what
                happened to it.

        Raises:
            StoreError: It cannot be done now; the text says why.
        """
        try:
            with self._one_at_a_time.acquire(timeout=0):
                self._rebuild(set_aside)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(f"the vectors cannot be made anew: {error}") from error
        finally:
            self.n_done = self.n_total = 0
        return True

    def start(self, is_wanted: Callable[[], bool]) -> None:
        """Make them in the background, once this process has lived for some seconds.

        Args:
            is_wanted: Whether nobody else has made them meanwhile.
        """
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._in_the_background, args=(is_wanted,), daemon=True
            )
            self._thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        """End what is done in the background, and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _in_the_background(self, is_wanted: Callable[[], bool]) -> None:
        with suppress(OSError, AttributeError):  # answers to visitors come first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
        pause_s = _FIRST_AFTER_S
        while not self._stop.wait(pause_s) and is_wanted():
            try:
                self.run(set_aside=True)
                pause_s = _FIRST_AFTER_S
            except RebuildStoppedError:
                return
            except StoreError as error:
                logger.warning("the vectors cannot be made anew: %s", error)
                pause_s = _AGAIN_AFTER_S
        atexit.unregister(self.stop)

    def _rebuild(self, set_aside: bool) -> None:
        folder = self._folders.rebuilding()
        index = VectorIndex(folder)
        try:
            self.n_total = len(self._catalogue)
            logger.info("the vectors of %d entries are being made anew", self.n_total)
            done = self._embed(index, self._catalogue.rows())
            with self._at_the_end():
                live = dict(self._catalogue.rows())
                done |= self._embed(index, ((r, e) for r, e in live.items() if r not in done))
                index.remove({row: range(n) for row, n in done.items() if row not in live})
                before = self._folders.published()
                sealed = self._folders.seal(index, folder)
                facts = {**sealed.to_fact(), "encoder": self._encoder.fingerprint}
                self._catalogue.publish(facts)
                self._folders.tidy(damaged=before if set_aside else None)
            logger.info("the vectors of %d entries are there", len(live))
        except BaseException:
            index.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _embed(
        self, index: VectorIndex, rows: Iterable[tuple[RowId, FaqEntry]]
    ) -> dict[RowId, int]:
        """Write the vectors of rows; returns how many wordings each has."""
        done: dict[RowId, int] = {}
        waiting: dict[RowId, FaqEntry] = {}
        vectors: list[NDArray[np.float32]] = []
        logged_at = time.monotonic()
        coming = iter(rows)
        while some := dict(islice(coming, _BATCH)):
            if self._stop.is_set():
                raise RebuildStoppedError("the vectors were not made anew: the process ended")
            texts = [text for e in some.values() for text in (e.question, *e.wordings)]
            vectors.append(self._encoder.encode(texts))
            waiting |= some
            if sum(map(len, vectors)) >= _WRITTEN_AT_ONCE:
                index.add(waiting, np.concatenate(vectors))
                waiting, vectors = {}, []
            done |= {row: 1 + len(entry.wordings) for row, entry in some.items()}
            self.n_done += len(some)
            if time.monotonic() - logged_at > _LOG_EVERY_S:
                logger.info("vectors of %d of %d entries", self.n_done, self.n_total)
                logged_at = time.monotonic()
        if waiting:
            index.add(waiting, np.concatenate(vectors))
        return done

    def _at_the_end(self) -> AbstractContextManager[object]:
        while not self._stop.is_set():
            try:
                return self._write_lock()
            except StoreBusyError:
                continue
        raise RebuildStoppedError("the vectors were not made anew: the process ended")
