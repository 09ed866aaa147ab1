"""The retriever that ships: meaning and words together, with a score that is a probability."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .base import EVERYWHERE, FaqEntry, FaqStore, Passage, Scope
from .fusion import Fusion
from .lexical import LexicalIndex

SHIPPED_FUSION = Path(__file__).resolve().parent.parent / "assets" / "retriever" / "fusion.json"
N_CANDIDATES = 20  # from each way of looking

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Entries that may be right, with what speaks for each."""

    entries: list[FaqEntry]
    evidence: NDArray[np.float32]
    """Shape (n, 3), in [0, 1]; see :data:`~retrievers.fusion.EVIDENCE`."""


class HybridRetriever:
    """Looks by meaning in the store and by words in an index of its own.

    Args:
        store: Whose entries are indexed when the retriever is made.
        fusion: A file made by ``python -m retrievers calibrate``.

    Raises:
        OSError: The file is missing.
        ValueError: It is not a fusion file.
    """

    def __init__(self, store: FaqStore, *, fusion: str | Path = SHIPPED_FUSION) -> None:
        self._store = store
        self._fusion = Fusion.load(Path(fusion))
        encoder = getattr(store, "encoder_fingerprint", "")
        if self._fusion.encoder not in ("", encoder):
            logger.warning(
                "the scores were calibrated for another sentence encoder; "
                "run 'python -m retrievers calibrate' to fit them to this one"
            )
        self._entries = list(store)
        wordings = [(row, text) for row, e in enumerate(self._entries) for text in _asked(e)]
        self._row_of_wording = np.array([row for row, _ in wordings], np.int64)
        self._wordings = LexicalIndex([text for _, text in wordings])
        self._wholes = LexicalIndex([" ".join((*_asked(e), e.answer)) for e in self._entries])

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; the score is the probability to be right."""
        found = self.candidates(query, within)
        probabilities = self._fusion.probabilities(found.evidence)
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [Passage(found.entries[i], float(probabilities[i])) for i in best]

    def candidates(self, query: str, within: Scope = EVERYWHERE) -> Candidates:
        """Everything that is near in meaning or in words."""
        admitted = [row for row, entry in enumerate(self._entries) if within.admits(entry)]
        if not admitted:
            return Candidates([], np.empty((0, 3), np.float32))
        one = np.zeros(len(self._entries), np.float32)
        np.maximum.at(one, self._row_of_wording, self._wordings.scores(query))
        whole = self._wholes.scores(query)
        near = self._store.nearest(query, k=N_CANDIDATES, within=within)
        cosine = {passage.entry.faq_id: passage.score for passage in near}
        # What the store did not return is at most as near as the last it did.
        farthest = min(cosine.values(), default=0.0)
        by_words = sorted(admitted, key=lambda row: -(one[row] + whole[row]))[:N_CANDIDATES]
        rows = [row for row in admitted if self._entries[row].faq_id in cosine]
        rows += [row for row in by_words if self._entries[row].faq_id not in cosine]
        entries = [self._entries[row] for row in rows]
        meaning = [cosine.get(entry.faq_id, farthest) for entry in entries]
        evidence = np.column_stack([meaning, one[rows], whole[rows]]).astype(np.float32)
        return Candidates(entries, evidence)


def _asked(entry: FaqEntry) -> tuple[str, ...]:
    return (entry.question, *entry.wordings)
