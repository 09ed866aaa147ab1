"""What the user names, file by file: folders walked, archives unpacked, names made plain."""

import hashlib
import os
import re
import stat
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .content import FoundFile, RefusedFile, UnreadableFile
from .detection import is_archive
from .messages import IngestMessage, message, unopenable
from .readers.limits import LIMITS, MIB, ReadLimits, member_problem, open_zip
from .zip_files import DamagedZipError, member_chunks

__all__ = ["FoundFile", "RefusedFile", "count_files", "find_files", "visible_name"]

_MEMBER_SEPARATOR = " › "
_UTF8_NAME = 0x800
_SKIPPED = frozenset(("thumbs.db", "desktop.ini", "__macosx"))
_JOINER = "\u200d"
"""Part of many emoji."""


@contextmanager
def find_files(
    paths: Sequence[Path], limits: ReadLimits = LIMITS
) -> Iterator[Iterator[FoundFile | RefusedFile]]:
    """Find the files in what the user names, archives unpacked.

    Folders are walked in order of names, without hidden files and the locks of office programs.
    What is unpacked lies in a temporary folder that is deleted at the end of the ``with`` block.
    """
    with tempfile.TemporaryDirectory(prefix="zhengwen-") as folder:
        yield _FileFinder(Path(folder), limits).walk(paths)


def count_files(paths: Sequence[Path], limits: ReadLimits = LIMITS) -> tuple[int, int]:
    """How many files there will be, and how many bytes they have; archives in archives as one.

    Nothing is read but names and sizes: what cannot be opened is left to :func:`find_files`.
    """
    files = size = 0
    for path in _walk_files(paths):
        try:
            status = path.stat()
            sizes = [status.st_size]
            if stat.S_ISREG(status.st_mode) and is_archive(path, limits):
                with open_zip(path, limits) as archive:
                    sizes = [
                        member.file_size
                        for member in archive.infolist()
                        if not member.is_dir()
                        and not any(map(_is_skipped, PurePosixPath(member_name(member)).parts))
                    ]
        except (OSError, UnreadableFile):
            sizes = [0]
        files += len(sizes)
        size += sum(sizes)
    return files, size


def _walk_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = [name for name in folders if not _is_skipped(name)]
            yield from (
                file
                for file in (Path(folder, name) for name in files if not _is_skipped(name))
                if not leads_out(file, path)
            )


