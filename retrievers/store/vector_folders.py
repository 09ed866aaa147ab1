"""Folders of vectors: the one that is published, and the next, which is written beside it.

Chroma changes its files in place and in several steps. Killed between two of them, it leaves
files that do not fit together; from such files it answers wrongly, waits for ever, or takes the
process with it. So nobody writes where somebody reads: a change goes into a copy of the folder,
and the transaction of the catalogue that makes the entries live names the copy, with a checksum
of each file that Chroma loads without looking. What does not agree with it is never opened.
"""

import json
import os
import shutil
import sqlite3
import tempfile
import time
import weakref
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from .catalogue import Catalogue
from .database import DamagedFileError, UnwritableError
from .vector_index import VectorIndex

DATABASE = "chroma.sqlite3"
_FACT = "vectors"
_REBUILDING = "rebuilding"
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """What the catalogue says of the folder to be opened."""

    name: str
    n_vectors: int
    checksums: dict[str, int]
    """CRC-32 of each file beside Chroma's database, by its path in the folder."""

    def to_fact(self) -> dict[str, str]:
        """As the catalogue remembers it."""
        return {_FACT: json.dumps([self.name, self.n_vectors, self.checksums])}


class VectorFolders:
    """The folders in ``data_dir/vectors``. Whoever changes them holds the store's write lock.

    Args:
        data_dir: Of the store.
        catalogue: Of the store; it remembers which folder is published.
    """

    def __init__(self, data_dir: Path, catalogue: Catalogue) -> None:
        self._root = data_dir / "vectors"
        self._set_aside = data_dir / "set-aside"
        self._older_version = data_dir / "chroma"
        self._catalogue = catalogue

    def published(self) -> PublishedFolder | None:
        """The folder to be opened; None if there never was one."""
        fact = self._catalogue.fact(_FACT)
        if not fact:
            return None
        name, n_vectors, checksums = json.loads(fact)
        return PublishedFolder(name, n_vectors, checksums)

    def path(self, published: PublishedFolder) -> Path:
        """Where a folder lies."""
        return self._root / published.name

    def open(self, published: PublishedFolder) -> VectorIndex:
        """Open a folder whose files are those that were published.

        Where Chroma may not write, which it has to even for reading, a temporary copy is opened.

        Raises:
            DamagedFileError: They are not.
            UnwritableError: There is no room for a temporary copy either.
        """
        folder = self.path(published)
        try:
            # Chroma writes an index without vectors anew whenever it looks at it.
            if published.n_vectors and checksums(folder) != published.checksums:
                raise DamagedFileError(f"{folder} is damaged: its files are not those written")
            if not (folder / DATABASE).is_file() or not (folder / DATABASE).stat().st_size:
                raise DamagedFileError(f"{folder} is damaged: {DATABASE} is missing or empty")
        except OSError as error:
            raise DamagedFileError(f"{folder} cannot be read: {error.strerror}") from error
        try:
            index = VectorIndex(folder)
        except UnwritableError:
            index = _in_a_temporary_copy(folder)
        if len(index) != published.n_vectors:
            n_found = len(index)
            index.close()
            raise DamagedFileError(
                f"{folder} is damaged: of {published.n_vectors} vectors it has {n_found}"
            )
        return index

    def next(self, published: PublishedFolder | None) -> Path:
        """The folder that a change is to be written to: a copy of what is published, or new."""
        number = 1 + int(published.name) if published else 1
        folder = self._root / str(number)
        shutil.rmtree(folder, ignore_errors=True)  # of a writer that was killed
        try:
            if published is None or not published.n_vectors:
                folder.mkdir(parents=True)
            else:
                _copy(self.path(published), folder)
        except (OSError, sqlite3.Error) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise UnwritableError(f"{folder} cannot be written: {_reason(error)}") from error
        return folder

    def rebuilding(self) -> Path:
        """An empty folder for all vectors anew. Whoever asks holds the lock of rebuilding."""
        folder = self._root / _REBUILDING
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise UnwritableError(f"{folder} cannot be written: {_reason(error)}") from error
        return folder

    def seal(self, index: VectorIndex, folder: Path) -> PublishedFolder:
        """Close a folder that is complete, and see to it that it is on disk.

        Returns:
            What the catalogue has to remember for it to be published.
        """
        n_vectors = len(index)
        index.close()
        before = self.published()
        if folder.name == _REBUILDING:
            number = 1 + int(before.name) if before else 1
            shutil.rmtree(self._root / str(number), ignore_errors=True)
            folder = folder.rename(self._root / str(number))
        for path in [*folder.rglob("*"), folder, self._root]:
            _sync(path)
        return PublishedFolder(folder.name, n_vectors, checksums(folder))

    def copy_published(self, to: Path) -> bool:
        """Copy what is published; returns False if there is nothing that is whole."""
        published = self.published()
        if published is None:
            return False
        try:
            _copy(self.path(published), to)
        except (OSError, sqlite3.Error):
            return False
        return not published.n_vectors or checksums(to) == published.checksums

    def take_over(self, folder: Path) -> None:
        """Make a folder from elsewhere, which the catalogue describes, the one to be opened.

        If it is not what the catalogue says, nothing is published: the vectors are made anew.
        """
        published = self.published()
        if published is None:
            return
        try:
            is_whole = not published.n_vectors or checksums(folder) == published.checksums
        except OSError:
            is_whole = False
        if not (is_whole and (folder / DATABASE).is_file()):
            self._catalogue.remember(_FACT, "")
            return
        self._root.mkdir(exist_ok=True)
        numbers = [int(path.name) for path in self._root.iterdir() if path.name.isdecimal()]
        # A number that nobody has open, whatever was published here before.
        name = str(2 + max([int(published.name), *numbers]))
        folder.rename(self._root / name)
        moved = replace(published, name=name)
        for fact, value in moved.to_fact().items():
            self._catalogue.remember(fact, value)

    def tidy(self, *, damaged: PublishedFolder | None = None) -> None:
        """Delete what nobody opens any more.

        The folder before the published one stays: others may be about to open it.

        Args:
            damaged: A folder that is kept for whoever wants to know what happened to it; the
                one that was kept before goes.
        """
        current = self.published()
        if current is None:
            return
        aside = [self._root / damaged.name] if damaged and damaged.name != current.name else []
        for folder in filter(Path.exists, [*aside, self._older_version]):
            self._set_aside.mkdir(exist_ok=True)
            for kept in self._set_aside.iterdir():
                shutil.rmtree(kept, ignore_errors=True)
            name = f"{folder.parent.name}-{folder.name}-{time.strftime('%Y%m%dT%H%M%S')}"
            folder.rename(self._set_aside / name)
        kept_numbers = {int(current.name), int(current.name) - 1}
        for folder in self._root.iterdir():
            if folder.name.isdecimal() and int(folder.name) not in kept_numbers:
                shutil.rmtree(folder, ignore_errors=True)


