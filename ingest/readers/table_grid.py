"""Tables as office programs, pages and PDFs draw them: headings found, rows that stand alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..content import BlockKind, Content, DataTable, Document, TableRow, TextBlock
from .structure import collapse_spaces

Grid = Sequence[Sequence[str]]
"""Rows of cells; the text of a merged cell stands in every place it covers."""

_LONGEST_TITLE = 40
_LABEL = re.compile(
    r"(?:电话|地址|地点|时间|名称|机构|机关|依据|条件|材料|流程|程序|时限|期限|收费|费用|标准|方式|"
    r"渠道|部门|单位|网址|邮编|传真|对象|类型|编码|编号|姓名|性别|备注|范围|结果|热线)[：:]?$"
)


@dataclass(frozen=True, slots=True)
class TableGrid:
    """A table as it stands in a text."""

    grid: Grid
    heading_rows: int | None = None
    """Rows of headings: 0 in a form of labels and values, None where the format does not say."""


def tables_or_document(title: str, parts: Sequence[TextBlock | TableGrid]) -> Content:
    """The tables of a file that consists of them but for headings, else the whole as a text."""
    tables: list[DataTable] = []
    heading = title
    only_tables = True
    for i, part in enumerate(parts):
        if isinstance(part, TableGrid):
            rows = [TableRow(number, tuple(cells)) for number, cells in enumerate(part.grid, 1)]
            form = part.heading_rows == 0 or (part.heading_rows is None and is_form(part.grid))
            found = None if form else table_from_rows(heading, rows, part.heading_rows)
            if found is None:
                only_tables = False
                break
            tables.append(found)
        elif part.kind == "heading" or (i == 0 and len(part.text) <= _LONGEST_TITLE):
            heading = part.text
        else:
            only_tables = False
            break
    if tables and only_tables:
        return tuple(tables)
    blocks: list[TextBlock] = []
    for part in parts:
        blocks += (
            table_row_blocks(part.grid, None, part.heading_rows)
            if isinstance(part, TableGrid)
            else [part]
        )
    return Document(title, tuple(blocks))


def table_from_rows(
    name: str, rows: Sequence[TableRow], heading_rows: int | None = None
) -> DataTable | None:
    """A table whose first row holds its headings; what stands above them is left out.

    Args:
        name: The sheet's name, or the heading the table stands under.
        rows: Rows with their numbers.
        heading_rows: How many rows of headings there are, where the format says so.

    Returns:
        None if no row has two different texts, or no row follows the headings.
    """
    filled = [row for row in rows if any(cell.strip() for cell in row.cells)]
    width = max((_filled_width(row.cells) for row in filled), default=0)
    first = next((i for i, row in enumerate(filled) if is_heading_row(row.cells)), None)
    if first is None:
        return None
    body = first + max(heading_rows or heading_height([row.cells for row in filled[first:]]), 1)
    if body >= len(filled):
        return None
    headings = _joined_headings([row.cells for row in filled[first:body]], width)
    trimmed = (TableRow(row.number, _fitted(row.cells, width)) for row in filled[body:])
    return DataTable(name, (TableRow(filled[first].number, headings), *trimmed))


def table_row_blocks(
    grid: Grid, page: int | None = None, heading_rows: int | None = None
) -> list[TextBlock]:
    """The rows of a table in a text, each readable without the others.

    ``heading_rows`` as in :func:`table_from_rows`. A form of labels and values gives a row for each
    pair,
    a table of one column its paragraphs.
    """
    rows = [[collapse_spaces(cell) for cell in row] for row in grid]
    rows = [row for row in rows if any(row)]
    blocks: list[TextBlock] = []
    while len(rows) > 1 and len(set(rows[0]) - {""}) == 1:
        caption = next(cell for cell in rows.pop(0) if cell)
        blocks.append(TextBlock(caption, "paragraph", page))
    if heading_rows == 0 or (heading_rows is None and is_form(rows)):
        return blocks + [TextBlock(text, "table_row", page) for row in rows for text in _pairs(row)]
    height = heading_rows or heading_height(rows)
    if len(rows) <= height or len(rows[0]) < 2:
        kind: BlockKind = "table_row" if rows and len(rows[0]) > 1 else "paragraph"
        return blocks + [TextBlock("；".join(_distinct(row)), kind, page) for row in rows]
    headings = _joined_headings(rows[:height], max(map(len, rows)))
    return blocks + [
        TextBlock(_sentence(headings, row), "table_row", page) for row in rows[height:]
    ]


def is_form(rows: Grid) -> bool:
    """Whether the rows are pairs of a label and its value, as in 办事指南."""
    width = max(map(len, rows), default=0)
    if width not in (2, 4) or len(rows) < 2:
        return False
    first = rows[0]
    if not all(_LABEL.search(cell) for cell in first[::2] if cell):
        return False
    if any(_LABEL.search(cell) for cell in first[1::2]):
        return False
    labelled = sum(bool(_LABEL.search(row[0])) for row in rows if row)
    return labelled * 2 >= len(rows)


def is_heading_row(cells: Sequence[str]) -> bool:
    """Whether at least two different texts stand in the row."""
    return len({cell.strip() for cell in cells if cell.strip() and not _is_number(cell)}) >= 2


def heading_height(rows: Grid) -> int:
    """2 if the first row spreads a heading over columns that the second row tells apart."""
    if len(rows) < 3:
        return 1
    first, second = rows[0], rows[1]
    spread = [(i, i + 1) for i in range(len(first) - 1) if first[i] and first[i] == first[i + 1]]
    told_apart = all(
        j < len(second) and second[i] != second[j] and second[i] and second[j] for i, j in spread
    )
    return 2 if spread and told_apart and not any(map(_is_number, second)) else 1


def _joined_headings(rows: Grid, width: int) -> tuple[str, ...]:
    columns = zip(*(_fitted(row, width) for row in rows), strict=True)
    return tuple(collapse_spaces("·".join(_distinct(column))) for column in columns)


def _sentence(headings: Sequence[str], row: Sequence[str]) -> str:
    if len(set(row) - {""}) == 1 and len(row) > 1 and all(row):
        return row[0]  # merged over all columns: it says something about the rows below
    parts: list[str] = []
    for heading, cell in zip(headings, row, strict=False):
        part = f"{heading.rstrip('：:')}：{cell}" if heading else cell
        if cell and (not parts or parts[-1] != part):
            parts.append(part)
    return "；".join(parts)


def _pairs(row: Sequence[str]) -> list[str]:
    pairs: list[str] = []
    for label, value in zip(row[::2], row[1::2], strict=False):
        pair = f"{label.rstrip('：:')}：{value}" if label and value != label else label or value
        if pair and pair not in pairs:
            pairs.append(pair)
    # A value merged over the rest of the row stands once.
    if len(pairs) == 2 and len(set(row[1:])) == 1:
        return pairs[:1]
    return pairs


def _distinct(cells: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(cell for cell in cells if cell))


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*(cell.strip() for cell in cells[:width]), *[""] * (width - len(cells)))


def _filled_width(cells: Sequence[str]) -> int:
    return max((i + 1 for i, cell in enumerate(cells) if cell.strip()), default=0)


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+\d.,%/: ]+", cell.strip()))
