"""Lines of a PDF page in reading order, and the paragraphs they make."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ..structure import collapse_spaces, is_item, join_lines, starts_unit
from .page import PdfChar

_BLANK = 0.18
"""A gap of this many ems between characters is a blank."""
_BLANK_BETWEEN_SCRIPTS = 0.35
"""The same between a Chinese and a Latin character, which office programs set apart."""
_APART = 1.6
"""A gap of this many ems separates columns."""
_FEWEST_COLUMN_LINES = 5
_TERMINAL = tuple("。！？；：.!?;:")


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line, or the part of one that stands in a column; points from the top left corner."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    """Size of its type, in points."""
    page: int
    left: float = 0.0
    """Left and right edge of its column."""
    right: float = 0.0


def fragments(chars: Iterable[PdfChar], page: int = 0) -> list[list[TextLine]]:
    """Rows of characters at one height, from the top; each row cut where gaps are wide."""
    rows: list[list[PdfChar]] = []
    middle = height = 0.0
    for char in sorted(chars, key=lambda char: char.top + char.bottom):
        centre = (char.top + char.bottom) / 2
        if rows and centre - middle < 0.45 * min(height, char.size):
            rows[-1].append(char)
        else:
            rows.append([char])
            middle, height = centre, char.size
    return [_cut(sorted(row, key=lambda char: char.x0), page) for row in rows]


def page_lines(chars: Iterable[PdfChar], page: int, width: float) -> list[TextLine]:
    """The lines of a page in the order in which they are read, in one column or two."""
    rows = fragments(chars, page)
    gutter = _gutter([line for row in rows for line in row], width)
    if gutter is None:
        return _with_margins([_merged(row) for row in rows])
    ordered: list[TextLine] = []
    left: list[TextLine] = []
    right: list[TextLine] = []
    for row in rows:
        if any(line.x0 < gutter < line.x1 for line in row):
            ordered += [*_with_margins(left), *_with_margins(right)]
            ordered += _with_margins([_merged(row)])
            left, right = [], []
            continue
        for side, part in (
            (left, [line for line in row if line.x1 <= gutter]),
            (right, [line for line in row if line.x0 >= gutter]),
        ):
            if part:
                side.append(_merged(part))
    return [*ordered, *_with_margins(left), *_with_margins(right)]


def body_size(found: Sequence[TextLine]) -> float:
    """The height of most characters, in points."""
    sizes: Counter[float] = Counter()
    for line in found:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def line_pitch(found: Sequence[TextLine]) -> float:
    """The usual distance from line to line within a page, in points."""
    steps = [
        after.top - before.top
        for before, after in itertools.pairwise(found)
        if before.page == after.page and 0 < after.top - before.top < 4 * before.size
    ]
    return median(steps) if steps else 15.0


def paragraphs(found: Sequence[TextLine], usual: float) -> list[list[TextLine]]:
    """Lines that follow each other as paragraphs; ``usual`` as from :func:`line_pitch`."""
    groups: list[list[TextLine]] = []
    for line in found:
        if groups and _continues_paragraph(groups[-1], line, usual):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def text_of(group: Sequence[TextLine]) -> str:
    """A paragraph as one line."""
    text = ""
    for line in group:
        text = join_lines(text, line.text)
    return collapse_spaces(text)


def _cut(row: Sequence[PdfChar], page: int) -> list[TextLine]:
    made: list[list[PdfChar]] = []
    for char in row:
        if made and char.x0 - made[-1][-1].x1 <= _APART * char.size:
            made[-1].append(char)
        else:
            made.append([char])
    return [_line(part, page) for part in made]


def _line(chars: Sequence[PdfChar], page: int) -> TextLine:
    text = chars[0].text
    for before, char in itertools.pairwise(chars):
        mixed = before.text.isascii() != char.text.isascii()
        blank = (_BLANK_BETWEEN_SCRIPTS if mixed else _BLANK) * char.size
        text += (" " if char.x0 - before.x1 > blank else "") + char.text
    return TextLine(
        text,
        min(char.x0 for char in chars),
        min(char.top for char in chars),
        max(char.x1 for char in chars),
        max(char.bottom for char in chars),
        median(char.size for char in chars),
        page,
    )


def _merged(row: Sequence[TextLine]) -> TextLine:
    return replace(
        row[0],
        text=" ".join(line.text for line in row),
        top=min(line.top for line in row),
        x1=row[-1].x1,
        bottom=max(line.bottom for line in row),
    )


def _with_margins(column: Sequence[TextLine]) -> list[TextLine]:
    left = min((line.x0 for line in column), default=0.0)
    right = max((line.x1 for line in column), default=0.0)
    return [replace(line, left=left, right=right) for line in column]


def _gutter(found: Sequence[TextLine], width: float) -> float | None:
    """Where two columns of running text part; None if there is one column."""
    best: tuple[float, float] | None = None
    for step in range(35, 66):
        x = width * step / 100
        left = [line for line in found if line.x1 <= x]
        right = [line for line in found if line.x0 >= x]
        crossing = len(found) - len(left) - len(right)
        if min(len(left), len(right)) < _FEWEST_COLUMN_LINES or crossing > 0.3 * len(found):
            continue
        # Lines of running text fill their column; labels and their values do not.
        if all(_fills_column(side) for side in (left, right)) and (
            best is None or crossing < best[0]
        ):
            best = (crossing, x)
    return best[1] if best else None


def _fills_column(side: Sequence[TextLine]) -> bool:
    room = max(line.x1 for line in side) - min(line.x0 for line in side)
    return median(line.x1 - line.x0 for line in side) >= 0.75 * room > 0


def _continues_paragraph(group: Sequence[TextLine], line: TextLine, usual: float) -> bool:
    before, first = group[-1], group[0]
    if starts_unit(line.text) or abs(line.size - before.size) > 0.15 * before.size:
        return False
    if _short(before, line):
        return False
    if line.page == before.page and line.top > before.top:
        if line.top - before.top > 1.4 * min(max(usual, before.size), 1.8 * before.size):
            return False
    elif before.text.endswith(_TERMINAL):
        return False  # a new page or column
    indented = line.x0 - line.left > 1.2 * line.size
    hanging = is_item(first.text) and line.x0 > first.x0
    return not indented or hanging or abs(line.x0 - before.x0) < 0.5 * line.size


def _short(before: TextLine, line: TextLine) -> bool:
    """Whether the line before ended although the next word had room."""
    word = line.text.split(" ", 1)[0] if line.text[0].isascii() else ""
    needed = max(2.0, 0.6 * len(word) + 1) * before.size
    return before.right - before.x1 > needed
