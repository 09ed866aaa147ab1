"""A sentence as the networks of a sentence voice see it: phones, the breaks between words, places.

Between any two words stands a pause, which the prosody model may make as short as nothing: where
a speaker breathes is learnt. All that is given is the mark that is written there.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..text import spoken_clauses, spoken_language, words_with_pinyin
from ..text.pinyin import letter_pinyin
from .english_phones import english_phones
from .phones import SILENCE, UNSTRESSED, Phone, phone, syllable_phones

NO_BREAK, WORD_BREAK = 0, 1
_ENGLISH_RUN = re.compile(r"(?P<english>[A-Za-z0-9]+(?:['’.,:/-][A-Za-z0-9]+)*)")
"""In an English text; eSpeak NG reads the figures."""
_ACCENTED = re.compile("[\u00c0-\u024f]")
_MARKS = ("、·", "，,", "；;：:", "。.…\n", "？?", "！!")
N_BREAKS = 2 + len(_MARKS)
"""Kinds of break: none (a sound), between words, and one for each kind of mark."""
_FIRST_CLOSING = 2 + _MARKS.index("，,")
"""From this kind on a break ends a clause."""
N_POSITIONS = 5

_RUN = re.compile(
    "(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+)"
    r"|(?P<letters>(?:(?!VISA|WIFI|COVID)[A-Z]{1,5}(?![A-Z])|[Aa]pp)(?![A-Za-z'’.&-]*[a-z]))"
    r"|(?P<english>[A-Za-z](?:[A-Za-z'’&-]|[.](?=[A-Za-z])| (?=[A-Za-z]))*)"
)
_ARTICLE = (phone("AX", UNSTRESSED),)
"""The word a in front of another; alone it is the letter."""
Word = list[tuple[Phone, ...]]
"""The syllables of a word; an English word is one."""
_WORD_EDGE = 0.25  # strength of a word's edge, next to 1 for that of a clause


@dataclass(frozen=True, slots=True, eq=False)
class SentencePhones:
    """The phones of one sentence."""

    phones: tuple[Phone, ...]
    """With a pause at either end and between any two words; shape (n_phones,)."""
    breaks: NDArray[np.int64]
    """What kind of break each pause is, 0 for a sound, shape (n_phones,)."""
    edges: NDArray[np.float32]
    """How much each phone's syllable begins and ends a word or clause, 0 to 1 each, shape
    (n_phones, 2)."""
    positions: NDArray[np.float32]
    """Where each phone stands, see :func:`_positions`, shape (n_phones, N_POSITIONS)."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a text up to a mark."""

    written: str
    """As it is written, the mark and blanks behind it included."""
    spoken: str
    """As it is said: numbers in words."""
    language: str
    """``"en"`` in an English text, else ``"zh-CN"``."""


def sentence_clauses(text: str) -> list[Clause]:
    """Return the clauses of a text; ``[]`` when nothing in it can be said.

    Raises:
        ValueError: ``text`` is blank.
    """
    language = spoken_language(text)
    runs = _ENGLISH_RUN if language == "en" else _RUN
    pieces = spoken_clauses(text, language, lambda spoken: bool(runs.search(_plain(spoken))))
    return [Clause(written, _plain(spoken), language) for written, spoken in pieces]


def sentence_words(clauses: list[Clause]) -> tuple[list[Word], list[int]]:
    """Return the words of some clauses and the kind of the break behind each.

    Raises:
        ValueError: There is nothing to say.
    """
    found = [pair for clause in clauses for pair in _words(clause)]
    if not found:
        raise ValueError("nothing to speak: the text holds only marks or symbols")
    return [word for word, _ in found], [kind for _, kind in found]


def sentence_phones(words: Sequence[Word], breaks: Sequence[int]) -> SentencePhones:
    """Return the phones of words.

    Args:
        words: At least one.
        breaks: The kind of the break behind each.
    """
    phones: list[Phone] = [SILENCE]
    kinds = [NO_BREAK]
    edges: list[tuple[float, float]] = [(0.0, 0.0)]
    before = 1.0  # how strong the break in front is
    for word, kind in zip(words, breaks, strict=True):
        behind = 1.0 if kind >= _FIRST_CLOSING else _WORD_EDGE
        for i, syllable in enumerate(word):
            begins = before if i == 0 else 0.0
            ends = behind if i == len(word) - 1 else 0.0
            edges += [(begins, ends)] * len(syllable)
            phones += syllable
            kinds += [NO_BREAK] * len(syllable)
        phones.append(SILENCE)
        kinds.append(kind)
        edges.append((0.0, 0.0))
        before = behind
    array = np.array(kinds, np.int64)
    is_final = np.array([phone.is_final for phone in phones])
    return SentencePhones(
        tuple(phones), array, np.array(edges, np.float32), _positions(array, is_final)
    )


def _words(clause: Clause) -> Iterator[tuple[Word, int]]:
    found: list[Word] = []
    breaks: list[int] = []
    pattern = _ENGLISH_RUN if clause.language == "en" else _RUN
    runs = list(pattern.finditer(clause.spoken))
    tail = clause.written[len(clause.written.rstrip("".join(_MARKS) + " ”’）)》")) :]
    for run, following in pairwise([*runs, None]):
        assert run is not None
        if run.lastgroup == "han":
            own = [
                [syllable_phones(syllable) for syllable in word.syllables]
                for word in words_with_pinyin(run[0])
            ]
        elif run.lastgroup == "letters":
            own = [[syllable_phones(syllable) for syllable in letter_pinyin(run[0])]]
        else:
            own = [[phones] for phones in map(english_phones, run[0].split()) if phones]
            if run[0].lower() == "a" and following and following.lastgroup == "english":
                own = [[_ARTICLE]]
        found += own
        breaks += [WORD_BREAK] * len(own)
        if breaks:
            after = clause.spoken[run.end() : following.start()] if following else tail
            breaks[-1] = max(breaks[-1], _break_kind(after))
    yield from zip(found, breaks, strict=True)


def _plain(text: str) -> str:
    """Return a text whose Latin letters have no accents: café is said as cafe."""
    return _ACCENTED.sub(lambda letter: unicodedata.normalize("NFKD", letter[0])[0], text)


def _break_kind(marks: str) -> int:
    kinds = [2 + kind for kind, own in enumerate(_MARKS) if any(mark in marks for mark in own)]
    return max(kinds, default=WORD_BREAK)


def _positions(breaks: NDArray[np.int64], is_final: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return where each phone stands, shape (n_phones, N_POSITIONS).

    The part of its clause that is over, the part of the sentence, the clause's number, and the
    logarithms of the syllables of the clause and of the sentence.
    """
    closing = breaks >= _FIRST_CLOSING
    clause = np.concatenate([[0], np.cumsum(closing)[:-1]])
    n_syllables = np.bincount(clause, is_final)[clause]
    over = np.cumsum(is_final)
    before_clause = np.concatenate([[0], np.cumsum(np.bincount(clause, is_final))])[clause]
    total = max(1, int(over[-1]))
    return np.stack(
        [
            (over - before_clause) / np.maximum(1, n_syllables),
            over / total,
            np.minimum(clause, 4) / 4,
            np.log1p(n_syllables) / 3,
            np.full(len(breaks), np.log1p(total) / 3),
        ],
        1,
    ).astype(np.float32)
