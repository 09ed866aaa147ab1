"""The classic way of looking: BM25, which the other ways are measured against."""

from .base import EVERYWHERE, FaqStore, Passage, Scope


class KeywordRetriever:
    """Returns what shares the most telling words with the question."""

    def __init__(self, store: FaqStore) -> None:
        self._store = store

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; ``[]`` if no word is shared."""
        return self._store.matching(query, k=k, within=within)
