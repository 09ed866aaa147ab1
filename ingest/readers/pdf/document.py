"""PDF: text in reading order with page numbers, tables as rows, page headers left out."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ...content import Document, TextBlock, UnreadableFile
from ...messages import IngestMessage, message
from ..limits import KIB
from ..registry import SourceFile
from ..structure import collapse_spaces, join_lines, starts_unit, text_block
from ..table_grid import heading_height, is_form, table_row_blocks
from . import ocr as recognition
from .box_font import install_box_font
from .lines import TextLine, body_size, line_pitch, page_lines, paragraphs, text_of
from .page import PageContent, read_page
from .tables import PdfTable, find_tables

_FEWEST_CHARS = 15
"""A page with fewer is a picture of a page, if a picture covers much of it."""
_MOSTLY_PICTURE = 0.4
_UNMAPPED = 0.3
_SCANNED = 0.2
"""The share of scanned pages from which a file counts as a scan."""
_MOST_NAMED = 20  # pages in a warning
_TOLD_EVERY = 10  # pages, of how far it is
_EDGE = 0.13
"""The share of a page's height at its top and bottom where headers and footers stand."""
_PAGE_NUMBER = re.compile(
    r"(?:[-—–·\s]*\d{1,4}[-—–·\s]*|第?\s*\d{1,4}\s*页?\s*[/／,，、共]+\s*\d{1,4}\s*页?|"
    r"第\s*[\d一二三四五六七八九十百]+\s*页(?:[,，\s]*共\s*[\d一二三四五六七八九十百]+\s*页)?|"
    r"page\s*\d+(?:\s*of\s*\d+)?)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(?:(?<=第)|(?<=第 )|(?<![\w.])(?<![件表图] ))\d{1,5}(?=\s|页|$|[-—–·/|])")
"""What may be a page's number in a header, as in ``第3页``, and not as in ``附件3``."""
_LONGEST_HEADING = 60
_LARGE_TYPE = 1.12
"""Type larger than most by this factor is that of headings."""


PagePart = TextLine | PdfTable | TextBlock
"""Of a page: a line, a table, or a paragraph recognised in its picture."""


@dataclass(frozen=True, slots=True)
class _PageText:
    height: float
    parts: tuple[PagePart, ...]


def read_pdf(file: SourceFile) -> Document:
    """The text of a PDF file; with ``file.ocr`` also of its pages that are pictures.

    Without it they are left out with a warning, and many of them are an error.
    """
    limits, ocr = file.limits, file.ocr
    document = _open(file.path)
    try:
        if len(document) > limits.pages:
            raise UnreadableFile("many_pages", n=len(document), most=limits.pages)
        pages: dict[int, _PageText] = {}
        scanned: list[int] = []
        for number in range(1, len(document) + 1):
            if number % _TOLD_EVERY == 0:
                file.progress(number / len(document))
            page = read_page(document, number)
            picture = len(page.chars) < _FEWEST_CHARS and page.pictured >= _MOSTLY_PICTURE
            if picture or page.unmapped > _UNMAPPED:
                scanned.append(number)
                continue
            pages[number] = _page_text(page)
        if scanned and not ocr and len(scanned) >= _SCANNED * len(document):
            raise UnreadableFile("scan", n=len(scanned), pages=len(document))
        if scanned and ocr:
            recognition.require_tesseract()
            for number in scanned:
                blocks = _recognised(recognition.recognize_page(document, number), number)
                pages[number] = _PageText(0.0, tuple(blocks))
    finally:
        document.close()
    found = _document(file.title, [pages[number] for number in sorted(pages)])
    if not found.blocks:
        raise UnreadableFile("no_text")
    return replace(found, warnings=() if ocr or not scanned else (_left_out(scanned),))


def _left_out(scanned: Sequence[int]) -> IngestMessage:
    pages = ", ".join(map(str, scanned[:_MOST_NAMED]))
    if len(scanned) <= _MOST_NAMED:
        return message("pages_left_out", pages=pages)
    return message("many_pages_left_out", pages=pages, n_more=len(scanned) - _MOST_NAMED)


