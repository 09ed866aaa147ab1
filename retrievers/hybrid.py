"""The retriever that ships: meaning and words together, with a score that is a probability."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .base import EVERYWHERE, FaqEntry, FaqStore, Passage, Scope
from .evidence import EVIDENCE, bare, prepare, weigh
from .fusion import Fusion
from .terms import terms

SHIPPED_FUSION = Path(__file__).resolve().parent.parent / "assets" / "retriever" / "fusion.json"
N_CANDIDATES = 20  # from each way of looking

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Entries that may be right, with what speaks for each."""

    entries: list[FaqEntry]
    evidence: NDArray[np.float32]
    """Shape (n, len(EVIDENCE)), in [0, 1]; see :data:`~retrievers.evidence.EVIDENCE`."""


class HybridRetriever:
    """Looks by meaning and by words, and weighs what it finds.

    Args:
        store: Where the entries are.
        fusion: A file made by ``python -m eval calibrate``, or what it holds.

    Raises:
        OSError: The file is missing.
        ValueError: It is not a fusion file.
    """

    def __init__(self, store: FaqStore, *, fusion: str | Path | Fusion = SHIPPED_FUSION) -> None:
        self._store = store
        self._fusion = fusion if isinstance(fusion, Fusion) else Fusion.load(Path(fusion))
        encoder = getattr(store, "encoder_fingerprint", "")
        if self._fusion.encoder not in ("", encoder):
            logger.warning(
                "the scores were calibrated for another sentence encoder; "
                "run 'python -m eval calibrate' to fit them to this one"
            )
        self._prepare = lru_cache(maxsize=5000)(lambda entry: prepare(store.terms_of(entry)))

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; the score is the probability to be right."""
        found = self.candidates(query, within)
        probabilities = self._fusion.probabilities(found.evidence)
        # Whoever asks in an entry's own words means it, however much others resemble it.
        for i in np.flatnonzero(found.evidence[:, EVIDENCE.index("same")] > 0.5):
            if bare(query) in map(bare, (found.entries[i].question, *found.entries[i].wordings)):
                probabilities[i] = 1.0
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [Passage(found.entries[i], float(probabilities[i])) for i in best]

    def candidates(self, query: str, within: Scope = EVERYWHERE) -> Candidates:
        """Everything that is near in meaning or in words."""
        near = self._store.nearest(query, k=N_CANDIDATES, within=within)
        found = {passage.entry: passage.score for passage in near}
        # What the store did not return is at most as near as the last it did.
        farthest = min(found.values(), default=0.0)
        for part in ("asked", "whole"):
            for passage in self._store.matching(query, k=N_CANDIDATES, within=within, part=part):
                found.setdefault(passage.entry, farthest)
        if not found:
            return Candidates([], np.empty((0, len(EVIDENCE)), np.float32))
        prepared = [self._prepare(entry) for entry in found]
        evidence = weigh(terms(query), prepared, list(found.values()), self._store.rarity)
        return Candidates(list(found), evidence)
