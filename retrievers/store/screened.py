"""The gate in front of every store: nothing with personal data goes in unless a person said so."""

from collections.abc import Callable, Collection, Iterable, Iterator

from ..base import (
    EVERYWHERE,
    EntryTerms,
    FaqEntry,
    FaqStore,
    Part,
    Passage,
    Scope,
    SoundedWord,
    StoreError,
)
from ..pii import EntryPii, PiiDetector

Held = tuple[FaqEntry, tuple[EntryPii, ...]]
"""An entry that may not go in, and why."""


class PersonalDataError(ValueError):
    """An entry with personal data was on its way into a store; nothing was written.

    The text names the entry and the kinds of data, never the data.
    """

    def __init__(self, entry: FaqEntry, findings: tuple[EntryPii, ...]) -> None:
        kinds = ", ".join(sorted({f"{found.kind} in {found.field}" for found in findings}))
        super().__init__(f"entry {entry.faq_id!r} holds personal data: {kinds}")
        self.entry = entry
        self.findings = findings


def nobody_allowed(entry: FaqEntry) -> bool:
    """The default decision: no entry with personal data was let through."""
    return False


class ScreenedStore:
    """A :class:`~retrievers.FaqStore` that looks at every entry before it is written.

    Whoever wants to keep aside what may not go in asks :meth:`screen` first; whoever does not is
    stopped by :class:`PersonalDataError`.

    Args:
        store: Where the entries go. Nobody else writes to it.
        detector: What looks for personal data.

    Raises:
        StoreError: The store was written for another version.

    Attributes:
        inner: The store itself, for what only it can do, such as ``check``.
    """

    def __init__(self, store: FaqStore, detector: PiiDetector | None = None) -> None:
        if not hasattr(store, "idf"):
            raise StoreError(
                f"{type(store).__name__} lacks the method 'idf', which was called 'rarity' before "
                "version 0.2; rename it"
            )
        self.inner = store
        self._detector = detector or PiiDetector()

    @property
    def encoder_fingerprint(self) -> str:
        """Of the encoder that made the store's vectors; empty if it has none."""
        return str(getattr(self.inner, "encoder_fingerprint", ""))

    def screen(
        self, entries: Iterable[FaqEntry], *, allowed: Callable[[FaqEntry], bool] = nobody_allowed
    ) -> tuple[list[FaqEntry], list[Held]]:
        """Entries that may go in, and those that may not with the reasons.

        Args:
            entries: What is to go in.
            allowed: Whether a person has let exactly this entry through.
        """
        clean: list[FaqEntry] = []
        held: list[Held] = []
        for entry in entries:
            findings = self._detector.entry_findings(entry)
            if findings and not allowed(entry):
                held.append((entry, findings))
            else:
                clean.append(entry)
        return clean, held

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``.

        Raises:
            PersonalDataError: One of them holds personal data; none is written.
        """
        self.change(entries)

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        self.inner.remove(faq_ids)

    def change(
        self,
        added: Iterable[FaqEntry],
        *,
        removed: Iterable[str] = (),
        allowed: Callable[[FaqEntry], bool] = nobody_allowed,
    ) -> None:
        """Insert, replace and delete as one step that is seen whole or not at all.

        Args:
            added: Looked at one by one while the store takes them.
            removed: Ids of entries to delete.
            allowed: Whether a person has let exactly this entry through.

        Raises:
            PersonalDataError: An entry holds personal data; the store is as it was.
        """
        self.inner.change(self._passed(added, allowed), removed=removed)

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """See :meth:`retrievers.FaqStore.nearest`."""
        return self.inner.nearest(query, k=k, within=within)

    def matching(
        self, query: str, *, k: int, within: Scope = EVERYWHERE, part: Part = "asked"
    ) -> list[Passage]:
        """See :meth:`retrievers.FaqStore.matching`."""
        return self.inner.matching(query, k=k, within=within, part=part)

    def idf(self, term: str) -> float:
        """See :meth:`retrievers.FaqStore.idf`."""
        return self.inner.idf(term)

    def terms_of(self, entry: FaqEntry) -> EntryTerms:
        """See :meth:`retrievers.FaqStore.terms_of`."""
        return self.inner.terms_of(entry)

    def words_like(self, keys: Collection[str]) -> dict[str, list[SoundedWord]]:
        """See :meth:`retrievers.FaqStore.words_like`."""
        return self.inner.words_like(keys)

    def problems(self) -> list[str]:
        """What of the store does not work as it should; empty if it cannot say."""
        inner = getattr(self.inner, "problems", None)
        return list(inner()) if inner else []

    def __iter__(self) -> Iterator[FaqEntry]:
        return iter(self.inner)

    def __len__(self) -> int:
        return len(self.inner)

    def _passed(
        self, entries: Iterable[FaqEntry], allowed: Callable[[FaqEntry], bool]
    ) -> Iterator[FaqEntry]:
        for entry in entries:
            clean, held = self.screen([entry], allowed=allowed)
            if held:
                raise PersonalDataError(*held[0])
            yield from clean
