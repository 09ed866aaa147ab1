"""What a line of a Chinese official text is by its wording, where the format does not say."""

import re

from ..content import TextBlock

_NUMBER = r"[一二三四五六七八九十百零〇两\d]+"
_HEADINGS = (
    (re.compile(rf"第\s*{_NUMBER}\s*[编篇部]"), 1),
    (re.compile(rf"第\s*{_NUMBER}\s*章"), 2),
    (re.compile(r"[一二三四五六七八九十]+、"), 2),
    (re.compile(rf"第\s*{_NUMBER}\s*节"), 3),
    (re.compile(r"[（(][一二三四五六七八九十]+[）)]"), 3),
)
_ITEM = re.compile(
    r"(?:\d{1,2}[.．、)）](?!\d)|[（(]\d{1,2}[)）]|[①-⑳]|[•·●○■□◆▪➢√]|[-–*](?=\s))\s*(?=\S)"
)
_NUMBERED = re.compile(rf"第\s*{_NUMBER}\s*[编篇部章节条]\s")
_LONGEST_HEADING = 40
_ENDS_A_SENTENCE = tuple("。；;，,：:、！!….")
_CJK = re.compile(r"[　-〿㐀-鿿豈-﫿＀-￯‘-”…—]")


def heading_level(text: str) -> int:
    """The level of a heading that is numbered as official texts are; 0 if it is none."""
    if len(text) > _LONGEST_HEADING or text.endswith(_ENDS_A_SENTENCE):
        return 0
    return next((level for pattern, level in _HEADINGS if pattern.match(text)), 0)


def is_item(text: str) -> bool:
    """Whether the text begins like an entry of a list: ``1.``, ``（2）``, ``③``, ``•``."""
    return bool(_ITEM.match(text))


def starts_unit(text: str) -> bool:
    """Whether a line cannot continue the one before: a heading, an item, an article."""
    return (
        any(pattern.match(text) for pattern, _ in _HEADINGS)
        or is_item(text)
        or bool(re.match(rf"第\s*{_NUMBER}\s*条", text))
    )


def text_block(text: str, page: int | None = None) -> TextBlock:
    """A block whose kind shows in its wording only."""
    if level := heading_level(text):
        return TextBlock(text, "heading", page, level)
    return TextBlock(text, "item" if is_item(text) else "paragraph", page)


def join_lines(first: str, second: str) -> str:
    """Two lines of one paragraph: no blank between Chinese characters, hyphens dissolved."""
    first, second = first.rstrip(), second.lstrip()
    if not first or not second:
        return first + second
    if re.search(r"[a-z]-$", first) and second[0].islower():
        return first[:-1] + second
    if _CJK.match(first[-1]) or _CJK.match(second[0]):
        return first + second
    return f"{first} {second}"


def collapse_spaces(text: str) -> str:
    """One line without runs of blanks, and without blanks between Chinese characters.

    The one after a number stays: ``第一章 总则``.
    """
    line = " ".join(text.split())
    number = _NUMBERED.match(line)
    end = number.end() if number else 0
    return line[:end] + re.sub(r"(?<=[㐀-鿿]) (?=[㐀-鿿])", "", line[end:])