class _FileFinder:
    def __init__(self, folder: Path, limits: ReadLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._unpacked = 0
        """Bytes, of all archives so far."""
        self._files = 0

    def walk(self, paths: Sequence[Path]) -> Iterator[FoundFile | RefusedFile]:
        for path in paths:
            base = path.resolve().name if path.name in ("", ".", "..") else path.name
            if path.is_dir():
                yield from self._walk(path, base)
            else:
                yield from self._file(path, visible_name(base), 0)

    def _walk(self, top: Path, base: str) -> Iterator[FoundFile | RefusedFile]:
        problems: list[OSError] = []
        for folder, folders, files in os.walk(top, onerror=problems.append):
            folders[:] = sorted(name for name in folders if not _is_skipped(name))
            within = PurePosixPath(base, Path(folder).relative_to(top))
            for name in folders:
                if leads_out(Path(folder, name), top):  # it is not walked, but said to be there
                    yield RefusedFile(visible_name(str(within / name)), message("link_outside"))
            for problem in problems:
                yield RefusedFile(visible_name(str(within)), unopenable(problem))
            problems.clear()
            for name in sorted(files):
                if _is_skipped(name):
                    continue
                path, shown = Path(folder, name), visible_name(str(within / name))
                if leads_out(path, top):
                    yield RefusedFile(shown, message("link_outside"))
                else:
                    yield from self._file(path, shown, 0)
        for problem in problems:
            yield RefusedFile(visible_name(base), unopenable(problem))

    def _file(self, path: Path, name: str, depth: int) -> Iterator[FoundFile | RefusedFile]:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                yield RefusedFile(name, message("no_file"))
            elif status.st_size > self._limits.file_bytes:
                yield RefusedFile(
                    name,
                    message(
                        "large_file",
                        mib=status.st_size // MIB,
                        most=self._limits.file_bytes // MIB,
                    ),
                )
            elif is_archive(path, self._limits):
                yield from self._archive(path, name, depth + 1)
            else:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                yield FoundFile(name, path, digest, status.st_size)
        except FileNotFoundError:
            yield RefusedFile(name, message("no_such_file"))
        except OSError as error:
            yield RefusedFile(name, unopenable(error))
        except UnreadableFile as error:
            yield RefusedFile(name, error.message)

    def _archive(self, path: Path, name: str, depth: int) -> Iterator[FoundFile | RefusedFile]:
        if depth > self._limits.depth:
            yield RefusedFile(name, message("nested_archive", depth=depth, most=self._limits.depth))
            return
        with open_zip(path, self._limits) as archive:
            members = [(member_name(member), member) for member in archive.infolist()]
            for inner, member in sorted(members, key=lambda pair: pair[0]):
                if member.is_dir() or any(map(_is_skipped, PurePosixPath(inner).parts)):
                    continue
                shown = name + _MEMBER_SEPARATOR + visible_name(inner)
                if problem := self._member_problem(inner, member):
                    yield RefusedFile(shown, problem)
                    continue
                try:
                    unpacked = self._unpack(archive, member, inner)
                except DamagedZipError:
                    yield RefusedFile(shown, message("damaged_member"))
                else:
                    yield from self._file(unpacked, shown, depth)
                    if is_archive(unpacked, self._limits):
                        unpacked.unlink()

    def _member_problem(self, inner: str, member: zipfile.ZipInfo) -> IngestMessage | None:
        parts = PurePosixPath(inner).parts
        if inner.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", inner):
            return message("escaping_member")
        if stat.S_ISLNK(member.external_attr >> 16):
            return message("link_member")
        if member.file_size > self._limits.file_bytes:
            return message("large_member", most=self._limits.file_bytes // MIB)
        if self._unpacked + member.file_size > self._limits.unpacked_bytes:
            return message("large_archives", most=self._limits.unpacked_bytes // MIB)
        return member_problem(member, self._limits)

    def _unpack(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, inner: str) -> Path:
        """Write a member to a file that does not bear its name: no name can lead elsewhere."""
        self._files += 1
        suffix = PurePosixPath(inner).suffix.lower()
        plain = suffix if re.fullmatch(r"\.[a-z0-9]{1,10}", suffix) else ""
        path = self._folder / f"{self._files}{plain}"
        with path.open("wb") as file:
            for chunk in member_chunks(archive, member):
                self._unpacked += len(chunk)
                file.write(chunk)
        return path


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a path in a folder is a link to something that is not in it.

    A link that leads nowhere or in circles leads out of nothing: opening it says what is wrong.
    """
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return not target.is_relative_to(folder.resolve())


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member of an archive, also if packed by a Chinese Windows."""
    if member.flag_bits & _UTF8_NAME:
        name = member.filename
    else:
        raw = member.filename.encode("cp437", "replace")
        name = _decoded(raw) or member.filename
    return name.replace("\\", "/")


def visible_name(name: str) -> str:
    """A name as one line in which nothing is hidden: ``报告⟨U+202E⟩fdp.exe``."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        # Bytes on the disk that are not UTF-8: a name from a Chinese Windows
        raw = os.fsencode(name)
        name = _decoded(raw) or raw.decode("utf-8", "replace")
    return "".join(
        char
        if char == _JOINER or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else f"⟨U+{ord(char):04X}⟩"
        for char in name
    )


def _decoded(raw: bytes) -> str:
    """UTF-8 or GB18030; empty if neither.

    What is valid as both, and in UTF-8 all two-byte letters, is Chinese: 目录 is such a name.
    """
    found: list[str] = []
    for encoding in ("utf-8", "gb18030"):
        try:
            found.append(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    if len(found) == 2 and not found[0].isascii() and all(char < "\u0800" for char in found[0]):
        return found[1]
    return found[0] if found else ""


def _is_skipped(name: str) -> bool:
    hidden = name.startswith((".", "~$")) and name != ".."
    return hidden or name.lower() in _SKIPPED
