"""Plain text, CSV and its relatives, JSON and JSON Lines."""

import csv
import io
import json
import re
import unicodedata
from itertools import islice
from typing import Any

from ..content import DataTable, Document, TableRow, UnreadableFile
from .encoding import load_lines, load_text
from .registry import SourceFile, document_format
from .structure import join_lines, starts_unit, text_block
from .table_grid import table_from_rows

_WIDEST_WRAPPED_LINE = 120


@document_format("TXT", suffixes=(".txt", ".text", "", ".doc", ".docx"))
def read_txt(file: SourceFile) -> Document:
    """The paragraphs of a plain text file."""
    paragraphs: list[str] = []
    title = file.title
    for group in re.split(r"\n\s*\n", load_lines(file.path, file.limits)):
        paragraphs += _paragraphs([line.strip() for line in group.split("\n") if line.strip()])
    blocks = tuple(text_block(paragraph) for paragraph in paragraphs)
    if paragraphs and len(paragraphs[0]) <= 40 and not re.search(r"[。；，：]", paragraphs[0]):
        title = paragraphs[0]
    return Document(title, blocks)


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines as they are, unless they were all broken at one width."""
    widths = [_width(line) for line in lines]
    widest = max(widths, default=0)
    wrapped = (
        len(lines) > 2
        and widest <= _WIDEST_WRAPPED_LINE
        and all(width >= 0.8 * widest for width in widths[:-1])
    )
    if not wrapped:
        return lines
    joined = lines[:1]
    for line in lines[1:]:
        if starts_unit(line):
            joined.append(line)
        else:
            joined[-1] = join_lines(joined[-1], line)
    return joined


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


_DELIMITERS = ",\t;|，"
_SAMPLE_ROWS = 50


@document_format("CSV", suffixes=(".csv", ".tsv", ".tab", ".xls", ".xlsx"))
def read_csv(file: SourceFile) -> tuple[DataTable, ...]:
    """The one table of a CSV file."""
    limits = file.limits
    text = load_lines(file.path, limits)
    delimiter = _declared(text)
    if delimiter:
        text = text.partition("\n")[2]
    else:
        delimiter = max(_DELIMITERS, key=lambda candidate: _regularity(text, candidate))
    csv.field_size_limit(limits.line_chars)
    rows: list[TableRow] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, row in enumerate(reader, 1):
            cells += len(row)
            if number > limits.rows or cells > limits.cells:
                raise UnreadableFile("large_table", rows=limits.rows, cells=limits.cells)
            rows.append(TableRow(number, tuple(cell.strip() for cell in row)))
    except csv.Error as error:
        raise UnreadableFile("open_quote", line=reader.line_num, detail=str(error)) from error
    found = table_from_rows("", rows) or _single_column(rows)
    if found is None:
        raise UnreadableFile("no_rows")
    return (found,)


def _single_column(rows: list[TableRow]) -> DataTable | None:
    """A list of one column, the first line its heading."""
    filled = tuple(
        TableRow(row.number, row.cells[:1]) for row in rows if row.cells and row.cells[0]
    )
    single = all(not any(row.cells[1:]) for row in rows)
    return DataTable("", filled) if single and len(filled) > 1 else None


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


@document_format("JSON", suffixes=(".json", ".jsonl", ".ndjson"))
def read_json(file: SourceFile) -> tuple[DataTable, ...]:
    """The one table of a JSON or JSON Lines file.

    Its heading row has the number 0, as it is in no line of the file; the others are numbered
    by object in JSON and by line in JSON Lines.
    """
    limits = file.limits
    text = load_text(file.path, limits)
    try:
        if file.path.suffix.lower() in (".jsonl", ".ndjson"):
            records = _json_line_records(text)
        else:
            records = _json_records(text)
    except RecursionError as error:
        raise UnreadableFile("deep_nesting") from error
    keys: dict[str, None] = {}
    for _, record in records:
        keys.update(dict.fromkeys(record))
    if len(records) > limits.rows or len(records) * len(keys) > limits.cells:
        raise UnreadableFile("large_table", rows=limits.rows, cells=limits.cells)
    rows = (
        TableRow(number, tuple(_json_cell(record.get(key)) for key in keys))
        for number, record in records
    )
    if not keys:
        raise UnreadableFile("json_no_objects")
    return (DataTable("", (TableRow(0, tuple(keys)), *rows)),)


def _json_records(text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        value = _parse_json(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _json_line_records(text)
        raise UnreadableFile("no_json", line=error.lineno, detail=error.msg) from error
    if isinstance(value, dict):
        # {"code": 0, "data": [{…}]}, as interfaces answer
        lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        raise UnreadableFile("json_single_value")
    for number, record in enumerate(value, 1):
        if not isinstance(record, dict):
            raise UnreadableFile("json_entry", number=number)
    return list(enumerate(value, 1))


def _json_line_records(text: str) -> list[tuple[int, dict[str, Any]]]:
    records: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = _parse_json(line)
        except json.JSONDecodeError as error:
            raise UnreadableFile("no_json", line=number, detail=error.msg) from error
        if not isinstance(record, dict):
            raise UnreadableFile("json_line", line=number)
        records.append((number, record))
    return records


def _parse_json(text: str) -> Any:
    # Numbers stay as they are written: no .0, no infinity, no million-digit arithmetic.
    return json.loads(text, parse_int=str, parse_float=str)


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)
