"""The FAQ, what matched in it, and the two things that can look."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

NATIONWIDE = "全国"


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """One published question and its answer."""

    faq_id: str
    question: str
    answer: str
    wordings: tuple[str, ...] = ()
    """Other ways to ask the same; each is searched like the question itself."""
    field: str = ""
    """The field of public service, e.g. ``"身份证"``."""
    department: str = ""
    """The body in charge."""
    region: str = ""
    """Where the rule holds, e.g. ``"全国"`` or ``"浙江省杭州市"``."""
    language: str = "zh-CN"
    """BCP 47 tag of question and answer."""
    source_title: str = ""
    source_url: str = ""
    year: int | None = None
    """The year of the rules the answer reflects."""
    notice: str = ""
    """What must be said about the entry, e.g. that it is a sample."""


@dataclass(frozen=True, slots=True)
class Passage:
    """An entry that matched a query."""

    entry: FaqEntry
    score: float
    """Relevance in [0, 1]; higher is closer, whatever the backend calls it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries may be found; None admits all."""

    language: str | None = None
    """BCP 47 tag; entries in this language."""
    field: str | None = None
    """Entries of this field of public service."""
    region: str | None = None
    """Entries that hold in this region, or in the whole country."""

    def admits(self, entry: FaqEntry) -> bool:
        """Whether the entry may be found."""
        return (
            self.language in (None, entry.language)
            and self.field in (None, entry.field)
            and (self.region is None or entry.region in ("", NATIONWIDE, self.region))
        )


EVERYWHERE = Scope()


class StoreError(RuntimeError):
    """A store cannot be used as it is; the text says what to do."""


class FaqStore(Protocol):
    """Where entries are kept."""

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``."""
        ...

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        ...

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages of different entries, best first."""
        ...

    def __iter__(self) -> Iterator[FaqEntry]: ...

    def __len__(self) -> int:
        """How many entries there are."""
        ...


class Retriever(Protocol):
    """A way of looking: dense, keyword, hybrid, reranked."""

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, best first; ``[]`` if nothing matches."""
        ...
