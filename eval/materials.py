"""Files as an office has them, made from the shipped entries: as many as are to be measured."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from retrievers import FaqEntry

from .paper import Paper

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


def delimited(path: Path, entries: Iterator[FaqEntry], rows: int) -> None:
    """A CSV of questions and answers as Excel writes it in China: in GB18030."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADINGS)
        writer.writerows(map(_cells, itertools.islice(entries, rows)))


def regulations(folder: Path, entries: Iterator[FaqEntry], pages: int) -> None:
    """PDF files of at most a hundred pages: chapters, articles, ruled tables, page headers."""
    for number, start in enumerate(range(0, pages, _PAGES_A_FILE), 1):
        title = f"政务服务事项办理规定（第{number}册）"
        paper = Paper(title)
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


def statute(path: Path, entries: Iterator[FaqEntry]) -> None:
    """A short regulation as plain text."""
    lines = ["某某市政务服务管理办法", "", "第一章 总则"]
    for number, entry in enumerate(itertools.islice(entries, 30), 1):
        lines.append(f"第{number}条 {entry.answer}")
    path.write_text("\n".join(lines), encoding="gb18030")


def notes(folder: Path, entries: Iterator[FaqEntry], files: int) -> None:
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
