"""HTML: the main content of a page, without what surrounds and what is hidden."""

import re
from typing import TYPE_CHECKING

from ..content import BlockKind, Content, TextBlock, UnreadableFile
from .encoding import decode_text, load_text
from .registry import FileHead, SourceFile, document_format
from .structure import collapse_spaces, text_block
from .table_grid import TableGrid, tables_or_document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DROPPED_TAGS = frozenset(
    "script style noscript template nav aside footer select button textarea iframe svg object"
    " video audio canvas map head".split()
)
_DROPPED_ROLES = frozenset("navigation banner contentinfo search dialog menu menubar".split())
_SURROUNDINGS = re.compile(
    r"(?:^|[-_\s])(?:nav|navi|navbar|navigation|menu|breadcrumbs?|crumbs?|position|sidebar|side|"
    r"foot|footer|header|topbar|copyright|share|toolbar|pagination|pager|page-?nav|related|"
    r"adverts?|ads?|banner|search|skip)(?:[-_\s]|$)",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAIN = (
    "//main|//*[@role='main']",
    "//article",
    "//*[@id='UCAP-CONTENT' or @id='zoom' or contains(@class,'TRS_Editor')]",
    "//*[@id='content' or contains(concat(' ',@class,' '),' content ')"
    " or contains(@class,'article-content')]",
)
_BLOCK_TAGS = frozenset(
    "p div section article main header h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre figure"
    " figcaption table tbody thead tfoot tr td th caption hr br details summary address center"
    " form fieldset legend body".split()
)
_QUESTION_TAGS = frozenset(("dt", "summary"))
_MOST_OF_A_PAGE = 0.6
_WIDEST_SPAN = 100


def _is_html(head: FileHead) -> bool:
    return (
        head.text.startswith(("<!doctype html", "<html"))
        or (head.text.startswith("<?xml") and "<html" in head.text)
        or (head.suffix == ".xls" and "<table" in head.text)  # as many programs export tables
    )


@document_format("HTML", recognizes=_is_html, suffixes=(".html", ".htm", ".xhtml", ".shtml"))
def read_html(file: SourceFile) -> Content:
    """The main content of a web page; tables if it consists of them."""
    load_text(file.path, file.limits)
    data = file.path.read_bytes()
    return _content(decode_text(data, _declared_encoding(data[:4096])), file.title)


def html_parts(markup: str) -> list[TextBlock | TableGrid]:
    """The blocks and tables of a fragment of HTML, all of it."""
    root = _parse(markup)
    return _Walk(root).parts if root is not None else []


def _content(markup: str, title: str) -> Content:
    root = _parse(markup)
    if root is None:
        raise UnreadableFile("no_text")
    named = collapse_spaces(root.findtext(".//title") or "")
    first = next((collapse_spaces(_text(h1)) for h1 in root.iter("h1") if _text(h1).strip()), "")
    _drop_unseen(root)
    whole = len(_text(root)) or 1
    _drop_surroundings(root, whole)
    parts = _Walk(_main(root)).parts
    if not parts:
        raise UnreadableFile("only_menus")
    return tables_or_document(first or named or title, parts)


def _parse(markup: str) -> "_Element | None":
    import lxml.html  # loaded once a file needs it

    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    if not markup.strip():
        return None
    try:
        return lxml.html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except lxml.etree.ParserError:
        return None


def _declared_encoding(head: bytes) -> str:
    found = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]+)", head)
    name = found[1].decode("ascii", "ignore").lower() if found else ""
    if name in ("gb2312", "gbk", "gb18030", "x-gbk"):
        return "gb18030"
    return {"big5": "big5hkscs", "big5-hkscs": "big5hkscs", "shift_jis": "cp932"}.get(name, "")


def _text(element: "_Element") -> str:
    return "".join(str(piece) for piece in element.itertext())


def _drop_unseen(root: "_Element") -> None:
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            continue
        if (
            element.tag in _DROPPED_TAGS
            or "hidden" in element.attrib
            or element.get("aria-hidden") == "true"
            or _HIDDEN.search(element.get("style") or "")
        ):
            _drop(element)


def _drop_surroundings(root: "_Element", whole: int) -> None:
    for element in list(root.iter()):
        if element.tag in ("html", "body", "main", "article") or element.getparent() is None:
            continue
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        around = (
            element.get("role") in _DROPPED_ROLES
            or bool(_SURROUNDINGS.search(names))
            or (element.tag == "header" and not _inside(element, ("main", "article")))
            or _is_all_links(element)
        )
        if (
            around
            and len(_text(element)) < _MOST_OF_A_PAGE * whole
            and (element.find(".//h1") is None or _is_all_links(element))
        ):
            _drop(element)


def _is_all_links(element: "_Element") -> bool:
    if element.tag not in ("ul", "ol", "div", "section", "p", "table"):
        return False
    links = list(element.iter("a"))
    if len(links) < 3:
        return False
    text = len(re.sub(r"\s", "", _text(element)))
    linked = sum(len(re.sub(r"\s", "", _text(link))) for link in links)
    return linked > 0.7 * text


