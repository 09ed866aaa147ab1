"""The vectors of a store as they are published now, and changes of them."""

import logging
import shutil
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base import FaqEntry, Scope, StoreError
from .catalogue import Catalogue, RowId
from .database import DamagedFileError
from .vector_folders import PublishedFolder, VectorFolders
from .vector_index import VectorIndex

logger = logging.getLogger(__name__)


class PublishedVectors:
    """Vectors that are searched while they can be; where they cannot, it says why.

    Args:
        catalogue: Of the store.
        folders: Where the vectors lie; None if a server keeps them.
        server: The server's address.

    Attributes:
        problem: Why nothing can be found by vectors now; empty if it can.
        is_damaged: Whether the vectors have to be made anew for it.

    Raises:
        StoreError: There is no such server.
    """

    def __init__(
        self, catalogue: Catalogue, folders: VectorFolders | None, server: str | None
    ) -> None:
        self._catalogue = catalogue
        self._folders = folders
        self._opening = threading.Lock()
        self._index: VectorIndex | None = None
        self.published: PublishedFolder | None = None
        self.problem = ""
        self.is_damaged = False
        if server is not None:
            self._index = VectorIndex(Path(), server=server)
        self.reopen()

    def reopen(self) -> None:
        """Open what is published now, if that is another folder or could not be opened."""
        if self._folders is None:
            return
        with self._opening:
            published, before = self._folders.published(), self._index
            if before is not None and published == self.published:
                return
            self.published, self._index = published, None
            try:
                if published is not None:
                    self._index = self._folders.open(published)
                elif len(self._catalogue):
                    raise DamagedFileError("the store has no vectors that this version can read")
                self.problem, self.is_damaged = "", False
            except StoreError as error:
                self._note(error)
            if before is not None:
                before.close()

    @property
    def folder(self) -> Path:
        """The folder that is open.

        Raises:
            StoreError: There is none.
        """
        if self._folders is None or self.published is None:
            raise StoreError("there is no folder of vectors: the store is empty, or on a server")
        return self._folders.path(self.published)

    def __len__(self) -> int:
        """How many vectors there are; 0 where they cannot be read."""
        index = self._index
        try:
            return len(index) if index else 0
        except StoreError:
            return 0

    def search(
        self, vector: NDArray[np.float32], k: int, within: Scope | None = None
    ) -> dict[RowId, float] | None:
        """See :meth:`VectorIndex.search`; None where nothing can be found by vectors."""
        while (index := self._index) is not None:
            try:
                return index.search(vector, k, within)
            except StoreError as error:
                if index is not self._index:
                    continue  # another thread has opened the next folder meanwhile
                if self._folders is not None:
                    self._index = None
                    index.close()
                self._note(error)
                return None
        # Nothing was ever put in, or there is a problem, which was said when it was noticed.
        return None if self.problem else {}

    def wordings(self) -> dict[RowId, set[int]]:
        """See :meth:`VectorIndex.wordings`; the vectors may be found damaged by it."""
        index = self._index
        if index is None:
            return {}
        try:
            return index.wordings()
        except StoreError as error:
            self._note(error)
            return {}

    def change(self) -> "VectorChange":
        """Begin a change. Whoever does holds the store's write lock."""
        if self._folders is None:
            assert self._index is not None
            return VectorChange(self, None, None, self._index)
        return VectorChange(self, self._folders, self.published, None, is_void=self.is_damaged)

    def sweep(self, rows: Mapping[RowId, Iterable[int]]) -> None:
        """Delete the vectors of rows that are not live; in a folder, none was ever published."""
        if self._folders is None and self._index is not None:
            self._index.remove(rows)

    def clear(self) -> None:
        """Delete every vector of a server."""
        assert self._folders is None and self._index is not None
        self._index.clear()

    def _note(self, error: StoreError) -> None:
        self.is_damaged = isinstance(error, DamagedFileError)
        if str(error) != self.problem:
            logger.warning("nothing is found by vectors, but by words alone: %s", error)
        self.problem = str(error)


class VectorChange:
    """A change of the vectors, which nobody sees before it is published.

    On a server it is made in place; there, nothing is seen either of rows that are not live.
    """

    def __init__(
        self,
        vectors: PublishedVectors,
        folders: VectorFolders | None,
        published: PublishedFolder | None,
        index: VectorIndex | None,
        *,
        is_void: bool = False,
    ) -> None:
        self._vectors = vectors
        self._folders = folders
        self._published = published
        self._index = index
        self._folder: Path | None = None
        self.is_void = is_void
        """Whether nothing is written, because all vectors are being made anew anyway."""

    def add(self, entries: Mapping[RowId, FaqEntry], vectors: NDArray[np.float32]) -> None:
        """See :meth:`VectorIndex.add`."""
        if not self.is_void:
            self._open().add(entries, vectors)

    def remove(self, rows: Mapping[RowId, Iterable[int]]) -> None:
        """See :meth:`VectorIndex.remove`; on a server, it is done when the rows are dead."""
        if rows and not self.is_void and self._folders and (self._published or self._index):
            self._open().remove(rows)

    def seal(self) -> dict[str, str]:
        """End the change; returns what the catalogue must remember for it to be seen."""
        if self._folders is None or self._folder is None:
            return {}
        assert self._index is not None
        sealed = self._folders.seal(self._index, self._folder)
        self._index = None
        return sealed.to_fact()

    def adopt(self) -> None:
        """Open what was sealed, after the catalogue has published it."""
        if self._folders is not None and self._folder is not None:
            self._vectors.reopen()
            self._folders.tidy()

    def discard(self) -> None:
        """Leave nothing of a change that did not come to its end."""
        if self._folders is None or self._folder is None:
            return
        if self._index is not None:
            self._index.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> VectorIndex:
        if self._index is None:
            assert self._folders is not None
            self._folder = self._folders.next(self._published)
            self._index = VectorIndex(self._folder)
        return self._index
