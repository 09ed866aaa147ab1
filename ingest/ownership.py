"""Which file owns which entry, and what comes back when a file lets go of one.

An id belongs to the file that brought it. Another file's row with the same id is refused, or, if
that is what was asked for, takes the entry's place; what was there is kept in the journal, and
comes back when the file that replaced it is withdrawn or does without the id.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrievers import FaqEntry, FaqStore

from .journal import IngestJournal
from .messages import IngestMessage, message, verbatim


@dataclass(frozen=True, slots=True)
class OwnershipPlan:
    """What a file may do to the store."""

    written: tuple[FaqEntry, ...]
    """Its entries that go in."""
    refused: tuple[tuple[FaqEntry, str], ...] = ()
    """Those whose id belongs to others, with the owner's name."""
    replaced: tuple[FaqEntry, ...] = ()
    """Others' entries that its own take the place of."""
    removed: frozenset[str] = frozenset()
    """Ids that it had and has no more."""
    restored: tuple[FaqEntry, ...] = ()
    """Others' entries that come back, since it lets go of their ids."""
    is_change: bool = False
    """Whether it had entries before."""


class EntryOwnership:
    """The owners of all entries: looked up once, and kept up to date while files come in.

    Args:
        store: Where the entries are.
        journal: Keeps what was replaced.
    """

    def __init__(self, store: FaqStore, journal: IngestJournal) -> None:
        self._store = store
        self._journal = journal
        self._owner = {entry.faq_id: entry.origin for entry in store}
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        for faq_id, owner in self._owner.items():
            self._ids[owner].add(faq_id)
        self._coming: dict[str, FaqEntry] = {}  # planned, and perhaps not in the store yet

    def plan(
        self, name: str, entries: Sequence[FaqEntry], *, replace: bool = False
    ) -> OwnershipPlan:
        """What a file does that has these entries now; none if it is withdrawn.

        What is planned counts as done for whoever is planned next.

        Args:
            name: Of the file.
            entries: All that it has.
            replace: Whether it may take the place of others' entries.
        """
        foreign = {
            entry.faq_id: owner
            for entry in entries
            if (owner := self._owner.get(entry.faq_id)) not in (None, name)
        }
        refused = {} if replace else foreign
        written = tuple(entry for entry in entries if entry.faq_id not in refused)
        kept = {entry.faq_id for entry in written}
        before = self._ids[name]
        restored = self._restored(before - kept, name)
        plan = OwnershipPlan(
            written,
            tuple((e, foreign[e.faq_id] or "") for e in entries if e.faq_id in refused),
            tuple(self._live(foreign)) if replace else (),
            frozenset(before - kept - restored.keys()),
            tuple(restored.values()),
            bool(before),
        )
        for faq_id in plan.removed:
            self._owner.pop(faq_id, None)
        self._ids[name] = set()
        for entry in (*written, *restored.values()):
            owner = name if entry.faq_id in kept else entry.origin
            self._ids[self._owner.get(entry.faq_id, owner)].discard(entry.faq_id)
            self._ids[owner].add(entry.faq_id)
            self._owner[entry.faq_id] = owner
            self._coming[entry.faq_id] = entry
        return plan

    def before(self, name: str, plan: OwnershipPlan) -> None:
        """Keep what a plan replaces; to be called before the store is changed."""
        own = {entry.faq_id for entry in self._journal.replaced_of(name)}
        renewed = [entry for entry, _ in plan.refused if entry.faq_id in own]
        self._journal.keep_replaced([*plan.replaced, *renewed])

    def after(self, name: str, plan: OwnershipPlan) -> None:
        """Drop what a plan made superfluous; to be called when the store is changed."""
        others = {e.faq_id for e in plan.written if self._owner[e.faq_id] != name}
        others |= {entry.faq_id for entry, _ in plan.refused}
        own = {entry.faq_id for entry in self._journal.replaced_of(name)}
        self._journal.forget_replaced(own - others, name)
        for entry in plan.restored:
            self._journal.forget_replaced([entry.faq_id], entry.origin)

    def withdrawn(self, faq_id: str) -> tuple[FaqEntry, ...]:
        """What comes back when a single entry is withdrawn."""
        return tuple(self._restored({faq_id}, self._owner.get(faq_id, "")).values())

    def _restored(self, ids: Iterable[str], name: str) -> dict[str, FaqEntry]:
        found: dict[str, FaqEntry] = {}
        for faq_id in sorted(ids):
            for entry in self._journal.replaced(faq_id):
                if entry.origin != name:
                    found[faq_id] = entry  # the latest is the last
        return found

    def _live(self, ids: Iterable[str]) -> list[FaqEntry]:
        wanted = set(ids)
        found = {faq_id: self._coming[faq_id] for faq_id in wanted & self._coming.keys()}
        if wanted - found.keys():
            found |= {e.faq_id: e for e in self._store if e.faq_id in wanted - found.keys()}
        return list(found.values())


def owner_name(owner: str) -> IngestMessage:
    """What the owner of an entry is called."""
    return verbatim(owner) if owner else message("unknown_origin")
