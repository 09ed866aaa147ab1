"""Where the index of words lies, and how it is made anew from the catalogue."""

import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from ..base import StoreBusyError
from ..text.tokenization import tokenize_entry
from .bm25_index import Bm25Index
from .catalogue import Catalogue
from .database import DamagedFileError, UnwritableError

_AT_ONCE = 1000

logger = logging.getLogger(__name__)


class WordFolders:
    """The index of words in ``data_dir/words``.

    Args:
        data_dir: Of the store.
        catalogue: Of the store.
        write_lock: Of the store.
    """

    def __init__(
        self,
        data_dir: Path,
        catalogue: Catalogue,
        write_lock: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._path = data_dir / "words"
        self._new = data_dir / "words-rebuilding"
        self._catalogue = catalogue
        self._write_lock = write_lock

    def open(self) -> Bm25Index:
        """The index; made anew where it is damaged, a temporary one where the disk is read-only.

        Raises:
            UnwritableError: There is no room for a temporary one either.
        """
        try:
            try:
                return self._opened(self._path)
            except DamagedFileError as error:
                logger.warning("the index of words is made anew: %s", error)
                return self.rebuild()
        except (UnwritableError, StoreBusyError) as error:
            logger.warning("a temporary index of words is used: %s", error)
            return self._temporary()

    def rebuild(self) -> Bm25Index:
        """Make the index anew beside the one that is there, and put it in its place.

        Raises:
            StoreBusyError: Another process is writing to the store.
            UnwritableError: The disk is full or read-only.
        """
        with self._write_lock():
            shutil.rmtree(self._new, ignore_errors=True)  # of a process that was killed
            self._fill(Bm25Index(self._new))
            try:
                shutil.rmtree(self._path, ignore_errors=True)
                self._new.rename(self._path)
            except OSError as error:
                raise UnwritableError(f"{self._path} cannot be written: {error}") from error
            self._catalogue.publish()
        return Bm25Index(self._path)

    def _opened(self, path: Path) -> Bm25Index:
        index = Bm25Index(path)
        if not index.has_rows and len(self._catalogue):
            raise DamagedFileError(f"{path} is empty, and the catalogue is not")
        return index

    def _temporary(self) -> Bm25Index:
        try:
            folder = Path(tempfile.mkdtemp(prefix="zhengwen-words-"))
        except OSError as error:
            raise UnwritableError(f"{self._path} cannot be opened, nor copied: {error}") from error
        try:
            shutil.copytree(self._path, folder, dirs_exist_ok=True)
            index = self._opened(folder)
        except (OSError, DamagedFileError):
            shutil.rmtree(folder, ignore_errors=True)
            index = Bm25Index(folder)
            self._fill(index)
        weakref.finalize(index, shutil.rmtree, folder, ignore_errors=True)
        return index

    def _fill(self, index: Bm25Index) -> None:
        rows = self._catalogue.rows()
        while some := dict(islice(rows, _AT_ONCE)):
            index.change(
                {
                    row: (entry, self._catalogue.terms_of(entry) or tokenize_entry(entry))
                    for row, entry in some.items()
                }
            )
