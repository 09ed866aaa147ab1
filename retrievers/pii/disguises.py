"""Numbers that were written so that no program finds them, as the numbers they are.

A text is folded first: what cannot be seen is dropped, digits of every script and full-width forms
become plain ones, and it is kept where each character came from. Then digits that stand apart (one
by one, in groups, in brackets, as Chinese numerals) are put together where they make up a number
of the right length.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

CHINESE_DIGITS = str.maketrans(
    "零〇○一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖貳參陸", "00012345678912123456789236"
)
_BETWEEN = r"[\s.,·•・、，。_/()（）\[\]【】{}~‐‑‒–—―−+-]"
_RUN = re.compile(rf"[0-9](?:{_BETWEEN}{{0,3}}[0-9Xx])+")
_LIST_MARK = re.compile(r"[.、] |[(（][0-9]{1,2}[)）] ?[(（]")
SHORTEST_NUMBER = 11


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text without what cannot be seen, in plain forms."""

    text: str
    places: tuple[int, ...]
    """Of each character, where it stood in the original."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of it, not empty, stood in the original, half open."""
        return self.places[start], self.places[end - 1] + 1


def fold(text: str) -> FoldedText:
    r"""Drop invisible characters; make digits of any script and full-width forms plain.

    >>> fold("１\u200b③٥").text
    '135'
    """
    if text.isascii():
        return FoldedText(text, tuple(range(len(text))))
    characters, places = [], []
    for place, character in enumerate(text):
        if not character.isascii():
            # Format characters: zero-width spaces and joiners, soft hyphens, direction marks.
            if unicodedata.category(character) == "Cf":
                continue
            character = _plain(character)
        characters.append(character)
        places.append(place)
    return FoldedText("".join(characters), tuple(places))


def _plain(character: str) -> str:
    if "\u4e00" <= character <= "\u9fff":
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None and "SUPERSCRIPT" not in unicodedata.name(character, ""):
        return str(digit)
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


@dataclass(frozen=True, slots=True)
class JoinedNumber:
    """Digits that stood apart, put together."""

    digits: str
    """ASCII digits; the last may be X."""
    start: int
    end: int
    """Where they stood, half open."""
    sizes: tuple[int, ...]
    """Of the groups that they stood in."""


def joined_numbers(text: str) -> Iterator[JoinedNumber]:
    """Numbers of at least 11 digits that are not written in one piece of Arabic digits.

    Args:
        text: Folded.

    Yields:
        Every row of neighbouring groups with 11 to 19 digits together that is either all single
        digits or has at most six groups; for a row of Chinese numerals, that row.
    """
    digits = text.translate(CHINESE_DIGITS)
    for run in _RUN.finditer(digits):
        if sum(map(str.isdecimal, run[0])) < SHORTEST_NUMBER:
            continue
        groups = [
            (found.start() + run.start(), found.end() + run.start())
            for found in re.finditer(r"[0-9]+[Xx]?|[Xx]", run[0])
        ]
        yield from _rows(digits, text, groups)


def _rows(digits: str, text: str, groups: list[tuple[int, int]]) -> Iterator[JoinedNumber]:
    for first in range(len(groups)):
        for last in range(first, len(groups)):
            some = groups[first : last + 1]
            sizes = tuple(end - start for start, end in some)
            total = sum(sizes)
            if total > 19:
                break
            if total < SHORTEST_NUMBER:
                continue
            start, end = some[0][0], some[-1][1]
            if len(some) == 1 and text[start:end] == digits[start:end]:
                continue  # in one piece: the patterns see it
            is_single = max(sizes) == 1
            if is_single and (
                (first and _size(groups[first - 1]) == 1)
                or (last + 1 < len(groups) and _size(groups[last + 1]) == 1)
            ):
                continue  # part of a longer row
            if (not is_single and len(some) > 6) or _LIST_MARK.search(digits[start:end]):
                continue
            number = "".join(digits[a:b] for a, b in some).upper()
            yield JoinedNumber(number, start, end, sizes)


def _size(group: tuple[int, int]) -> int:
    return group[1] - group[0]
