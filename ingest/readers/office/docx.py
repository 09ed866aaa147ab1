"""DOCX: paragraphs with the numbers Word counts, headings by style, tables with merged cells.

Footnotes and endnotes follow the paragraph that refers to them. Comments are left out: they are
what clerks say to each other about the text, and not part of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from lxml.etree import _Element

from ...content import Content, TextBlock, UnreadableFile
from ..limits import ReadLimits, check_office_parts, open_zip
from ..structure import collapse_spaces, heading_level, text_block
from ..table_grid import TableGrid, tables_or_document
from .docx_numbering import DocxNumbering

_TEXT = {qn("w:t"): None, qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n",
         qn("w:noBreakHyphen"): "-"}  # fmt: skip
_SKIPPED = {qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), qn("w:instrText"),
            "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}  # fmt: skip
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
_TITLE_STYLE = re.compile(r"title$|标题$", re.IGNORECASE)
_CONTENTS_STYLE = re.compile(r"toc\s*\d|toc heading|目录", re.IGNORECASE)
_WIDEST_SPAN = 100
_NOTES = {"footnote": qn("w:footnoteReference"), "endnote": qn("w:endnoteReference")}
_SIGNED = re.compile(r"注\s*\d*\s*[:：]")


def read_docx(path: Path, title: str, limits: ReadLimits) -> Content:
    """The text of a Word file in order; tables if it consists of them. Macros are not run."""
    with open_zip(path, limits) as archive:
        check_office_parts(archive, limits)
    reader = _DocxReader(path)
    parts = list(reader.parts(reader.body))
    if not parts:
        raise UnreadableFile("only_pictures")
    return tables_or_document(reader.title or title, parts)


class _ParagraphStyle:
    """What a paragraph style says, with what it inherits."""

    def __init__(self, element: _Element, base: "_ParagraphStyle | None") -> None:
        name = element.find(qn("w:name"))
        self.name = "" if name is None else name.get(qn("w:val"), "")
        outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        named = _HEADING_STYLE.match(self.name)
        self.level: int = base.level if base else 0
        if outline is not None:
            self.level = _outline(outline)
        elif named:
            self.level = int(named[1])
        numbered = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        self.list: tuple[str, int] | None = base.list if base else None
        if numbered is not None:
            self.list = _list(numbered)


class _DocxReader:
    def __init__(self, path: Path) -> None:
        document = docx.Document(str(path))
        self.body: _Element = document.element.body
        self.title = ""
        self._styles = _styles(document.styles.element)
        self._numbering = DocxNumbering(_numbering(document))
        self._notes = _notes(document)

    def parts(self, parent: _Element) -> Iterator[TextBlock | TableGrid]:
        """The blocks and tables of the body, or of a cell that holds a whole text."""
        for child in parent:
            if child.tag == qn("w:p"):
                yield from self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                yield from self._table(child)
            elif child.tag in (qn("w:sdt"), qn("w:ins"), qn("w:smartTag"), qn("w:customXml")):
                gallery = child.find(f".//{qn('w:docPartGallery')}")
                if gallery is None or gallery.get(qn("w:val")) != "Table of Contents":
                    yield from self.parts(child)
            elif child.tag == qn("w:sdtContent"):
                yield from self.parts(child)

    def _paragraph(self, paragraph: _Element) -> Iterator[TextBlock]:
        style = self._style(paragraph)
        lines, boxes, references = _lines(paragraph)
        text = "\n".join(lines).strip()
        if text and not (style and _CONTENTS_STYLE.match(style.name)):
            number = self._number(paragraph, style)
            level = self._level(paragraph, style)
            text = (number or "") + text
            if not self.title and style and _TITLE_STYLE.match(style.name):
                self.title = collapse_spaces(text)
                yield TextBlock(self.title, "heading", None, 1)
            elif level and len(text) <= 200:
                self.title = self.title or (collapse_spaces(text) if level == 1 else "")
                yield TextBlock(collapse_spaces(text), "heading", None, level)
            else:
                listed = number is not None and not re.match(r"第.+条", text)
                for line in filter(None, map(collapse_spaces, text.split("\n"))):
                    if listed and not heading_level(line):
                        yield TextBlock(line, "item")
                    else:
                        yield text_block(line)
        for reference in references:
            note = self._notes.pop(reference, None)  # once, should it be referred to again
            if note is not None and (
                said := collapse_spaces(" ".join(self._cell(note).split("\n")))
            ):
                yield TextBlock(said if _SIGNED.match(said) else f"注：{said}")
        for box in boxes:
            for part in self.parts(box):
                if isinstance(part, TextBlock):
                    yield part

    def _style(self, paragraph: _Element) -> _ParagraphStyle | None:
        named = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        return self._styles.get("" if named is None else named.get(qn("w:val"), ""))

    def _level(self, paragraph: _Element, style: _ParagraphStyle | None) -> int:
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if own is not None:
            return _outline(own)
        return style.level if style else 0

    def _number(self, paragraph: _Element, style: _ParagraphStyle | None) -> str | None:
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        inherited = style.list if style else None
        number, depth = inherited or ("", 0)
        if own is not None:
            number, depth = _list(own, number, depth)
        return self._numbering.next(number, depth) if number else None

    def _table(self, table: _Element) -> Iterator[TextBlock | TableGrid]:
        rows = [row for row in _rows(table) if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is None]
        cells = [list(_cells(row)) for row in rows]
        if sum(map(len, cells)) == 1:
            # A frame around a text, not a table
            yield from self.parts(cells[0][0])
            return
        grid: list[list[str]] = []
        for row, found in zip(rows, cells, strict=True):
            grid.append(self._texts(row, found, grid[-1] if grid else []))
        if not any(map(any, grid)):
            return
        repeated = 0
        for row in rows:
            if row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is None:
                break
            repeated += 1
        yield TableGrid(grid, repeated if 0 < repeated < len(rows) else None)

    def _texts(self, row: _Element, cells: list[_Element], above: list[str]) -> list[str]:
        before = row.find(f"{qn('w:trPr')}/{qn('w:gridBefore')}")
        texts = [""] * (_number(before) if before is not None else 0)
        for cell in cells:
            span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
            merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            if merge is not None and merge.get(qn("w:val"), "continue") == "continue":
                text = above[len(texts)] if len(texts) < len(above) else ""
            else:
                text = self._cell(cell)
            texts += [text] * (_number(span) if span is not None else 1)
        return texts

    def _cell(self, cell: _Element) -> str:
        lines: list[str] = []
        for part in self.parts(cell):
            if isinstance(part, TextBlock):
                lines.append(part.text)
            else:
                lines += ["；".join(dict.fromkeys(filter(None, row))) for row in part.grid]
        return "\n".join(lines)


def _styles(element: _Element) -> dict[str, _ParagraphStyle]:
    """The paragraph styles by their ids; ``""`` stands for the default one."""
    found = {
        style.get(qn("w:styleId"), ""): style
        for style in element.findall(qn("w:style"))
        if style.get(qn("w:type")) == "paragraph"
    }
    made: dict[str, _ParagraphStyle] = {}

    def make(name: str, depth: int = 0) -> _ParagraphStyle | None:
        if name in made or name not in found or depth > 20:
            return made.get(name)
        based = found[name].find(qn("w:basedOn"))
        base = make(based.get(qn("w:val"), ""), depth + 1) if based is not None else None
        made[name] = _ParagraphStyle(found[name], base)
        return made[name]

    for name, style in found.items():
        make(name)
        if style.get(qn("w:default")) in ("1", "true"):
            made[""] = made[name]
    return made


def _numbering(document: "docx.document.Document") -> _Element | None:
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/numbering"):
            element: _Element = relation.target_part.element
            return element
    return None


def _notes(document: "docx.document.Document") -> dict[tuple[str, str], _Element]:
    """Footnotes and endnotes by the kind of the reference to them and their id."""
    found: dict[tuple[str, str], _Element] = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind in _NOTES and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).findall(qn(f"w:{kind}")):
                if note.get(qn("w:type"), "normal") == "normal":  # and no line above the notes
                    found[_NOTES[kind], note.get(qn("w:id"), "")] = note
    return found


def _lines(
    paragraph: _Element,
) -> tuple[list[str], list[_Element], list[tuple[str, str]]]:
    """The text of a paragraph line by line, its text boxes, and its references to notes."""
    pieces: list[str] = []
    boxes: list[_Element] = []
    references: list[tuple[str, str]] = []

    def visit(element: _Element) -> None:
        for child in element:
            if child.tag in _SKIPPED:
                continue
            if child.tag == qn("w:txbxContent"):
                boxes.append(child)
            elif child.tag in _NOTES.values():
                references.append((child.tag, child.get(qn("w:id"), "")))
            elif child.tag in _TEXT:
                pieces.append(_TEXT[child.tag] or child.text or "")
            elif child.tag != qn("w:r") or child.find(f"{qn('w:rPr')}/{qn('w:vanish')}") is None:
                visit(child)

    visit(paragraph)
    return "".join(pieces).split("\n"), boxes, references


def _rows(table: _Element) -> Iterator[_Element]:
    for child in table:
        if child.tag == qn("w:tr"):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins")):
            yield from _rows(child)


def _cells(row: _Element) -> Iterator[_Element]:
    for child in row:
        if child.tag == qn("w:tc"):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent")):
            yield from _cells(child)


def _list(numbered: _Element, number: str = "", depth: int = 0) -> tuple[str, int]:
    own_number = numbered.find(qn("w:numId"))
    own_depth = numbered.find(qn("w:ilvl"))
    return (
        number if own_number is None else own_number.get(qn("w:val"), ""),
        depth if own_depth is None else int(own_depth.get(qn("w:val"), "0")),
    )


def _outline(element: _Element) -> int:
    level = int(element.get(qn("w:val"), "9")) + 1
    return level if level <= 9 else 0


def _number(element: _Element) -> int:
    return min(max(int(element.get(qn("w:val"), "1")), 0), _WIDEST_SPAN)
