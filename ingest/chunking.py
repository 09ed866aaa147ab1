"""Documents are cut into pieces: by article, by heading, never through an item.

:func:`chunk_document` keeps every character of the document, in
order: the ``lead`` and ``body`` of its pieces, put together, are the text of the blocks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from retrievers.text.numerals import ORDINALS, parse_number

from .content import BlockKind, Document, TextBlock

_N = rf"[{ORDINALS}\d]+"
ARTICLE = re.compile(
    rf"\s*(?P<label>第(?P<number>{_N})[条條](?:之{_N})?)"
    r"(?:(?P<gap>[\s　:：]+)|(?=[【〔（(]))?(?P<name>[【〔（(][^】〕）)]{2,30}[】〕）)])?"
    r"|\s*(?P<english>(?:Article|Section)\s+(?P<english_number>\d+)\.?)(?=\s|$)"
)
CHAPTER = re.compile(
    rf"\s*(?P<label>第{_N}(?P<rank>[编編篇部分章节節])分?|Chapter\s+(?:\d+|[IVXL]+)\b\.?)"
    r"[\s　:：.]*(?P<name>[^。；;！!]{0,40})$"
)
_RANKS = {"编": 1, "編": 1, "篇": 1, "部": 1, "分": 1, "章": 2, "节": 3, "節": 3}
ITEM = re.compile(
    rf"\s*(?P<label>[（(]{_N}[）)]|[{ORDINALS}]+、|\d{{1,2}}(?:[.．](?!\d)|[、)）])|[①-⑳])"
)
_ITEM_RANKS = ((r"[（(][^\d]", 12), (r"[（(]\d", 14), (r"\d", 13), (r"[①-⑳]", 15), (r".", 11))
_INLINE_ITEM = re.compile(rf"(?<=[：:；;。])\s*(?=[（(]{_N}[）)])")
_SENTENCE = re.compile(r"(?<=[。！？；;])(?![”’」』）)])|(?<=[.!?])\s+(?=[A-Z“\"])")
_CONTENTS = re.compile(r"\s*目\s*[录錄次]\s*$|\s*(?:Table of )?Contents\s*$", re.IGNORECASE)
_PAGE_LEADER = re.compile(r"[.．…·・‥\t][.．…·・‥\s]*\d{1,4}\s*$")
_LEADER = re.compile(rf"\s*{_PAGE_LEADER.pattern}|\s+\d{{1,4}}\s*$")
_ANNEX = re.compile(
    rf"附\s*[件表录錄]\s*{_N}?\s*[：:]?$|附\s*[件表录錄]\s*{_N}\s+[^。；;，,]{{2,40}}$"
)
_STEM_END = ("：", ":")


@dataclass(frozen=True, slots=True)
class TextUnit:
    """A run of text that is not cut: a paragraph, an item, a table row or a sentence."""

    text: str
    kind: BlockKind
    page: int | None
    block: int
    """Index of the block that it lies in."""
    clause: int = 0
    """Number of its paragraph (款) in the article, from 1; 0 outside articles."""
    item: str = ""
    """Number of the item (项) of that paragraph that it belongs to, as written; may be empty."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What becomes one passage."""

    lead: tuple[TextUnit, ...]
    """Headings and table-of-contents lines passed on the way to the body."""
    body: tuple[TextUnit, ...]
    """The text of its own; empty only where a document ends in headings."""
    headings: tuple[str, ...] = ()
    """The headings over the body, from the highest."""
    article: str = ""
    """E.g. ``"第十二条"``; empty outside articles."""
    context: str = ""
    """Quoted before the body where an article or a table is divided: its stem or heading row."""
    whole: bool = True
    """Whether the body is all there is of its article or section."""

    @property
    def text(self) -> str:
        """The body as it is quoted: blocks on lines of their own."""
        return join_units(self.body)


def join_units(units: tuple[TextUnit, ...] | list[TextUnit]) -> str:
    """Units as text: a line for each block."""
    blocks = groupby(units, key=lambda unit: unit.block)
    lines = ("".join(unit.text for unit in block).strip() for _, block in blocks)
    return "\n".join(line for line in lines if line)


