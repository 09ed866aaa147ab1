"""PPTX: the visible slides in order, their titles as headings, their tables as rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pptx
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER

from ...content import Document, TextBlock, UnreadableFile
from ..limits import ReadLimits, check_office_parts, open_zip
from ..structure import collapse_spaces, text_block
from ..table_grid import table_row_blocks

_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
_REPEATED = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE)
_DEEPEST_GROUP = 20


def read_pptx(path: Path, title: str, limits: ReadLimits) -> Document:
    """The text of a presentation, slides counted as pages. Notes are for the speaker: left out."""
    with open_zip(path, limits) as archive:
        check_office_parts(archive, limits)
    blocks: list[TextBlock] = []
    slides = pptx.Presentation(str(path)).slides
    if len(slides) > limits.pages:
        raise UnreadableFile("many_slides", most=limits.pages)
    for page, slide in enumerate(slides, 1):
        if slide._element.get("show") not in ("0", "false"):
            blocks += _slide(slide.shapes, page)
    if not blocks:
        raise UnreadableFile("only_pictures")
    first = next((b.text for b in blocks if b.kind == "heading"), title)
    return Document(first, tuple(blocks))


def _slide(shapes: Any, page: int) -> list[TextBlock]:
    placed = [shape for shape in _flat(shapes) if not _is(shape, _REPEATED)]
    # The order in the file is that of drawing; people read titles first, then downwards.
    placed.sort(key=lambda shape: (not _is(shape, _TITLES), shape.top or 0, shape.left or 0))
    blocks: list[TextBlock] = []
    for shape in placed:
        if getattr(shape, "has_table", False):
            blocks += table_row_blocks(_grid(shape.table), page)
        elif shape.has_text_frame:
            heading = _is(shape, _TITLES)
            listed = len([p for p in shape.text_frame.paragraphs if p.text.strip()]) > 1
            for paragraph in shape.text_frame.paragraphs:
                text = collapse_spaces(paragraph.text)
                if not text:
                    continue
                if heading:
                    blocks.append(TextBlock(text, "heading", page, 1))
                elif listed and shape.is_placeholder:
                    blocks.append(TextBlock(text, "item", page))
                else:
                    blocks.append(text_block(text, page))
    return blocks


def _flat(shapes: Any, depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            if depth < _DEEPEST_GROUP:
                yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _is(shape: Any, kinds: tuple[Any, ...]) -> bool:
    return bool(shape.is_placeholder and shape.placeholder_format.type in kinds)


def _grid(table: Any) -> list[list[str]]:
    rows, columns = len(table.rows), len(table.columns)
    grid = [[""] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            cell = table.cell(i, j)
            if cell.is_spanned:
                continue
            text = collapse_spaces(cell.text)
            down, right = (cell.span_height, cell.span_width) if cell.is_merge_origin else (1, 1)
            for row in grid[i : i + down]:
                row[j : j + right] = [text] * len(row[j : j + right])
    return grid
