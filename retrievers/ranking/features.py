"""What speaks for an entry being the one that was asked about, and what against it."""

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
    "covered",
    "covering",
    "same",
    "whole",
    "dense",
    "missing",
    "extra",
    "foreign",
)
"""``cosine`` of the nearest wording. Then, counting each term by its rarity and taking the wording
that shares most: the share of the question that is ``covered`` by it, the share of it that the
question is ``covering``, and the two multiplied, near 1 only if both say the ``same``; the share of
the question found in the ``whole`` entry, the answer included, and the same with BM25's
saturation, so that an entry is ``dense`` in the question if it says it often and briefly; the
rarest word of the question that is ``missing`` from the whole entry, and the rarest ``extra`` word
of the wording, relative to the rarest there could be; and the ``foreign`` share of the question,
which no entry of the store has. Each in [0, 1]."""

_K1, _B = 1.2, 0.75  # of BM25: how soon repetition stops to count, how much length holds back

MARGIN_FEATURES = ("cosine", "covered", "covering", "whole", "dense")
"""Evidence of which the distance to the best other candidate counts too."""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """An entry's terms, made ready to be compared."""

    wordings: tuple[frozenset[str], ...]
    whole: Counter[str]
    """How often each term occurs in question, wordings and answer together."""
    length: int
    """Of all of it, in terms."""


def count_terms(entry: EntryTerms) -> TermCounts:
    """Make an entry's terms ready."""
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
    """Weigh each candidate for a question.

    Args:
        question: The question's terms.
        candidates: The entries to weigh.
        cosines: Of each candidate's nearest wording, in [0, 1].
        rarity: What a term counts, in nats; largest for terms that no entry has.

    Returns:
        Shape (n_candidates, len(EVIDENCE)), each value in [0, 1].
    """
    asked = {term: idf(term) for term in question}
    mass = sum(asked.values()) or 1.0
    rarest = idf("") or 1.0  # no entry has the empty term
    foreign = sum(weight for weight in asked.values() if weight >= rarest) / mass
    average = sum(candidate.length for candidate in candidates) / max(1, len(candidates))
    long = [term for term in asked if len(term) > 1]
    known = frozenset(asked)
    rows = []
    for candidate, cosine in zip(candidates, cosines, strict=True):
        covered, covering, wording = _best_wording(asked, mass, candidate.wordings, idf)
        found = [
            (asked[term], candidate.whole[term]) for term in asked.keys() & candidate.whole.keys()
        ]
        held_back = _K1 * (1 - _B + _B * candidate.length / average)
        missing = max((asked[term] for term in long if term not in candidate.whole), default=0.0)
        extra = max((idf(term) for term in wording - known if len(term) > 1), default=0.0)
        rows.append(
            (
                cosine,
                covered,
                covering,
                covered * covering,
                sum(weight for weight, _ in found) / mass,
                sum(weight * n / (n + held_back) for weight, n in found) / mass,
                missing / rarest,
                extra / rarest,
                foreign,
            )
        )
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def with_margins(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """The evidence, and the lead of each candidate over the best other one.

    Args:
        evidence: Shape (n_candidates, len(EVIDENCE)).

    Returns:
        Shape (n_candidates, len(EVIDENCE) + len(LEADS)).
    """
    led = evidence[:, [FEATURES.index(name) for name in MARGIN_FEATURES]]
    if len(led) < 2:  # to be alone is no merit
        return np.hstack([evidence, np.zeros_like(led)])
    best_two = np.sort(led, axis=0)[-2:]
    best_other = np.where(led == best_two[1], best_two[0], best_two[1])
    return np.hstack([evidence, led - best_other])


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