def chunk_document(document: Document, *, longest: int = 400) -> Iterator[Chunk]:
    """Cut a document into pieces; see the module for what holds of them.

    Raises:
        ValueError: ``longest`` is not positive.
    """
    if longest < 1:
        raise ValueError(f"longest is {longest}; it must be at least 1")
    lead: list[TextUnit] = []
    for section in _sections(document):
        lead.extend(section.lead)
        for piece in _split_section(section, longest):
            yield replace(piece, lead=tuple(lead))
            lead = []
    if lead:
        yield Chunk(tuple(lead), ())


@dataclass(slots=True)
class _Section:
    """An article, or what stands between two headings."""

    lead: list[TextUnit] = field(default_factory=list)
    body: list[TextUnit] = field(default_factory=list)
    headings: tuple[str, ...] = ()
    article: str = ""


def _sections(document: Document) -> Iterator[_Section]:
    blocks = document.blocks
    contents = _contents_lines(blocks)
    by_article = any(_article(block, 0) for block in blocks)
    stack: list[tuple[int, str]] = []
    section, number = _Section(), 0
    for index, block in enumerate(blocks):
        unit = TextUnit(block.text, block.kind, block.page, index)
        if index in contents or not block.text.strip():
            rank, article = None, None
        else:
            article = _article(block, number)
            rank = None if article else _rank(blocks, index, by_article)
        if article or rank or index in contents:
            if section.body:
                yield section
                section = _Section()
            if rank:
                while stack and stack[-1][0] >= rank:
                    stack.pop()
                stack.append((rank, " ".join(block.text.split())))
            section.headings = tuple(text for _, text in stack)
            section.article = ""
            if not article:
                section.lead.append(unit)
                continue
            number = parse_number(article["number"] or article["english_number"])
            section.article = article["label"] or article["english"]
        if not section.body and not section.article and not article:
            section.headings = tuple(text for _, text in stack)
        if section.article:
            unit = _numbered(unit, section.body[-1] if section.body else None)
        section.body.append(unit)
    if section.body or section.lead:
        yield section


def _numbered(unit: TextUnit, previous: TextUnit | None) -> TextUnit:
    """A unit of an article with the numbers of its paragraph and item.

    A paragraph without number is a 款 of its own. Its items are part of it; theirs are not
    counted.
    """
    item = ITEM.match(unit.text)
    if not previous or not (item or unit.kind in ("item", "table_row") or not unit.text.strip()):
        return replace(unit, clause=previous.clause + 1 if previous else 1)
    number = previous.item
    if item and (not number or _item_rank(number) == _item_rank(item["label"])):
        number = item["label"]
    return replace(unit, clause=previous.clause, item=number)


def _article(block: TextBlock, last: int) -> re.Match[str] | None:
    """The beginning of an article, as opposed to a sentence that begins with the name of one."""
    found = ARTICLE.match(block.text)
    if not found or block.kind == "table_row" or found["english"]:
        return found if found and found["english"] and block.kind != "table_row" else None
    rest = block.text[found.end() :]
    if found["gap"] or not rest:
        return found
    follows = parse_number(found["number"]) in (1, last + 1)
    return (
        found
        if follows and not re.match(r"[规規]定|[款项項、，,和至与及或的之中所]|第", rest)
        else None
    )


def _rank(blocks: tuple[TextBlock, ...], index: int, by_article: bool) -> int | None:
    """How high a heading is, 1 the highest; None for what is none."""
    block = blocks[index]
    text = block.text.strip()
    chapter = CHAPTER.match(text)
    if block.kind in ("heading", "paragraph") and chapter:
        return _RANKS.get(chapter["rank"], 2) + (block.level if block.kind == "heading" else 0)
    if block.kind == "heading" or _ANNEX.match(text):
        return max(block.level, 1)
    item = ITEM.match(text)
    if (
        not item
        or block.kind == "table_row"
        or len(text) > 40
        or re.search(r"[。；;，,：:、]$", text)
    ):
        return None
    following = blocks[index + 1] if index + 1 < len(blocks) else TextBlock("")
    rank = _item_rank(item["label"])
    if by_article:
        # 「一、关于管辖」 between articles; what follows other numbered lines are items.
        return rank if rank == _item_rank("一、") and _article(following, 0) else None
    next_item = ITEM.match(following.text)
    # A short numbered line over a text is a heading; a row of them is a list.
    listed = next_item and _item_rank(next_item["label"]) <= rank
    return None if listed or not following.text.strip() else rank


def _item_rank(label: str) -> int:
    return next(rank for pattern, rank in _ITEM_RANKS if re.match(pattern, label))


