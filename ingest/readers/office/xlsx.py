"""XLSX: visible sheets with merged cells filled and values as a person sees them."""

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import numbers
from openpyxl.utils import range_boundaries

from ...content import DataTable, TableRow, UnreadableFile
from ...zip_files import member_chunks
from ..limits import ReadLimits, check_office_parts, open_zip
from ..table_grid import heading_height, is_heading_row, table_from_rows

# Excel in Chinese writes these date formats by number only; openpyxl knows the Western ones.
numbers.BUILTIN_FORMATS.update(
    {
        number: 'yyyy"年"m"月"d"日"'
        for number in (27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)
    }
    | {number: 'h"时"mm"分"' for number in (32, 33, 34, 35, 55, 56)}
)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+\d+:[A-Z]+\d+)\"")
_LONGEST_TAG = 512


def read_xlsx(path: Path, limits: ReadLimits) -> tuple[DataTable, ...]:
    """The tables of the visible sheets.

    Formulas give the value that the office program last computed; nothing is run.
    """
    with open_zip(path, limits) as archive:
        check_office_parts(archive, limits)
    tables: list[DataTable] = []
    budget = limits.cells
    # An open file: openpyxl refuses names that do not end in .xlsx.
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which are not read
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets: list[Any] = list(workbook.worksheets)
        for sheet in sheets:
            if sheet.sheet_state != "visible":
                continue
            sheet.reset_dimensions()  # what programs write there is often wrong
            rows = []
            for row in _rows(sheet, limits):
                budget -= len(row.cells)
                if budget < 0:
                    raise UnreadableFile("many_cells", most=limits.cells)
                rows.append(row)
            with open_zip(path, limits) as archive:
                rows = _filled(rows, _merged(archive, sheet._worksheet_path))
            if found := table_from_rows(sheet.title, rows, _heading_rows(rows)):
                tables.append(found)
    if not tables:
        raise UnreadableFile("no_sheet")
    return tuple(tables)


def _rows(sheet: Any, limits: ReadLimits) -> Iterator[TableRow]:
    """The rows that hold something, with their numbers."""
    found = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            found += 1
            if found > limits.rows:
                raise UnreadableFile("many_rows", most=limits.rows)
            yield TableRow(number, tuple(texts))


def _heading_rows(rows: list[TableRow]) -> int:
    first = next((i for i, row in enumerate(rows) if is_heading_row(row.cells)), 0)
    return heading_height([row.cells for row in rows[first:]])


def _merged(archive: zipfile.ZipFile, part: str) -> list[tuple[int, int, int, int]]:
    """The merged ranges of a sheet: first column, first row, last column, last row."""
    ranges: list[tuple[int, int, int, int]] = []
    tail = b""
    for chunk in member_chunks(archive, part):
        seen = tail + chunk
        end = 0
        for match in _MERGED.finditer(seen):
            bounds: Any = range_boundaries(match[1].decode())
            ranges.append(bounds)
            end = match.end()
        tail = seen[max(end, len(seen) - _LONGEST_TAG) :]
    return ranges


def _filled(rows: list[TableRow], ranges: list[tuple[int, int, int, int]]) -> list[TableRow]:
    """The rows with the text of merged cells in every place they cover."""
    if not ranges:
        return rows
    cells = {row.number: list(row.cells) for row in rows}
    width = max(map(len, cells.values()), default=0)
    last = max(cells, default=0)
    for left, top, right, bottom in ranges:
        source = cells.get(top, [])
        text = source[left - 1] if left <= len(source) else ""
        if not text:
            continue
        for number in range(top, min(bottom, last) + 1):
            row = cells.setdefault(number, [])
            # A title over the whole sheet is no reason to make the sheet wider.
            until = min(right, max(width, left))
            row.extend([""] * (until - len(row)))
            row[left - 1 : until] = [text] * (until - left + 1)
    return [TableRow(number, tuple(cells[number])) for number in sorted(cells)]


def _text(cell: Any) -> str:
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, datetime.time):
        return value.isoformat("seconds" if value.second else "minutes")
    return str(value).replace("_x000D_", "").strip()


def _number(value: float, shown_as: str) -> str:
    if shown_as.partition(";")[0].rstrip().endswith("%"):
        return f"{value * 100:.15g}%"
    text = str(int(value)) if value == int(value) else f"{value:.15g}"
    # Post codes and numbers of offices are often numbers shown with leading zeros.
    return text.zfill(len(shown_as)) if re.fullmatch("0{2,}", shown_as) else text
