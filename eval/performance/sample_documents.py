"""Files as an office has them, made from the shipped entries: as many as are to be measured."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import openpyxl
from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, Paragraph, Table

from retrievers import FaqEntry

_HEADINGS = ("问题", "答案", "领域", "部门", "地区", "来源", "链接")
_PAGES_A_FILE = 100
_ARTICLES_A_CHAPTER = 8
_ARTICLES_A_TABLE = 20
_FONT = "STSong-Light"  # every PDF reader has it: nothing is embedded
_WIDTH, _HEIGHT = A4
_MARGIN = 72  # points
_TEXT_WIDTH = _WIDTH - 2 * _MARGIN


def workbook(path: Path, entries: Iterator[FaqEntry], rows: int) -> None:
    """An XLSX of questions and answers."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("问答")
    sheet.append(_HEADINGS)
    for entry in itertools.islice(entries, rows):
        sheet.append(_cells(entry))
    book.save(path)


def csv_table(path: Path, entries: Iterator[FaqEntry], rows: int) -> None:
    """A CSV of questions and answers as Excel writes it in China: in GB18030."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADINGS)
        writer.writerows(map(_cells, itertools.islice(entries, rows)))


def pdf_regulations(folder: Path, entries: Iterator[FaqEntry], pages: int) -> None:
    """PDF files of at most a hundred pages: chapters, articles, ruled tables, page headers."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    for number, start in enumerate(range(0, pages, _PAGES_A_FILE), 1):
        title = f"政务服务事项办理规定（第{number}册）"
        canvas = Canvas(str(folder / f"regulations-{number}.pdf"), pagesize=A4, pageCompression=1)
        _fill_pages(canvas, _regulation(title, entries), min(_PAGES_A_FILE, pages - start), title)
        canvas.save()


def _regulation(title: str, entries: Iterator[FaqEntry]) -> Iterator[Flowable]:
    """Chapters and articles, as long as there are entries."""
    yield _paragraph(title, size=18, indent=0)
    for article in itertools.count():
        entry = next(entries)
        if article % _ARTICLES_A_CHAPTER == 0:
            chapter = article // _ARTICLES_A_CHAPTER + 1
            yield _paragraph(f"第{chapter}章 {entry.field}", size=14, indent=0)
        yield _paragraph(f"第{article + 1}条 {entry.question}{entry.answer}", size=11, indent=2)
        if article % _ARTICLES_A_TABLE == 0:
            some = itertools.islice(entries, 6)
            yield _table(
                [("事项", "领域", "适用地区"), *((e.question, e.field, e.region) for e in some)]
            )


def _fill_pages(canvas: Canvas, content: Iterator[Flowable], n_pages: int, header: str) -> None:
    """Exactly so many pages, with a header and a number on each."""
    waiting = [next(content)]
    for page in range(1, n_pages + 1):
        canvas.setFont(_FONT, 9)
        canvas.drawString(_MARGIN, _HEIGHT - 42, header)
        canvas.drawCentredString(_WIDTH / 2, 30, f"— {page} —")
        frame = Frame(_MARGIN, _MARGIN, _TEXT_WIDTH, _HEIGHT - 2 * _MARGIN)
        while frame.add(waiting[0], canvas):
            waiting = waiting[1:] or [next(content)]
        parts = frame.split(waiting[0], canvas)
        if parts:
            frame.add(parts[0], canvas)
            waiting = [*parts[1:], *waiting[1:]]
        canvas.showPage()


def _paragraph(text: str, *, size: float, indent: float) -> Flowable:
    """Running text or a heading; ``indent`` of the first line in ems."""
    style = ParagraphStyle(
        "", fontName=_FONT, fontSize=size, leading=1.6 * size, firstLineIndent=indent * size,
        wordWrap="CJK",
    )  # fmt: skip
    return Paragraph(escape(text), style)


def _table(rows: Sequence[Sequence[str]], *, size: float = 9) -> Flowable:
    """Ruled rows; each cell holds one line of text, cut to the width of its column."""
    column = _TEXT_WIDTH / len(rows[0]) - 4
    cut = [[cell[: int(column / size) - 2] for cell in row] for row in rows]
    style = [("GRID", (0, 0), (-1, -1), 0.5, black), ("FONT", (0, 0), (-1, -1), _FONT, size)]
    return Table(cut, colWidths=column, rowHeights=2 * size, style=style)


def text_statute(path: Path, entries: Iterator[FaqEntry]) -> None:
    """A short regulation as plain text."""
    lines = ["某某市政务服务管理办法", "", "第一章 总则"]
    for number, entry in enumerate(itertools.islice(entries, 30), 1):
        lines.append(f"第{number}条 {entry.answer}")
    path.write_text("\n".join(lines), encoding="gb18030")


def markdown_notes(folder: Path, entries: Iterator[FaqEntry], files: int) -> None:
    """Small Markdown files, one for each matter."""
    for number, entry in enumerate(itertools.islice(entries, files), 1):
        text = f"# {entry.question}\n\n{entry.answer}\n\n## 办理部门\n\n{entry.department}\n"
        (folder / f"{number:05}.md").write_text(text, encoding="utf-8")


def _cells(entry: FaqEntry) -> tuple[str, ...]:
    return (
        entry.question,
        entry.answer,
        entry.field,
        entry.department,
        entry.region,
        entry.source_title,
        entry.source_url,
    )