def _contents_lines(blocks: tuple[TextBlock, ...]) -> set[int]:
    """Indices of the lines of a table of contents."""
    plain = [re.sub(r"\s", "", _LEADER.sub("", block.text)) for block in blocks]
    last = {text: index for index, text in enumerate(plain)}

    def listed(index: int, titled: bool) -> bool:
        """Whether a line announces a heading that comes, or the page it is on."""
        block = blocks[index]
        if block.kind == "table_row" or len(block.text) > 90:
            return False
        if not titled and not CHAPTER.match(plain[index]):
            return False
        return last[plain[index]] > index or _PAGE_LEADER.search(block.text) is not None

    lines: set[int] = set()
    index = 0
    while index < len(blocks):
        titled = _CONTENTS.match(blocks[index].text) is not None
        first = end = index + titled
        while end < len(blocks) and listed(end, titled):
            end += 1
        if titled or end - first > 1:
            lines.update(range(index, end))
        index = max(end, index + 1)
    return lines


def _split_section(section: _Section, longest: int) -> Iterator[Chunk]:
    whole = Chunk((), tuple(section.body), section.headings, section.article)
    if not section.body:
        return
    if len(whole.text) <= longest:
        yield whole
        return
    units = [part for unit in section.body for part in _split_unit(unit, longest)]
    start = 0
    while start < len(units):
        context = _context(section, units, start)
        end = start + 1
        while end < len(units) and (
            len(context) + len(join_units(units[start : end + 1])) <= longest
            # A stem does not stand alone, nor does the heading row of a table.
            or (end == start + 1 and _introduces_next(units, start))
        ):
            end += 1
        if end < len(units) and end - 1 > start and _introduces_next(units, end - 1):
            end -= 1
        body = tuple(units[start:end])
        yield replace(whole, body=body, context=context, whole=end - start == len(units))
        start = end


def _split_unit(unit: TextUnit, longest: int) -> Iterator[TextUnit]:
    """A unit whole where it may not or need not be cut; else its items, else its sentences."""
    text = unit.text
    if len(text) <= longest or unit.kind in ("item", "table_row") or ITEM.match(text):
        yield unit
        return
    for part in _cut_at(text, _INLINE_ITEM):
        if item := ITEM.match(part):
            yield replace(unit, text=part, item=item["label"] if unit.clause else "")
        else:
            for sentence in _cut_at(part, _SENTENCE):
                yield replace(unit, text=sentence)


def _cut_at(text: str, at: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for found in at.finditer(text):
        if text[start : found.start()].strip() and text[found.start() :].strip():
            yield text[start : found.start()]
            start = found.start()
    yield text[start:]


def _is_item(unit: TextUnit) -> bool:
    return unit.kind == "item" or ITEM.match(unit.text) is not None


def _introduces_next(units: list[TextUnit], index: int) -> bool:
    """Whether a unit says little without the next: a stem, or the heading row of a table."""
    unit, following = units[index], units[index + 1]
    if unit.kind == "table_row":
        return following.kind == "table_row" and (
            index == 0 or units[index - 1].kind != "table_row"
        )
    return unit.text.rstrip().endswith(_STEM_END) and not _is_item(unit)


def _context(section: _Section, units: list[TextUnit], start: int) -> str:
    """What must be quoted for the unit at ``start`` to be understood."""
    if start == 0:
        return ""
    lines = [section.article] if section.article else []
    unit = units[start]
    if unit.kind == "table_row":
        first = start
        while first > 0 and units[first - 1].kind == "table_row":
            first -= 1
        if first < start:
            lines.append(units[first].text.strip())
    elif _is_item(unit) or not _starts_block(units, start):
        stem = next((u for u in reversed(units[:start]) if _is_stem_of(u, unit)), None)
        if stem:
            sentences = list(_cut_at(stem.text, _SENTENCE))
            label = ARTICLE.match(sentences[-1])
            lines.append(sentences[-1][label.end() if label else 0 :].strip())
    return " ".join(lines)


def _starts_block(units: list[TextUnit], index: int) -> bool:
    return units[index - 1].block != units[index].block


def _is_stem_of(earlier: TextUnit, unit: TextUnit) -> bool:
    return (
        earlier.clause == unit.clause
        and not _is_item(earlier)
        and earlier.kind != "table_row"
        and earlier.text.rstrip().endswith(_STEM_END)
    )
