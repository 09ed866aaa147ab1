"""What the tests of reading share."""

from pathlib import Path

from ingest.content import DataTable as Sheet
from ingest.content import Document
from ingest.readers.reading import read


def document(path: Path) -> Document:
    content = read(path, name=path.name)
    assert isinstance(content, Document)
    return content


def tables(path: Path) -> tuple[Sheet, ...]:
    content = read(path, name=path.name)
    assert isinstance(content, tuple)
    return content


def cells(table: Sheet) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def texts(content: Document, kind: str = "") -> list[str]:
    return [block.text for block in content.blocks if kind in ("", block.kind)]