def _open(path: Path) -> pdfium.PdfDocument:
    install_box_font()
    try:
        document = pdfium.PdfDocument(path)
        len(document)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD:
            raise UnreadableFile("password") from error
        raise UnreadableFile("damaged") from error
    # PDFium rebuilds what is left of a file that breaks off: half a text would pass for a whole.
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 64 * KIB, 0))
        if b"%%EOF" not in file.read():
            document.close()
            raise UnreadableFile("cut_off")
    if len(document) == 0:
        document.close()
        raise UnreadableFile("no_pages")
    return document


def _page_text(page: PageContent) -> _PageText:
    tables = find_tables(page)
    running = [char for char in page.chars if not any(table.holds(char) for table in tables)]
    parts: list[PagePart] = list(page_lines(running, page.number, page.width))
    for table in tables:
        # Before the first line below it in its column
        place = next(
            (
                i
                for i, part in enumerate(parts)
                if isinstance(part, TextLine)
                and part.top >= table.top
                and part.x0 < table.x1
                and table.x0 < part.x1
            ),
            len(parts),
        )
        parts.insert(place, table)
    return _PageText(page.height, tuple(parts))


def _recognised(found: Sequence[str], page: int) -> Iterator[TextBlock]:
    paragraph = ""
    for line in [*found, ""]:
        if line and not starts_unit(line):
            paragraph = join_lines(paragraph, line)
            continue
        if paragraph:
            yield text_block(collapse_spaces(paragraph), page)
        paragraph = line


def _document(title: str, pages: Sequence[_PageText]) -> Document:
    runs = _runs(_without_headers(pages))
    found = [part for run in runs for part in run if isinstance(part, TextLine)]
    body, usual = body_size(found), line_pitch(found)
    groups = {
        i: _headings_joined(paragraphs([p for p in run if isinstance(p, TextLine)], usual), body)
        for i, run in enumerate(runs)
        if isinstance(run[0], TextLine)
    }
    levels = _levels((group for listed in groups.values() for group in listed), body)
    blocks: list[TextBlock] = []
    for i, run in enumerate(runs):
        if i in groups:
            blocks += [_block(group, levels, body) for group in groups[i]]
        elif isinstance(run[0], PdfTable):
            blocks += _rows([part for part in run if isinstance(part, PdfTable)])
        else:
            blocks += [part for part in run if isinstance(part, TextBlock)]
    first = next((b for b in blocks if b.kind == "heading" and b.level == 1), None)
    if first and levels and first.page is not None and first.page <= 2:
        title = first.text
    return Document(title, tuple(blocks))


def _runs(pages: Sequence[_PageText]) -> list[list[PagePart]]:
    """Lines that follow each other, and tables that go on over the page."""
    runs: list[list[PagePart]] = []
    for page in pages:
        for part in page.parts:
            last = runs[-1][-1] if runs else None
            goes_on = type(last) is type(part)
            if isinstance(part, PdfTable) and isinstance(last, PdfTable):
                goes_on = last.page + 1 == part.page and _same_columns(last, part)
            if goes_on:
                runs[-1].append(part)
            else:
                runs.append([part])
    return runs


def _same_columns(one: PdfTable, other: PdfTable) -> bool:
    return len(one.columns) == len(other.columns) and all(
        abs((a - one.x0) - (b - other.x0)) < 3
        for a, b in zip(one.columns, other.columns, strict=True)
    )


def _without_headers(pages: Sequence[_PageText]) -> list[_PageText]:
    """The pages without the lines that stand at the same edge of several, and page numbers."""
    body = body_size([part for page in pages for part in page.parts if isinstance(part, TextLine)])
    counts: Counter[tuple[str, int]] = Counter()
    for page in pages:
        counts.update({place for line in _at_edge(page, body) for place in _places(line)})
    often = 2 if len(pages) <= 4 else 3
    kept: list[_PageText] = []
    for page in pages:
        dropped = {
            id(line)
            for line in _at_edge(page, body)
            if _PAGE_NUMBER.fullmatch(line.text.strip())
            or any(counts[place] >= often for place in _places(line))
        }
        kept.append(
            replace(page, parts=tuple(part for part in page.parts if id(part) not in dropped))
        )
    return kept


