"""CSV and its relatives: delimiter and encoding are found out, formulas stay text."""

import csv
import io
from itertools import islice
from pathlib import Path

from ingest.content import Row, Table, UnreadableFile

from .grids import table
from .limits import Limits
from .text import load_lines

_DELIMITERS = ",\t;|，"
_SAMPLE_ROWS = 50


def read_csv(path: Path, limits: Limits) -> tuple[Table, ...]:
    """The one table of a CSV file."""
    text = load_lines(path, limits)
    delimiter = _declared(text)
    if delimiter:
        text = text.partition("\n")[2]
    else:
        delimiter = max(_DELIMITERS, key=lambda candidate: _regularity(text, candidate))
    csv.field_size_limit(limits.line_chars)
    rows: list[Row] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, row in enumerate(reader, 1):
            cells += len(row)
            if number > limits.rows or cells > limits.cells:
                raise UnreadableFile(
                    f"has more than {limits.rows} rows or {limits.cells} cells; split it"
                )
            rows.append(Row(number, tuple(cell.strip() for cell in row)))
    except csv.Error as error:
        raise UnreadableFile(
            f"line {reader.line_num}: {error}; look for a quotation mark that is never closed"
        ) from error
    found = table("", rows) or _column(rows)
    if found is None:
        raise UnreadableFile("has no row below its headings")
    return (found,)


def _column(rows: list[Row]) -> Table | None:
    """A list of one column, the first line its heading."""
    filled = tuple(Row(row.number, row.cells[:1]) for row in rows if row.cells and row.cells[0])
    single = all(not any(row.cells[1:]) for row in rows)
    return Table("", filled) if single and len(filled) > 1 else None


def _declared(text: str) -> str:
    """The delimiter that Excel writes into a first line ``sep=;``."""
    first = text[:8].partition("\n")[0].strip()
    return first[4] if first.lower().startswith("sep=") and len(first) == 5 else ""


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    """How many of the first rows have the commonest number of cells above 1, and that number."""
    try:
        rows = list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), _SAMPLE_ROWS))
    except csv.Error:
        return (0.0, 0)
    widths = [len(row) for row in rows if row]
    wide = [width for width in widths if width > 1]
    if not wide:
        return (0.0, 0)
    commonest = max(set(wide), key=lambda width: (wide.count(width), width))
    return (wide.count(commonest) / len(widths), commonest)
