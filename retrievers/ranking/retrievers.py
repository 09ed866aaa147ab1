"""The retrievers that ship: hybrid, and the two it is measured against, dense and BM25."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.assets import asset

from ..base import EVERYWHERE, FaqEntry, FaqStore, Passage, Scope
from ..text.language import language_of
from ..text.tokenization import is_prose, tokenize
from .features import FEATURES, count_terms, exact_match_key, extract_features
from .homophones import LIKELY, HomophoneCorrector
from .qualifiers import find_conflict, read_qualifiers
from .ranker import LogisticRanker

SHIPPED_RANKER = asset("retriever", "fusion.json")
N_CANDIDATES = 20  # from each way of looking
N_CHECKED = 5  # more than are returned, because some fall back when they contradict the question
CONFLICT_FACTOR = 0.4
"""What scores are multiplied with when the entry contradicts the question: a certain match is
then still offered, and does not come before entries that may well be right."""
LEAST_COSINE = 0.72
"""Below this an entry shares words with the question and hardly its meaning, as 「How do I bake a
cake?」 and somebody who sells cakes: it counts as if it contradicted the question. Right entries
have .86 on average, what is nearest to questions that are off topic .70."""
BETWEEN_LANGUAGES = 0.15
"""By how much the cosines of the encoder that ships are lower between Chinese and English than
within Chinese: .16 from English to the right Chinese entry and .15 to whatever is nearest to
questions that are off topic; .12 and .17 the other way."""
STANDS_OUT = 0.06
"""How much nearer than the mean of the others found the nearest entry in the other language must
be; 2 in 10 questions that are off topic reach it, and 9 in 10 of which the right one is nearest."""
SURE = 0.9
"""The score from which an English question is not looked for in Chinese; a Chinese one is looked
for in English only where nothing in Chinese is likely to be the answer."""
CLEARLY_BETTER = 0.1
"""By how much more likely it must be to be right if it is in the other language."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSet:
    """Entries that may be right, with the features of each."""

    entries: list[FaqEntry]
    features: NDArray[np.float32]
    """Shape (n, len(FEATURES)), in [0, 1]; see :data:`~retrievers.ranking.features.FEATURES`."""