def _at_edge(page: _PageText, body: float) -> list[TextLine]:
    """Lines where headers and footers stand; those in larger type are headings of the text."""
    edge = _EDGE * page.height
    return [
        part
        for part in page.parts
        if isinstance(part, TextLine)
        and part.size < _LARGE_TYPE * body
        and (part.bottom < edge or part.top > page.height - edge)
    ]


def _places(line: TextLine) -> set[tuple[str, int]]:
    """What a line says and at which height, written so that it is the same on other pages.

    A page's number is written as its distance from the page. The heights overlap.
    """
    counted = _COUNTED.sub(lambda found: f"#{int(found[0]) - line.page}", line.text)
    return {
        (said, height)
        for said in (line.text, counted)
        for height in (int(line.top // 16), -1 - int((line.top + 8) // 16))
    }


def _headings_joined(groups: Sequence[list[TextLine]], body: float) -> list[list[TextLine]]:
    """Groups, with the lines of one heading in large type put together."""
    joined: list[list[TextLine]] = []
    for group in groups:
        last = joined[-1][-1] if joined else None
        if (
            last is not None
            and _is_large(group, body)
            and last.page == group[0].page
            and abs(last.size - group[0].size) < 0.5
            and 0 < group[0].top - last.top < 1.9 * last.size
            and not starts_unit(group[0].text)
        ):
            joined[-1] += group
        else:
            joined.append(list(group))
    return joined


def _is_large(group: Sequence[TextLine], body: float) -> bool:
    text = text_of(group)
    return (
        group[0].size > _LARGE_TYPE * body
        and len(text) <= _LONGEST_HEADING
        and not text.endswith(("。", "；"))
    )


def _levels(groups: Iterable[Sequence[TextLine]], body: float) -> dict[float, int]:
    """The levels of headings by the size of their type."""
    sizes = {round(group[0].size) for group in groups if _is_large(group, body)}
    return {size: min(level, 6) for level, size in enumerate(sorted(sizes, reverse=True), 1)}


def _block(group: Sequence[TextLine], levels: dict[float, int], body: float) -> TextBlock:
    text, page = text_of(group), group[0].page
    if _is_large(group, body):
        return TextBlock(text, "heading", page, levels[round(group[0].size)])
    return text_block(text, page)


def _rows(tables: Sequence[PdfTable]) -> list[TextBlock]:
    """The rows of a table that goes over one or more pages."""
    pages = [[list(row) for row in table.grid] for table in tables]
    first = pages[0]
    captions = next((i for i, row in enumerate(first) if len({*row} - {""}) > 1), 0)
    form = is_form(first)
    headings = [] if form else first[captions : captions + heading_height(first[captions:])]
    for before, rows in itertools.pairwise(pages):
        for heading in headings:
            if rows and rows[0] == heading:
                rows.pop(0)
        if rows and before and not form and not rows[0][0]:
            _complete_cut_row(before, rows)
    alone = len(tables) > 1 and len(first) == captions + len(headings)
    blocks = [] if alone else table_row_blocks(first, tables[0].page)
    for table, rows in zip(tables[1:], pages[1:], strict=True):
        if rows:
            blocks += table_row_blocks(headings + rows, table.page, 0 if form else len(headings))
    return blocks


def _complete_cut_row(before: list[list[str]], rows: list[list[str]]) -> None:
    """Put the rest of a row that the page break cut to its beginning."""
    filled = sum(map(bool, rows[0]))
    if filled * 2 <= len(rows[0]):
        rest = rows.pop(0)
        before[-1] = [join_lines(cell, more) for cell, more in zip(before[-1], rest, strict=True)]
    else:
        rows[0][0] = before[-1][0]  # a merged cell that goes on
