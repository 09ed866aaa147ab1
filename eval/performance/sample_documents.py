"""Files as an office has them, made from the shipped entries: as many as are to be measured."""

import csv
import itertools
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from retrievers import FaqEntry

_HEADINGS = ("问题", "答案", "领域", "部门", "地区", "来源", "链接")
_PAGES_A_FILE = 100
_ARTICLES_A_CHAPTER = 8
_ARTICLES_A_TABLE = 20


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
    for number, start in enumerate(range(0, pages, _PAGES_A_FILE), 1):
        title = f"政务服务事项办理规定（第{number}册）"
        paper = PdfWriter(title)
        paper.paragraph(title, size=18, indent=0)
        wanted = min(_PAGES_A_FILE, pages - start)
        for article in itertools.count():
            entry = next(entries)
            if article % _ARTICLES_A_CHAPTER == 0:
                chapter = article // _ARTICLES_A_CHAPTER + 1
                paper.paragraph(f"第{chapter}章 {entry.field}", size=14, indent=0)
            paper.paragraph(f"第{article + 1}条 {entry.question}{entry.answer}")
            if article % _ARTICLES_A_TABLE == 0:
                some = itertools.islice(entries, 6)
                rows = [(e.question, e.field, e.region) for e in some]
                paper.table([("事项", "领域", "适用地区"), *rows])
            if paper.n_pages > wanted:
                break
        paper.save(folder / f"regulations-{number}.pdf", wanted)


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


_WIDTH, _HEIGHT, _MARGIN = 595, 842, 72
_FONT = (
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
    "/DescendantFonts[4 0 R]>>"
)
_GLYPHS = (
    "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/W[1 95 500]/CIDSystemInfo"
    "<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor 5 0 R>>"
)
_DESCRIPTOR = (
    "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
    "/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>"
)


class PdfWriter:
    """Pages that fill from the top; a new one begins when the text needs it.

    Args:
        header: Stands at the top of every page; its number stands at the bottom.
    """

    def __init__(self, header: str) -> None:
        self._header = header
        self._pages: list[list[str]] = []
        self._y = 0.0

    @property
    def n_pages(self) -> int:
        return len(self._pages)

    def paragraph(self, text: str, *, size: float = 11, indent: float = 2) -> None:
        """Running text or a heading; ``indent`` in ems."""
        room = (_WIDTH - 2 * _MARGIN) / size
        line, width, first = "", indent, True
        for char in [*text, ""]:
            wide = 0.5 if char.isascii() else 1.0
            if char and width + wide <= room:
                line, width = line + char, width + wide
                continue
            if line:
                self._down(1.6 * size)
                self._write(line, _MARGIN + (indent * size if first else 0), size)
            line, width, first = char, wide, False

    def table(self, rows: Sequence[Sequence[str]], *, size: float = 9) -> None:
        """Rows of cells with lines around them, all of one width, a line of text each."""
        column = (_WIDTH - 2 * _MARGIN) / len(rows[0])
        height = 2 * size
        self._down(height)
        for row in rows:
            self._down(height)
            for i, cell in enumerate(row):
                x = _MARGIN + i * column
                box = f"{x:.1f} {self._y - 0.6 * size:.1f} {column:.1f} {height:.1f} re S"
                self._pages[-1].append(box)
                self._write(cell[: int(column / size) - 1], x + 0.4 * size, size)

    def save(self, path: Path, most: int) -> None:
        """Write a file of the first ``most`` pages."""
        objects = ["<</Type/Catalog/Pages 2 0 R>>", "", _FONT, _GLYPHS, _DESCRIPTOR]
        bodies = [body.encode() for body in objects]
        for page in self._pages[:most]:
            packed = zlib.compress("\n".join(page).encode())
            content = len(bodies) + 2
            bodies.append(
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {_WIDTH} {_HEIGHT}]"
                f"/Resources<</Font<</F 3 0 R>>>>/Contents {content} 0 R>>".encode()
            )
            head = f"<</Length {len(packed)}/Filter/FlateDecode>>stream\n".encode()
            bodies.append(head + packed + b"\nendstream")
        kids = " ".join(f"{number} 0 R" for number in range(6, len(bodies) + 1, 2))
        bodies[1] = f"<</Type/Pages/Kids[{kids}]/Count {min(self.n_pages, most)}>>".encode()
        with path.open("wb") as file:
            file.write(b"%PDF-1.5\n")
            places = []
            for number, body in enumerate(bodies, 1):
                places.append(file.tell())
                file.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
            start = file.tell()
            listed = "".join(f"{place:010} 00000 n \n" for place in places)
            file.write(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{listed}".encode())
            size = f"<</Size {len(bodies) + 1}/Root 1 0 R>>"
            file.write(f"trailer{size}\nstartxref\n{start}\n%%EOF\n".encode())

    def _down(self, points: float) -> None:
        self._y -= points
        if self._y < _MARGIN or not self._pages:
            self._pages.append([])
            self._y = _HEIGHT - 2 * _MARGIN
            number = f"— {self.n_pages} —"
            for text, x, y in ((self._header, _MARGIN, 800), (number, _WIDTH / 2 - 15, 30)):
                self._pages[-1].append(_shown(text, x, y, 9))

    def _write(self, text: str, x: float, size: float) -> None:
        self._pages[-1].append(_shown(text, x, self._y, size))


def _shown(text: str, x: float, y: float, size: float) -> str:
    codes = text.encode("utf-16-be").hex()
    return f"BT /F {size:g} Tf {x:.1f} {y:.1f} Td <{codes}> Tj ET"