class HybridRetriever:
    """Looks by meaning and by words, and ranks what it finds; a score is a probability.

    Args:
        store: Where the entries are.
        fusion: A file made by ``python -m eval calibrate``, or what it holds.

    Raises:
        OSError: The file is missing.
        ValueError: It is not such a file.
    """

    def __init__(
        self, store: FaqStore, *, fusion: str | Path | LogisticRanker = SHIPPED_RANKER
    ) -> None:
        self._store = store
        self._ranker = (
            fusion if isinstance(fusion, LogisticRanker) else LogisticRanker.load(Path(fusion))
        )
        encoder = getattr(store, "encoder_fingerprint", "")
        self._is_calibrated = self._ranker.encoder in ("", encoder)
        if not self._is_calibrated:
            logger.warning(
                "the scores were calibrated for another sentence encoder; "
                "run 'python -m eval calibrate' to fit them to this one"
            )
        self._homophones = HomophoneCorrector(store)
        self._term_counts = lru_cache(maxsize=5000)(
            lambda entry: count_terms(store.terms_of(entry))
        )
        self._qualifiers = lru_cache(maxsize=5000)(
            lambda entry: read_qualifiers((entry.question, *entry.wordings))
        )
        self._languages = lru_cache(maxsize=5000)(_asked_in)

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; the score is the probability to be right.

        What was typed in pinyin or with the wrong characters is also looked for as it sounds, and
        counts so if something is then found that fits better.
        """
        written = self._rank(query, k, within)
        if reading := self._homophones.correct(query):
            by_sound = replace(within, language="zh-CN" if within.language else None)
            own = self._rank(reading.text, k, by_sound)
            heard = self._add_other_language(own, reading.text, k, by_sound)
            best = [passages[0].score if passages else 0.0 for passages in (written, heard)]
            if reading.is_better(as_written=best[0], as_heard=best[1]):
                return [replace(passage, corrected=reading.text) for passage in heard]
        return self._add_other_language(written, query, k, within)

    def _add_other_language(
        self, own: list[Passage], query: str, k: int, within: Scope
    ) -> list[Passage]:
        """What was found in the language of the scope; before it, what fits better in the other."""
        best = own[0].score if own and not own[0].conflict else 0.0
        if not within.other_languages or within.language is None:
            return own
        # There are few English entries, and the nearest of them may well be about another matter.
        if best >= (SURE if within.language == "en" else LIKELY):
            return own
        if not is_prose(query):
            return own
        language = "en" if within.language.startswith("zh") else "zh-CN"
        foreign = self._rank(query, k, replace(within, language=language))
        if not own or not foreign:
            return own or foreign
        is_better = not foreign[0].conflict and foreign[0].score >= best + CLEARLY_BETTER
        if not is_better or foreign[0].score < LIKELY:
            return own
        return [foreign[0], *own][:k]

    def _rank(self, query: str, k: int, within: Scope) -> list[Passage]:
        found = self.candidates(query, within)
        probabilities = self._ranker.probabilities(found.features)
        if self._is_calibrated:  # cosines of other encoders lie elsewhere
            is_far = found.features[:, FEATURES.index("cosine")] < LEAST_COSINE
            probabilities[is_far] *= CONFLICT_FACTOR
        # Whoever asks in an entry's own words means it, however much others resemble it.
        for i in np.flatnonzero(found.features[:, FEATURES.index("overlap")] > 0.5):
            if exact_match_key(query) in map(
                exact_match_key, (found.entries[i].question, *found.entries[i].wordings)
            ):
                probabilities[i] = 1.0
        asked = read_qualifiers([query])
        likely = np.argsort(-probabilities, kind="stable")[: k + N_CHECKED]
        conflicts = {i: find_conflict(asked, self._qualifiers(found.entries[i])) for i in likely}
        for i, conflict in conflicts.items():
            if conflict:
                probabilities[i] *= CONFLICT_FACTOR
        best = sorted(likely, key=lambda i: -probabilities[i])[:k]
        return [Passage(found.entries[i], float(probabilities[i]), conflicts[i]) for i in best]

    def candidates(self, query: str, within: Scope = EVERYWHERE) -> CandidateSet:
        """Everything that is near in meaning or in words."""
        near = self._store.nearest(query, k=N_CANDIDATES, within=within)
        found = {
            passage.entry: cosine
            for passage, cosine in zip(near, self._centred(query, near), strict=True)
        }
        # What the store did not return is at most as near as the last it did.
        farthest = min(found.values(), default=0.0)
        for part in ("asked", "whole"):
            for passage in self._store.matching(query, k=N_CANDIDATES, within=within, part=part):
                found.setdefault(passage.entry, farthest)
        if not found:
            return CandidateSet([], np.empty((0, len(FEATURES)), np.float32))
        prepared = [self._term_counts(entry) for entry in found]
        features = extract_features(
            tokenize(query), prepared, list(found.values()), self._store.idf
        )
        return CandidateSet(list(found), features)

    def _centred(self, query: str, near: Sequence[Passage]) -> list[float]:
        """Cosines as they would be if question and entries were in one language.

        Gibberish is as near to every entry as a question is to the right one; so the nearest has
        to stand out among the others.
        """
        cosines = [passage.score for passage in near]
        asked_in = language_of(query)
        if not self._is_calibrated or asked_in is None or len(cosines) < 2:
            return cosines
        if cosines[0] - sum(cosines[1:]) / (len(cosines) - 1) < STANDS_OUT:
            return cosines
        return [
            passage.score
            if asked_in[:2] in self._languages(passage.entry)
            else min(1.0, passage.score + BETWEEN_LANGUAGES)
            for passage in near
        ]


def _asked_in(entry: FaqEntry) -> frozenset[str]:
    """The languages an entry is asked for in, ``zh`` and ``en``: its own and its wordings'."""
    asked = (language_of(wording) for wording in entry.wordings)
    return frozenset(tag[:2] for tag in (entry.language, *asked) if tag)


class KeywordRetriever:
    """Returns what shares the most telling words with the question."""

    def __init__(self, store: FaqStore) -> None:
        self._store = store

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; ``[]`` if no word is shared."""
        return self._store.matching(query, k=k, within=within)


class NearestRetriever:
    """Returns what the store finds nearest."""

    def __init__(self, store: FaqStore) -> None:
        self._store = store

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; ``[]`` if nothing matches."""
        return self._store.nearest(query, k=k, within=within)
