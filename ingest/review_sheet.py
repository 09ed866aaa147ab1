"""The spreadsheet on which a person accepts, edits or refuses proposed questions and answers."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from retrievers.base import FaqEntry

from .content import DataTable, TableRow, UnreadableFile
from .messages import IngestError, message
from .readers.limits import LIMITS, check_office_parts, open_zip
from .table_mapping import BadRow, table_entries


class ReviewDecisions(NamedTuple):
    """What people decided about proposals."""

    accepted: tuple[FaqEntry, ...]
    waiting: tuple[FaqEntry, ...]
    refused: tuple[FaqEntry, ...]
    bad: tuple[BadRow, ...]
    """Rows that cannot be read back, e.g. an emptied answer or an unknown decision."""


_ACCEPT, _REFUSE = "接受", "拒绝"
_DECISION = "决定"
_COLUMNS = {
    "question": ("问题", 40),
    "answer": ("答案", 80),
    "wordings": ("相似问", 30),
    "spoken": ("播报文本", 40),
    "source_title": ("来源标题", 30),
    "document_number": ("文号", 18),
    "place": ("位置", 20),
    "field": ("领域", 12),
    "department": ("部门", 20),
    "region": ("地区", 14),
    "issued": ("发布日期", 12),
    "valid_from": ("有效期自", 12),
    "valid_until": ("有效期至", 12),
    "notice": ("提示", 20),
    "source_url": ("来源网址", 20),
    "portal": ("网站名称", 20),
    "document_url": ("文件链接", 20),
    "year": ("年份", 8),
    "language": ("语言", 8),
    "origin": ("来源文件", 20),
    "faq_id": ("编号", 26),
}
"""Field → heading and width of its column."""


def write_review(path: Path, proposals: Iterable[FaqEntry]) -> int:
    """Write an XLSX sheet on which a person accepts, edits or refuses proposals.

    Args:
        path: The file; it is replaced.
        proposals: The entries.

    Returns:
        How many there are.

    Raises:
        IngestError: The name does not end in ``.xlsx``, or a text is longer than a cell can be.
        OSError: It cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise IngestError("no_xlsx_name", file=str(path))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "审核"
    sheet.append([_DECISION, *(heading for heading, _ in _COLUMNS.values())])
    count = 0
    for count, entry in enumerate(proposals, 1):
        texts = ["", *(_cell_text(entry, name) for name in _COLUMNS)]
        for column, text in enumerate(texts, 1):
            if len(text) > 32767:
                raise IngestError("long_cell", file=str(path), question=entry.question)
            cell = sheet.cell(count + 1, column)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
            cell.data_type = "s"  # a text that begins with = stays a text
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    widths = (8, *(width for _, width in _COLUMNS.values()))
    for column, width in enumerate(widths, 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    choice = DataValidation("list", formula1=f'"{_ACCEPT},{_REFUSE}"', allow_blank=True)
    choice.add(f"A2:A{max(count, 1) + 1}")
    sheet.add_data_validation(choice)
    sheet.freeze_panes = "C2"
    book.save(path)
    return count


def _cell_text(entry: FaqEntry, name: str) -> str:
    value = getattr(entry, name)
    if name == "wordings":
        return "\n".join(entry.wordings)
    return "" if value is None else str(value)


def read_review(path: Path) -> ReviewDecisions:
    """Read the decisions back; rows without one are waiting. Edited texts are taken as edited.

    Raises:
        UnreadableFile: It is no review or a damaged one, or a column was removed.
        OSError: It cannot be read.
    """
    try:
        with open_zip(path, LIMITS) as archive:
            check_office_parts(archive, LIMITS)
        book = load_workbook(path, read_only=True, data_only=True)
        rows = [
            TableRow(number, tuple("" if value is None else str(value) for value in values))
            for number, values in enumerate(book.worksheets[0].iter_rows(values_only=True), 1)
        ]
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # openpyxl raises anything on a damaged file
        raise UnreadableFile("no_excel", file=str(path), detail=str(error)) from error
    heading = rows[0] if rows else TableRow(1, ())
    if _DECISION not in heading.cells:
        raise UnreadableFile("no_review", file=str(path), column=_DECISION)
    column = heading.cells.index(_DECISION)
    decided: dict[str, list[TableRow]] = {_ACCEPT: [], "": [], _REFUSE: []}
    bad: list[BadRow] = []
    for row in rows[1:]:
        decision = row.cells[column].strip()
        if decision in decided:
            decided[decision].append(row)
        else:
            reason = message("unknown_decision", shown=decision, accept=_ACCEPT, refuse=_REFUSE)
            bad.append(BadRow(path.name, "", row.number, reason))
    read = []
    mapping = {name: text for name, (text, _) in _COLUMNS.items()}
    for chosen in decided.values():
        found = list(
            table_entries((DataTable("", (heading, *chosen)),), file=path.name, mapping=mapping)
        )
        read.append(tuple(entry for entry in found if isinstance(entry, FaqEntry)))
        bad.extend(row for row in found if isinstance(row, BadRow))
    return ReviewDecisions(read[0], read[1], read[2], tuple(sorted(bad, key=lambda row: row.row)))
