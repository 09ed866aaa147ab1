"""Plain text: what encoding it is in, and its paragraphs."""

import codecs
import csv
import io
import json
import re
import unicodedata
from itertools import islice
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from ..content import DataTable, Document, TableRow, UnreadableFile
from .limits import MIB, ReadLimits
from .structure import join_lines, starts_unit, text_block
from .table_grid import table_from_rows

_SAMPLE = 64 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PLAUSIBLE = 0.7
_WIDEST_WRAPPED_LINE = 120


def load_text(path: Path, limits: ReadLimits) -> str:
    """The text of a file, its line ends as ``\\n``.

    Raises:
        UnreadableFile: The file is too big or not text.
    """
    if (size := path.stat().st_size) > limits.text_bytes:
        raise UnreadableFile("large_text", mib=size // MIB, most=limits.text_bytes // MIB)
    return decode_text(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def load_lines(path: Path, limits: ReadLimits) -> str:
    """As :func:`load_text`, for formats that are read line by line.

    Raises:
        UnreadableFile: Also if a line is too long.
    """
    text = load_text(path, limits)
    start = number = 0
    while start < len(text):
        number += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > limits.line_chars:
            raise UnreadableFile("long_line", line=number, n=end - start, most=limits.line_chars)
        start = end + 1
    return text


def decode_text(data: bytes, declared: str = "") -> str:
    """Text from bytes in UTF-8, UTF-16, GB18030, Big5 or, last, what looks likeliest.

    ``declared`` is the codec that the file itself names; UTF-8 goes before it, as it cannot be
    taken for anything else.

    Raises:
        UnreadableFile: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    if b"\0" in data[:_SAMPLE]:
        return _wide(data)
    text = _strict(data, "utf-8")
    if text is not None and not _may_be_two_byte_chinese(text):
        return text
    if declared and (named := _strict(data, declared)) is not None:
        return named
    # The codecs tell little (most Big5 is valid GB18030); how common the characters are does.
    candidates = [
        (_common_simplified(found), found)
        for found in (_strict(data, "gb18030"),)
        if found is not None
    ] + [
        (_common_traditional(found), found)
        for found in (_strict(data, "big5hkscs"),)
        if found is not None
    ]
    share, likeliest = max(candidates, key=lambda candidate: candidate[0], default=(0.0, ""))
    if share >= _PLAUSIBLE:
        return likeliest
    if text is not None:
        return text
    patched = data.decode("utf-8", "replace")
    if patched.count("\ufffd") * 100 < sum(char > "\x7f" for char in patched):
        return patched
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        raise UnreadableFile("no_encoding")
    return data.decode(best.encoding, "replace")


def read_txt(path: Path, title: str, limits: ReadLimits) -> Document:
    """The paragraphs of a plain text file."""
    paragraphs: list[str] = []
    for group in re.split(r"\n\s*\n", load_lines(path, limits)):
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


def _strict(data: bytes, encoding: str) -> str | None:
    """The decoded text, or None; a character cut off at the very end is let go."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4 and error.start:
            return data[: error.start].decode(encoding)
        return None


def _wide(data: bytes) -> str:
    """UTF-16 without a byte order mark: Latin letters and line ends show which half is zero."""
    sample = data[:_SAMPLE]
    encoding = "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    text = _strict(data, encoding) if len(data) % 2 == 0 else None
    if text is None or any(char < " " and char not in "\t\n\r\f" for char in text[:_SAMPLE]):
        raise UnreadableFile("binary_file")
    return text


def _may_be_two_byte_chinese(text: str) -> bool:
    """Whether valid UTF-8 is all two-byte characters, as 目录 in GB18030 happens to be."""
    return not text.isascii() and all(char < "\u0800" for char in text[:_SAMPLE])


def _common_simplified(text: str) -> float:
    """The share of characters that GB2312 already had."""
    return _share(text, "gb2312", 0xF7)


def _common_traditional(text: str) -> float:
    """The share of characters among the frequent ones of Big5."""
    return _share(text, "big5", 0xC6)


def _share(text: str, encoding: str, last_lead: int) -> float:
    foreign = [char for char in text[:_SAMPLE] if char > "\x7f"]
    common = 0
    for char in foreign:
        code = char.encode(encoding, "ignore")
        common += bool(code) and code[0] <= last_lead
    return common / len(foreign) if foreign else 1.0


_DELIMITERS = ",\t;|，"
_SAMPLE_ROWS = 50


def read_csv(path: Path, limits: ReadLimits) -> tuple[DataTable, ...]:
    """The one table of a CSV file."""
    text = load_lines(path, limits)
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


def read_json(path: Path, limits: ReadLimits) -> tuple[DataTable, ...]:
    """The one table of a JSON or JSON Lines file.

    Its heading row has the number 0, as it is in no line of the file; the others are numbered
    by object in JSON and by line in JSON Lines.
    """
    text = load_text(path, limits)
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
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
