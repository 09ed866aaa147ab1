"""Closed classes of words, of which one excludes another, and words that say the same.

All are tables in ``assets/grounding``: what is decided from them is in
:mod:`agent.grounding.statement_check`, not here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from zhengwen.assets import asset

FOLDER = "grounding"


@dataclass(frozen=True, slots=True)
class ClassWord:
    """A word of a class, where it stands in a text."""

    word_class: str
    """For instance ``body``."""
    value: int
    """Which line of the class: spellings of one line say the same."""
    word: str
    start: int
    """Position of its first character in the text."""


@dataclass(frozen=True, slots=True)
class WordClass:
    """One class: its lines, each a tuple of spellings."""

    name: str
    values: tuple[tuple[str, ...], ...]

    def value_of(self, word: str) -> int | None:
        """The line that a spelling is on; None if it is on none."""
        return next((i for i, spellings in enumerate(self.values) if word in spellings), None)


@cache
def word_classes() -> Mapping[str, WordClass]:
    """All classes by name, in lower case."""
    table: dict[str, list[list[str]]] = yaml.safe_load(
        (asset(FOLDER) / "word_classes.yaml").read_text("utf-8")
    )
    return {
        name: WordClass(name, tuple(tuple(str(word).lower() for word in line) for line in lines))
        for name, lines in table.items()
    }


@cache
def synonyms() -> Mapping[str, frozenset[str]]:
    """For each word of the table, all that say the same, itself included."""
    lines: list[list[str]] = yaml.safe_load((asset(FOLDER) / "synonyms.yaml").read_text("utf-8"))
    same: dict[str, set[str]] = {}
    for line in lines:
        for word in line:
            same.setdefault(word, set()).update(line)
    return {word: frozenset(words) for word, words in same.items()}


@cache
def opposites() -> frozenset[frozenset[str]]:
    """Pairs of characters that turn a word into its opposite."""
    lines: list[str] = yaml.safe_load((asset(FOLDER) / "opposites.yaml").read_text("utf-8"))
    return frozenset(frozenset(line) for line in lines)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    words = [word for line in word_classes()[name].values for word in line]
    words.sort(key=len, reverse=True)
    return re.compile(
        "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in words), re.I
    )


def find_words(text: str, name: str, bounds: frozenset[int] | None = None) -> Iterator[ClassWord]:
    """The words of one class in a text, the longest spelling at each place.

    Args:
        text: The text.
        name: Of the class.
        bounds: Positions between words; a spelling of one character counts only as a whole word.
    """
    word_class = word_classes()[name]
    for match in _pattern(name).finditer(text):
        if (
            bounds is not None
            and match.end() == match.start() + 1
            and not set(match.span()) <= bounds
        ):
            continue
        value = word_class.value_of(match[0].lower())
        assert value is not None
        yield ClassWord(name, value, match[0], match.start())
