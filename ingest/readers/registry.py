r"""Which document formats are read. A format registers itself: a module of this package is enough.

A reader is a function from a :class:`SourceFile` to its content, under :func:`document_format`::

    @document_format("RTF", recognizes=lambda head: head.data.startswith(b"{\\rtf"))
    def read_rtf(file: SourceFile) -> Content: ...

Readers run in worker processes of their own, bounded in memory and time. Modules of this package
are imported when the first file is looked at, so those that need a heavy library import it in the
function.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ..content import Content, UnreadableFile
from .encoding import decode_text
from .limits import ReadLimits, open_zip

_HEAD_BYTES = 64 * 1024
_ZIP_MAGIC = b"PK"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file on its way to a reader."""

    path: Path
    title: str
    """Its name without suffix: the title of last resort."""
    limits: ReadLimits
    ocr: bool = False
    """Whether the characters of scanned pages are to be recognised."""
    progress: Callable[[float], None] = lambda share: None
    """Told the share that is read, in [0, 1], where a file has many pages."""


@dataclass(frozen=True)
class FileHead:
    """What a format is recognised by."""

    path: Path
    data: bytes
    """The first 64 KiB."""
    limits: ReadLimits

    @property
    def suffix(self) -> str:
        """Of the name, in lower case: ``".csv"``; empty if there is none."""
        return self.path.suffix.lower()

    @property
    def is_zip(self) -> bool:
        """Whether the file is a zip archive, as most office files are."""
        return self.data.startswith(_ZIP_MAGIC)

    @cached_property
    def zip_parts(self) -> frozenset[str]:
        """The names of the members of a zip file; empty for other files.

        Raises:
            UnreadableFile: The zip file is damaged or has too many members.
        """
        if not self.is_zip:
            return frozenset()
        with open_zip(self.path, self.limits) as archive:
            return frozenset(archive.namelist())

    @cached_property
    def text(self) -> str:
        """The beginning as text in lower case, without blanks before it; empty if it is none."""
        if self.is_zip:
            return ""
        try:
            return decode_text(self.data).lstrip().lower()
        except UnreadableFile:
            return ""


def read_head(path: Path, limits: ReadLimits) -> FileHead:
    """The beginning of a file."""
    with path.open("rb") as file:
        return FileHead(path, file.read(_HEAD_BYTES), limits)


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format that is read."""

    name: str
    """For people, e.g. ``"DOCX"``."""
    read: Callable[[SourceFile], Content]
    """Raises :class:`~ingest.content.UnreadableFile`, or anything on a damaged file."""
    recognizes: Callable[[FileHead], bool]
    """Whether the content of a file shows that it is in this format, whatever its name says."""
    suffixes: tuple[str, ...]
    """Of text files in this format whose content leaves it open, in lower case."""


_formats: dict[str, DocumentFormat] = {}


def document_format(
    name: str,
    *,
    recognizes: Callable[[FileHead], bool] = lambda head: False,
    suffixes: tuple[str, ...] = (),
) -> Callable[[Callable[[SourceFile], Content]], Callable[[SourceFile], Content]]:
    """Register the decorated function as the reader of a format.

    Raises:
        ValueError: The name or a suffix is taken.
    """

    def register(read: Callable[[SourceFile], Content]) -> Callable[[SourceFile], Content]:
        for other in _formats.values():
            if taken := {name, *suffixes} & {other.name, *other.suffixes}:
                raise ValueError(f"{', '.join(sorted(taken))} is read by {other.read.__module__}")
        _formats[name] = DocumentFormat(name, read, recognizes, suffixes)
        return read

    return register


def document_formats() -> tuple[DocumentFormat, ...]:
    """Every format that is registered, those of this package among them."""
    _import_readers()
    return tuple(_formats.values())


def outside_modules() -> list[str]:
    """Modules outside this package that registered a format; worker processes import them too."""
    package = __package__ or ""
    modules = (form.read.__module__ for form in document_formats())
    return sorted({name for name in modules if not name.startswith(f"{package}.")})


@cache
def _import_readers() -> None:
    package = importlib.import_module(__package__ or "")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "worker":  # a program, not a reader
            importlib.import_module(f"{package.__name__}.{module.name}")