def checksums(folder: Path) -> dict[str, int]:
    """CRC-32 of each file that Chroma loads without looking, by its path in the folder.

    Raises:
        OSError: A file cannot be read.
    """
    found: dict[str, int] = {}
    for path in sorted(folder.glob("*/*")):
        crc = 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                crc = zlib.crc32(chunk, crc)
        found[path.relative_to(folder).as_posix()] = crc
    return found


def _in_a_temporary_copy(folder: Path) -> VectorIndex:
    try:
        copy = Path(tempfile.mkdtemp(prefix="zhengwen-vectors-"))
    except OSError as error:
        raise UnwritableError(f"{folder} cannot be opened, nor copied: {error}") from error
    try:
        _copy(folder, copy)
        index = VectorIndex(copy)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(copy, ignore_errors=True)
        raise UnwritableError(f"{folder} cannot be opened, nor copied: {error}") from error
    weakref.finalize(index, shutil.rmtree, copy, ignore_errors=True)
    return index


def _copy(folder: Path, to: Path) -> None:
    """Copy a folder that is open elsewhere: whoever opens it writes a little to the database."""
    shutil.copytree(folder, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"{DATABASE}*"))
    source = sqlite3.connect(f"{(folder / DATABASE).absolute().as_uri()}?mode=ro", uri=True)
    target = sqlite3.connect(to / DATABASE)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
