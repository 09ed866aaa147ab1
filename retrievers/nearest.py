"""The plain way of looking, as the paper does it: the nearest vectors."""

from .base import EVERYWHERE, FaqStore, Passage, Scope


class NearestRetriever:
    """Returns what the store finds nearest."""

    def __init__(self, store: FaqStore) -> None:
        self._store = store

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; ``[]`` if nothing matches."""
        return self._store.nearest(query, k=k, within=within)
