"""What a file holds, whatever its format: tables of rows, or a document of blocks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .messages import IngestError, IngestMessage

BlockKind = Literal["heading", "paragraph", "item", "table_row"]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table, as a person would count it."""

    number: int
    """Counted from 1 as the office program shows it, the heading row included."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    """Rows of cells with the headings in the first row."""

    name: str
    """The sheet's name; empty where a file has one table only."""
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A piece of a document that must not be cut."""

    text: str
    kind: BlockKind = "paragraph"
    page: int | None = None
    """Counted from 1; None where the format has no pages."""
    level: int = 0
    """Depth of a heading, 1 the highest; 0 for everything else."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text in reading order, without the page headers and footers."""

    title: str
    blocks: tuple[TextBlock, ...]
    warnings: tuple[IngestMessage, ...] = ()
    """What of the file is not in it, and what to do about that."""


Content = Document | tuple[DataTable, ...]


class UnreadableFile(IngestError):
    """A file cannot be taken in; the message says in one line what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read."""

    name: str
    """For people, e.g. ``a.zip › faq/户籍.xlsx``: from the folder or archive that was named,
    with characters that are not seen spelled out."""
    path: Path
    """Where its bytes are; as long as :func:`ingest.files.find_files` is open."""
    sha256: str
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """Something named or found that is not taken in."""

    name: str
    reason: IngestMessage
    """What is wrong and what to do."""
