"""What is typed in pinyin: its syllables, with and without blanks, and the characters meant.

Nothing of a knowledge base is needed here; what questions mean in its words is read by
:mod:`retrievers.ranking.homophones`.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from heapq import nsmallest
from typing import NamedTuple

import jieba

from .normalization import normalize_text
from .sounds import (
    LONGEST_SYLLABLE,
    LONGEST_WORD,
    Syllables,
    as_typed,
    known_syllables,
    sound_of,
    sounds_of,
    without_tones,
)
from .tokenization import STOP_WORDS

N_GENERAL = 30_000
"""How many words of Chinese at large are known by their sound, the most frequent ones."""
LONGEST_MESSAGE = 36  # letters, some eleven syllables: longer ones are often read wrongly
EXPECTED_COUNT = 20_000
"""How often in jieba's corpus of 60 million an expected word is taken to occur, at least."""
N_ALIKE = 10  # words of one sound that are considered, the most frequent ones
_HAN = re.compile("[\u3400-\u9fff]")
_WORD = re.compile("[a-z']+")
_TOKEN = re.compile(r"[a-z']+|\d+|[^a-z'\d\s]")


class Span(NamedTuple):
    """A place of a text that may be a word."""

    start: int
    end: int
    said: Syllables = ()
    written: tuple[str, ...] = ()
    """The character of each syllable; empty for pinyin."""


@dataclass(slots=True)
class SyllableLattice:
    """A text without blanks: characters, and the letters of what may be pinyin."""

    cells: list[str] = field(default_factory=list)
    """One for each character, for each letter of pinyin, and for anything else as a whole."""
    is_pinyin: list[bool] = field(default_factory=list)
    word_starts: set[int] = field(default_factory=set)
    """Where a blank or an apostrophe was: no syllable goes beyond."""

    def add_pinyin(self, word: str) -> None:
        """Add letters; apostrophes part syllables."""
        for part in word.split("'"):
            self.word_starts.add(len(self.cells))
            self.cells += part
            self.is_pinyin += [True] * len(part)

    def add_other(self, token: str) -> None:
        """Add a character, or anything else as a whole."""
        self.cells.append(token)
        self.is_pinyin.append(False)

    def spans(self, start: int) -> Iterator[Span]:
        """From a place on, what may be said as one syllable to :data:`LONGEST_WORD`."""
        unfinished = [Span(start, start)]
        while unfinished:
            span = unfinished.pop()
            if span.said:
                yield span
            if len(span.said) < LONGEST_WORD:
                unfinished += [
                    Span(start, end, (*span.said, syllable), (*span.written, character))
                    for end, syllable, character in self._syllables(span.end)
                ]

    def _syllables(self, start: int) -> Iterator[tuple[int, str, str]]:
        if start == len(self.cells):
            return
        if not self.is_pinyin[start]:
            if syllable := sound_of(self.cells[start]):
                yield start + 1, syllable, self.cells[start]
            return
        letters = ""
        for place in range(start, min(start + LONGEST_SYLLABLE, len(self.cells))):
            if not self.is_pinyin[place] or (letters and place in self.word_starts):
                return
            letters += self.cells[place]
            if (syllable := as_typed(letters)) in known_syllables():
                yield place + 1, syllable, ""


def is_syllables(letters: str) -> bool:
    """Whether letters are syllables from end to end.

    >>> is_syllables("woxiang"), is_syllables("hello")
    (True, False)
    """
    reached = {0}
    for start in range(len(letters)):
        if start in reached:
            reached |= {
                end
                for end in range(start + 1, min(start + LONGEST_SYLLABLE, len(letters)) + 1)
                if as_typed(letters[start:end]) in known_syllables()
            }
    return len(letters) in reached


@cache
def general_words() -> dict[Syllables, list[str]]:
    """The most frequent words of Chinese at large by their sound."""
    from pypinyin.constants import PHRASES_DICT

    jieba.initialize()  # at once where it is already
    frequent = sorted(
        (word for word, n in jieba.dt.FREQ.items() if n > 50 and len(word) <= 4),
        key=lambda word: -jieba.dt.FREQ[word],
    )[:N_GENERAL]
    found: dict[Syllables, list[str]] = {}
    for word in frequent:
        if all(map(_HAN.fullmatch, word)):
            sounds = sounds_of(word) if word in PHRASES_DICT else tuple(map(sound_of, word))
            if all(sounds):
                found.setdefault(sounds, []).append(word)
    return found


def read_pinyin(text: str, expected: Iterable[str] = (), *, n_best: int = 1) -> list[str]:
    """The characters that were most probably meant, the most probable first.

    Words are taken to be independent of each other, each as probable as in jieba's corpus.

    Args:
        text: A message.
        expected: Words that are more probable here than in Chinese at large.
        n_best: How many readings are given at most.

    Returns:
        Readings of the whole message with its marks; empty if anything in it is not pinyin, and
        if it is long.

    >>> read_pinyin("shenfenzheng"), read_pinyin("my passport")
    (['身份证'], [])
    """
    typed = without_tones(normalize_text(text)).lower().strip()
    tokens = _WORD.findall(typed)
    if sum(map(len, tokens)) > LONGEST_MESSAGE or _HAN.search(typed):
        return []
    if not tokens or not all(is_syllables(part) for token in tokens for part in token.split("'")):
        return []
    if sum(token in STOP_WORDS for token in tokens) > len(tokens) / 2:
        return []
    lattice = SyllableLattice()
    for token in _TOKEN.findall(typed):
        if _WORD.fullmatch(token):
            lattice.add_pinyin(token)
        else:
            lattice.add_other(token)
    return _readings(lattice, expected, n_best)


@dataclass(frozen=True, slots=True)
class _Path:
    """What was read up to a place of a text."""

    cost: float
    text: str


def _readings(lattice: SyllableLattice, expected: Iterable[str], n_best: int) -> list[str]:
    """The cheapest ways through the words that sound as what was typed (n-best Viterbi)."""
    general = general_words()
    special: dict[Syllables, set[str]] = {}
    for word in expected:
        special.setdefault(sounds_of(word), set()).add(word)
    best: list[list[_Path]] = [[] for _ in range(len(lattice.cells) + 1)]
    best[0] = [_Path(0.0, "")]
    for start in range(len(lattice.cells)):
        paths = nsmallest(n_best, best[start], key=lambda path: path.cost)
        if not paths:
            continue
        if not lattice.is_pinyin[start]:
            best[start + 1] += [_Path(p.cost, p.text + lattice.cells[start]) for p in paths]
            continue
        for span in lattice.spans(start):
            if not all(lattice.is_pinyin[span.start : span.end]):
                continue
            likely = special.get(span.said, set())
            for word in {*general.get(span.said, [])[:N_ALIKE], *likely}:
                n = max(jieba.dt.FREQ.get(word, 0), EXPECTED_COUNT if word in likely else 0)
                cost = math.log(jieba.dt.total / n)
                best[span.end] += [_Path(p.cost + cost, p.text + word) for p in paths]
    cheapest: dict[str, None] = {}
    for path in sorted(best[-1], key=lambda path: path.cost):
        cheapest.setdefault(path.text)
    return list(cheapest)[:n_best]