def _main(root: "_Element") -> "_Element":
    whole = len(_text(root)) or 1
    for path in _MAIN:
        for element in root.xpath(path):
            if len(_text(element)) >= _MOST_OF_A_PAGE * whole:
                return element
    return root


def _inside(element: "_Element", tags: tuple[str, ...]) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _drop(element: "_Element") -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        previous = element.getprevious()
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)


class _Walk:
    """Goes through the elements and gathers what a reader sees as one block each."""

    def __init__(self, root: "_Element") -> None:
        self.parts: list[TextBlock | TableGrid] = []
        self._line: list[str] = []
        self._visit(root, "paragraph", 0)
        self._flush("paragraph", 0)

    def _visit(self, element: "_Element", kind: BlockKind, level: int) -> None:
        tag = element.tag
        if tag in _DROPPED_TAGS:
            return
        breaks = tag in _BLOCK_TAGS
        if breaks:
            self._flush(kind, level)
        own_kind, own_level = kind, level
        if re.fullmatch("h[1-6]", tag):
            own_kind, own_level = "heading", int(tag[1])
        elif tag in _QUESTION_TAGS:
            own_kind, own_level = "heading", 6
        elif tag == "li":
            own_kind = "item"
            self._line.append(_number(element))
        if tag == "table" and (drawn := _drawn(element)):
            self.parts.append(drawn)
            return
        self._line.append(element.text or "")
        for child in element:
            self._visit(child, own_kind, own_level)
            self._line.append(child.tail or "")
        if breaks:
            self._flush(own_kind, own_level)

    def _flush(self, kind: BlockKind, level: int) -> None:
        text = collapse_spaces("".join(self._line))
        self._line.clear()
        if not text or re.fullmatch(r"\d+\.", text):
            return
        self.parts.append(
            text_block(text) if kind == "paragraph" else TextBlock(text, kind, None, level)
        )


def _number(item: "_Element") -> str:
    """The number a browser puts before an item of an ordered list."""
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return ""
    return f"{sum(1 for _ in item.itersiblings('li', preceding=True)) + 1}. "


def _drawn(element: "_Element") -> TableGrid | None:
    """The cells of a table; None if it only arranges the page."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    nested = next(element.iterdescendants("table"), None) is not None
    if nested or len(rows) < 2 or next(element.iterdescendants("h1", "h2"), None) is not None:
        return None
    grid: list[list[str]] = []
    pending: dict[int, tuple[int, str]] = {}  # column: rows still covered from above, text
    heads: list[list[bool]] = []
    for row in rows:
        cells: list[str] = []
        tags: list[bool] = []
        for cell in row.iterchildren("td", "th"):
            _cover(cells, pending)
            text = _cell_text(cell)
            down = _span(cell, "rowspan", len(rows))
            for _ in range(_span(cell, "colspan", _WIDEST_SPAN)):
                if down > 1:
                    pending[len(cells)] = (down - 1, text)
                cells.append(text)
                tags.append(cell.tag == "th")
        _cover(cells, pending)
        grid.append(cells)
        heads.append(tags)
    if max(map(len, grid)) < 2:
        return None
    return TableGrid(grid, _heading_rows(element, heads))


def _cover(cells: list[str], pending: dict[int, tuple[int, str]]) -> None:
    """Put the text of cells that reach down from above where the row has come to them."""
    while (covered := pending.pop(len(cells), None)) is not None:
        rows, text = covered
        if rows > 1:
            pending[len(cells)] = (rows - 1, text)
        cells.append(text)


def _heading_rows(element: "_Element", heads: list[list[bool]]) -> int | None:
    in_head = len(element.findall("thead/tr"))
    leading = next((i for i, row in enumerate(heads) if not row or not all(row)), len(heads))
    if in_head or leading:
        return min(in_head or leading, len(heads) - 1)
    labels = all(row and row[0] and not any(row[1::2]) for row in heads)
    return 0 if labels and max(map(len, heads)) in (2, 4) else None


def _span(cell: "_Element", name: str, most: int) -> int:
    value = (cell.get(name) or "1").strip()
    return min(max(int(value), 1), most) if value.isascii() and value[:5].isdigit() else 1


def _cell_text(cell: "_Element") -> str:
    """The text of a cell, a line for each of its paragraphs."""
    pieces: list[str] = []

    def visit(element: "_Element") -> None:
        pieces.append(re.sub(r"\s+", " ", element.text or ""))
        for child in element:
            edge = "\n" if child.tag in _BLOCK_TAGS else ""
            pieces.append(edge)
            visit(child)
            pieces.append(edge + re.sub(r"\s+", " ", child.tail or ""))

    visit(cell)
    lines = (collapse_spaces(line) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)
