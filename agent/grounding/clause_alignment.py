"""Each clause of a sentence beside the words of the passage that it comes from.

What they share is aligned character by character (words in English), and what is left are edits:
words put in the place of others, added, or left out. Whether an edit matters is decided in
:mod:`agent.grounding.statement_check`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

import jieba

CLAUSE_BREAK = re.compile(r"[，,；;：:。！？!?、\n（）()“”]+|\. |\.$")
MIN_CLAUSE_SHARE = 0.3
"""Share of a passage's clause that must be in a clause that was put together from it."""
MAX_WINDOW = 4
"""Neighbouring clauses of a passage that one clause may have been put together from."""
_MARKS = frozenset("，,；;：:。！？!?、（）()“”\"'《》.")
_UNIT = re.compile(r"[a-z]+(?:[-'][a-z]+)*|\d+(?:\.\d+)?|\S", re.I)


@dataclass(frozen=True, slots=True)
class Edit:
    """Words of the passage, and what stands in their place in the sentence; one may be empty."""

    removed: str
    added: str
    start: int
    """Position in the sentence's clause."""


@dataclass(frozen=True, slots=True)
class AlignedClause:
    """A clause of a sentence, and the words of the passage that it is nearest to."""

    text: str
    source: str
    """Of the passage: neighbouring clauses, commas included."""
    edits: tuple[Edit, ...]
    share: float
    """Share of the clause's units that the source has in the same order, from 0 to 1."""


def clauses_of(text: str) -> list[str]:
    """The clauses of a text, without marks."""
    return [part.strip() for part in CLAUSE_BREAK.split(text) if part and part.strip()]


def align(sentence: str, claims: str) -> list[AlignedClause]:
    """The clauses of a sentence, each with what is nearest to it in the passage.

    Args:
        sentence: Normalised, in lower case.
        claims: What the passage states, normalised in the same way.
    """
    known = clauses_of(claims)
    known_units = [_units(clause) for clause in known]
    return [_aligned(clause, known, known_units) for clause in clauses_of(sentence)]


def _aligned(clause: str, known: Sequence[str], known_units: Sequence[list[str]]) -> AlignedClause:
    units = _units(clause)
    pairs = _pairs(units)
    best: tuple[float, int, int] = (-1.0, 0, 0)
    for start in range(len(known)):
        window: list[str] = []
        for end in range(start + 1, min(start + MAX_WINDOW, len(known)) + 1):
            window += known_units[end - 1]
            own = _pairs(window)
            score = len(pairs & own) / (1 + len(pairs)) - 0.04 * len(own - pairs) / (1 + len(pairs))
            if score > best[0] + 1e-9:
                best = (score, start, end)
    _, start, end = best
    source = " ".join(_near(known[start:end], known_units[start:end], units))
    matcher = SequenceMatcher(None, _units(source), units, autojunk=False)
    n_shared = sum(block.size for block in matcher.get_matching_blocks())
    edits = tuple(_edits(source, clause))
    return AlignedClause(clause, source, edits, n_shared / max(1, len(units)))


def _near(clauses: Sequence[str], clause_units: Sequence[list[str]], units: list[str]) -> list[str]:
    """The clauses of a window that share much with a clause, or the one that shares most."""
    joined = [unit for some in clause_units for unit in some]
    matched: set[int] = set()
    for block in SequenceMatcher(None, joined, units, autojunk=False).get_matching_blocks():
        matched.update(range(block.a, block.a + block.size))
    shares, begin = [], 0
    for some in clause_units:
        shares.append(
            sum(i in matched for i in range(begin, begin + len(some))) / max(1, len(some))
        )
        begin += len(some)
    least = min(MIN_CLAUSE_SHARE, max(shares, default=0.0))
    return [clause for clause, share in zip(clauses, shares, strict=True) if share >= least]


def _edits(source: str, clause: str) -> Iterator[Edit]:
    before, after = words_of(source), words_of(clause)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    position = [0]
    for word in after:
        position.append(clause.index(word, position[-1]) + len(word))
    for tag, a, b, c, d in matcher.get_opcodes():
        removed, added = _joined(before[a:b]), _joined(after[c:d])
        if tag != "equal" and removed != added:
            yield Edit(removed, added, position[c])


def _joined(words: Sequence[str]) -> str:
    """Words as a text: with spaces where they are Latin."""
    return (
        "".join(f" {word} " if word.isascii() else word for word in words)
        .strip()
        .replace("  ", " ")
    )


def words_of(text: str) -> list[str]:
    """The words of a text, marks left out: Chinese as jieba cuts them, Latin words, numbers."""
    return [word for word in jieba.cut(text) if word.strip() and word not in _MARKS]


def _units(text: str) -> list[str]:
    return _UNIT.findall(text)


def _pairs(units: Sequence[str]) -> set[tuple[str, str]]:
    return set(pairwise(units)) | {(unit, "") for unit in units}
