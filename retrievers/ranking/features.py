"""Features of a candidate entry: what says that it is the one that was asked about, or is not."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base import EntryTerms
from ..text.normalization import normalize_text

FEATURES = (
    "cosine",
    "query_coverage",
    "wording_coverage",
    "overlap",
    "entry_coverage",
    "bm25",
    "missing_idf",
    "extra_idf",
    "unknown_share",
)
"""What is measured of a candidate, each in [0, 1]; terms count by their idf.

``cosine``: of the question and the nearest wording, negative values as 0.
``query_coverage``: the share of the question that the best wording has.
``wording_coverage``: the share of that wording that the question has.
``overlap``: the product of the two; near 1 only if both say the same.
``entry_coverage``: the share of the question that the entry has, its answer included.
``bm25``: the same with BM25's saturation: higher where the entry says it often and is short.
``missing_idf``: the rarest word of the question that the entry lacks, relative to the rarest there
could be.
``extra_idf``: the rarest word of the wording that the question lacks, likewise.
``unknown_share``: the share of the question that no entry of the store has.
"""

_K1, _B = 1.2, 0.75  # of BM25: how soon repetition stops to count, how much length holds back

MARGIN_FEATURES = ("cosine", "query_coverage", "wording_coverage", "entry_coverage", "bm25")
"""Features of which the margin over the best other candidate counts too."""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """The terms of an entry, counted."""

    wordings: tuple[frozenset[str], ...]
    whole: Counter[str]
    """How often each term occurs in question, wordings and answer together."""
    length: int
    """Of all of it, in terms."""


def count_terms(entry: EntryTerms) -> TermCounts:
    """Count the terms of an entry."""
    whole = Counter(itertools.chain(*entry.asked, entry.answer))
    return TermCounts(tuple(map(frozenset, entry.asked)), whole, whole.total())


def exact_match_key(text: str) -> str:
    """A text without what does not change its meaning: case, blanks, marks, kind of characters.

    >>> exact_match_key("補辦 ID 證？")
    '补办id证'
    """
    return re.sub(r"[\W_]+", "", normalize_text(text).lower())


def extract_features(
    question: Sequence[str],
    candidates: Sequence[TermCounts],
    cosines: Sequence[float],
    idf: Callable[[str], float],
) -> NDArray[np.float32]:
    """The features of each candidate for a question.

    Args:
        question: The question's terms.
        candidates: The entries.
        cosines: Of each candidate's nearest wording, in [0, 1].
        idf: What a term counts, in nats; largest for terms that no entry has.

    Returns:
        Shape (n_candidates, len(FEATURES)), each value in [0, 1].
    """
    asked = {term: idf(term) for term in question}
    mass = sum(asked.values()) or 1.0
    rarest = idf("") or 1.0  # no entry has the empty term
    unknown = sum(weight for weight in asked.values() if weight >= rarest) / mass
    average = sum(candidate.length for candidate in candidates) / max(1, len(candidates))
    long = [term for term in asked if len(term) > 1]
    known = frozenset(asked)
    rows = []
    for candidate, cosine in zip(candidates, cosines, strict=True):
        covered, covering, wording = _best_wording(asked, mass, candidate.wordings, idf)
        found = [
            (asked[term], candidate.whole[term]) for term in asked.keys() & candidate.whole.keys()
        ]
        length_penalty = _K1 * (1 - _B + _B * candidate.length / average)
        missing = max((asked[term] for term in long if term not in candidate.whole), default=0.0)
        extra = max((idf(term) for term in wording - known if len(term) > 1), default=0.0)
        rows.append(
            (
                cosine,
                covered,
                covering,
                covered * covering,
                sum(weight for weight, _ in found) / mass,
                sum(weight * n / (n + length_penalty) for weight, n in found) / mass,
                missing / rarest,
                extra / rarest,
                unknown,
            )
        )
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def with_margins(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The features, and the margin of each candidate over the best other one.

    Args:
        features: Shape (n_candidates, len(FEATURES)).

    Returns:
        Shape (n_candidates, len(FEATURES) + len(MARGIN_FEATURES)).
    """
    led = features[:, [FEATURES.index(name) for name in MARGIN_FEATURES]]
    if len(led) < 2:  # a single candidate has no margin
        return np.hstack([features, np.zeros_like(led)])
    best_two = np.sort(led, axis=0)[-2:]
    best_other = np.where(led == best_two[1], best_two[0], best_two[1])
    return np.hstack([features, led - best_other])


def _best_wording(
    asked: dict[str, float],
    mass: float,
    wordings: Sequence[frozenset[str]],
    idf: Callable[[str], float],
) -> tuple[float, float, frozenset[str]]:
    """The wording that shares most, after how much it covers and how much of it is covered."""
    known = asked.keys()
    shares = [sum(asked[term] for term in known & wording) for wording in wordings]
    best, product = (0.0, 0.0, wordings[0]), 0.0
    for shared, wording in sorted(zip(shares, wordings, strict=True), key=lambda pair: -pair[0]):
        covered = shared / mass
        if covered <= product:  # no other can have a larger product
            break
        covering = shared / (sum(map(idf, wording)) or 1.0)
        if covered * covering > product:
            best, product = (covered, covering, wording), covered * covering
    return best
