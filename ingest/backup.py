"""Backups of a knowledge base: one archive, made and put back while the service runs.

In it are the catalogue, the journal and visitors' feedback, copied with SQLite's own backup, and
the vectors, without which every entry would have to be embedded again. The index of words is made
of the catalogue. What can be made anew by itself (rendered replies, faces) and visitors'
conversations stay out.
"""

import hashlib
import json
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from agent.feedback_store import FEEDBACK, OWNER_ONLY
from retrievers import StoreError
from retrievers.store.catalogue import Catalogue
from retrievers.store.chroma import write_lock
from retrievers.store.database import database_errors, quick_check
from retrievers.store.vector_folders import VectorFolders
from retrievers.store.word_folders import WordFolders
from zhengwen.atomic_write import atomic_path

from .journal import JOURNAL
from .zip_files import DamagedZipError, member_chunks, open_zip_file

FORMAT = 1  # counts up when older versions can no longer read an archive
_MANIFEST = "backup.json"
_CATALOGUE = "catalogue.sqlite"
_VECTORS = "vectors"
_TRIES = 3  # to copy vectors that are published anew meanwhile


class BackupError(StoreError):
    """A backup cannot be made or put back; the text says why, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What is in an archive."""

    made: str
    """When, ISO 8601."""
    n_entries: int
    has_vectors: bool
    """If not, they are made anew after it is put back."""
    n_bytes: int


def backup(data_dir: Path, archive: Path) -> BackupSummary:
    """Write an archive of what a data folder holds now; the service may run and change it.

    Raises:
        BackupError: There is nothing to back up, or it is damaged.
        OSError: The archive cannot be written; nothing of it is left behind.
    """
    if not (data_dir / _CATALOGUE).is_file():
        raise BackupError(f"{data_dir} holds no knowledge base: there is no {_CATALOGUE}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(archive.parent / f".{archive.name}.backup") as scratch:
        for _ in range(_TRIES):
            _copy_database(data_dir / _CATALOGUE, scratch / _CATALOGUE)
            if has_vectors := _copy_vectors(data_dir, scratch):
                break
        for name in (JOURNAL, FEEDBACK):
            if (data_dir / name).is_file():
                _copy_database(data_dir / name, scratch / name)
        with closing(Catalogue(scratch / _CATALOGUE)) as catalogue:
            n_entries = len(catalogue)
        files = [path for path in sorted(scratch.rglob("*")) if path.is_file()]
        made = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        manifest = {
            "format": FORMAT,
            "made": made,
            "entries": n_entries,
            "files": {path.relative_to(scratch).as_posix(): _sha256(path) for path in files},
        }
        with (
            atomic_path(archive) as partial,
            zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        ):
            packed.writestr(_MANIFEST, json.dumps(manifest, indent=1))
            for path in files:
                packed.write(path, path.relative_to(scratch).as_posix())
    return BackupSummary(made, n_entries, has_vectors, archive.stat().st_size)


def restore(data_dir: Path, archive: Path) -> BackupSummary:
    """Put an archive back in the place of what a data folder holds; the service may run.

    Everything is unpacked and verified first. What visitors said of answers since then stays.

    Raises:
        BackupError: The archive is damaged, or of a later version; nothing was changed.
        StoreBusyError: Another process is writing to the store; nothing was changed.
        OSError: There is no room to unpack it; nothing was changed.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with _scratch(data_dir / "restoring") as scratch:
        manifest = _unpack(archive, scratch)
        with closing(Catalogue(scratch / _CATALOGUE)) as catalogue:
            with write_lock(data_dir):
                VectorFolders(data_dir, catalogue).take_over(scratch / _VECTORS)
                catalogue.supersede(data_dir / _CATALOGUE)
                WordFolders(scratch, catalogue, nullcontext).rebuild()
                _put_back(scratch / _CATALOGUE, data_dir / _CATALOGUE)
                shutil.rmtree(data_dir / "words", ignore_errors=True)
                (scratch / "words").rename(data_dir / "words")
                if (scratch / JOURNAL).is_file():
                    _put_back(scratch / JOURNAL, data_dir / JOURNAL)
            has_vectors = VectorFolders(data_dir, catalogue).published() is not None
        if (scratch / FEEDBACK).is_file() and not (data_dir / FEEDBACK).exists():
            (scratch / FEEDBACK).chmod(OWNER_ONLY)
            (scratch / FEEDBACK).rename(data_dir / FEEDBACK)
    return BackupSummary(manifest["made"], manifest["entries"], has_vectors, archive.stat().st_size)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that others may be writing to.

    Raises:
        StoreError: It is damaged.
    """
    target.unlink(missing_ok=True)
    with (
        database_errors(source),
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
    if found := quick_check(target):
        raise BackupError(f"{source} is damaged ({found}); keep the backups that you have")


def _put_back(source: Path, target: Path) -> None:
    """Put a database in the place of another one that others may have open."""
    if target.is_file() and quick_check(target):
        target.unlink()  # nothing can be put into what is none
        Path(f"{target}-journal").unlink(missing_ok=True)
    with (
        database_errors(target),
        closing(sqlite3.connect(source)) as copy,
        closing(sqlite3.connect(target, timeout=60)) as live,
    ):
        copy.backup(live)


def _copy_vectors(data_dir: Path, scratch: Path) -> bool:
    """Copy the folder that the copied catalogue names; False if it is gone or damaged."""
    with closing(Catalogue(scratch / _CATALOGUE)) as catalogue:
        shutil.rmtree(scratch / _VECTORS, ignore_errors=True)
        return VectorFolders(data_dir, catalogue).copy_published(scratch / _VECTORS)


def _unpack(archive: Path, scratch: Path) -> dict[str, Any]:
    try:
        with open_zip_file(archive) as packed:
            manifest = _manifest(b"".join(member_chunks(packed, _MANIFEST)))
            if manifest["format"] > FORMAT:
                raise BackupError(f"{archive} was made by a later version of this program")
            for name, digest in manifest["files"].items():
                target = scratch / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    for chunk in member_chunks(packed, name):
                        file.write(chunk)
                if _sha256(target) != digest:
                    raise BackupError(f"{archive} is damaged: {name} is not what was packed")
    except DamagedZipError as error:
        raise BackupError(f"{archive} is no backup, or a damaged one ({error})") from error
    for name in (_CATALOGUE, JOURNAL, FEEDBACK):
        if (scratch / name).is_file() and (found := quick_check(scratch / name)):
            raise BackupError(f"{archive} is damaged: {name} ({found})")
    return manifest


def _manifest(text: bytes) -> dict[str, Any]:
    """The list of what is packed, with every value that is used later.

    Raises:
        DamagedZipError: It is none.
    """
    try:
        manifest = json.loads(text)
        digests = {str(name): str(digest) for name, digest in manifest["files"].items()}
        said = {
            "format": int(manifest["format"]),
            "made": str(manifest["made"]),
            "entries": int(manifest["entries"]),
            "files": digests,
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedZipError(f"{_MANIFEST} cannot be read: {error}") from error
    paths = [PurePosixPath(name) for name in digests]
    if _CATALOGUE not in digests or any(path.is_absolute() or ".." in path.parts for path in paths):
        raise DamagedZipError(f"{_MANIFEST} does not list the files of a backup")
    return said


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
