"""What a file holds, whatever its format: tables of rows, or a document of blocks."""

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "item", "table_row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, as a person would count it."""

    number: int
    """Counted from 1 as the office program shows it, the heading row included."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells with the headings in the first row."""

    name: str
    """The sheet's name; empty where a file has one table only."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Block:
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
    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()
    """What of the file is not in it, and what to do about that."""


Content = Document | tuple[Table, ...]


class UnreadableFile(ValueError):
    """A file cannot be taken in; the text says in one line what is wrong and what to do."""
