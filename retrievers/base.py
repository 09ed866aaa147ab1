"""The FAQ, what matched in it, and the two things that can look."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

Kind = Literal["qa", "passage"]
Part = Literal["asked", "whole"]
"""What is searched of an entry: its question and wordings, or these and the answer."""
NATIONWIDE = "全国"


class SourceLinks(NamedTuple):
    """Where the links of an entry lead. What there is not is empty."""

    document_url: str
    """The document or service page itself."""
    portal: str
    """Name of the portal of the body in charge."""
    portal_url: str
    """Its home page."""


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
    spoken: str = ""
    """What the voice says instead of the answer, where that is too long to listen to; the whole
    answer is shown. Empty: the answer."""
    source_title: str = ""
    """The law, document or guide the answer rests on."""
    source_url: str = ""
    """Of the document, or the home page of the portal of the body in charge."""
    portal: str = ""
    """Name of the portal ``source_url`` leads to, e.g. ``"国家政务服务平台"``."""
    document_url: str = ""
    """Of the document or service page itself, where ``source_url`` is a portal's."""
    year: int | None = None
    """The year of the rules the answer reflects."""
    notice: str = ""
    """What must be said about the entry, e.g. that it is a sample."""
    kind: Kind = "qa"
    """A curated answer, or a quoted part of a document."""
    document_number: str = ""
    """Number of the document the answer rests on (文号), e.g. ``"国发〔2019〕5号"``."""
    issued: str = ""
    """Date of issue of that document, ISO 8601."""
    place: str = ""
    """Where in the document, e.g. ``"第三章 第十二条，第5页"``."""
    valid_from: str = ""
    """First day on which the answer holds, ISO 8601; empty: always did."""
    valid_until: str = ""
    """Last day on which the answer holds, ISO 8601; empty: until it is replaced."""

    origin: str = ""
    """The file it was taken from; empty if nobody knows."""

    def holds_on(self, day: date) -> bool:
        """Whether the answer is valid on a day."""
        iso = day.isoformat()
        return (self.valid_from or iso) <= iso <= (self.valid_until or iso)

    @property
    def links(self) -> SourceLinks:
        """Where its links lead.

        A home page is a portal's even if the entry does not name it: then the name is that of the
        host, so that no link promises the document and leads elsewhere.

        >>> FaqEntry("1", "?", "!", source_url="https://www.samr.gov.cn").links
        SourceLinks(document_url='', portal='www.samr.gov.cn', portal_url='https://www.samr.gov.cn')
        """
        try:
            address = urlsplit(self.source_url)
        except ValueError:  # "http://[" and the like
            return SourceLinks(self.document_url, "", "")
        is_home = bool(address.hostname) and not (
            address.path.strip("/") or address.query or address.fragment
        )
        if self.source_url and (self.portal or is_home):
            portal = self.portal or address.netloc.rpartition("@")[2]
            return SourceLinks(self.document_url, portal, self.source_url)
        return SourceLinks(self.document_url or self.source_url, "", "")


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a question states and an entry contradicts."""

    kind: str
    """In what they differ, as ``retrievers/ranking/qualifiers.toml`` calls it: a group such as
    ``"grade"``, a condition such as ``"expired"``, a unit such as ``"age"``; or ``"document"``,
    ``"date"`` or ``"place"``."""
    asked: tuple[str, ...]
    """The question's words for it."""
    about: tuple[str, ...]
    """The entry's."""


@dataclass(frozen=True, slots=True)
class Passage:
    """An entry that matched a query."""

    entry: FaqEntry
    score: float
    """Relevance in [0, 1]; higher is closer, whatever the backend calls it."""
    conflict: Conflict | None = None
    """What the query states and the entry contradicts; it is then no answer, however near."""
    corrected: str = ""
    """The query as it was read, where it was typed in pinyin or with the wrong characters."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries may be found; None admits all."""

    language: str | None = None
    """BCP 47 tag; entries in this language."""
    field: str | None = None
    """Entries of this field of public service."""
    region: str | None = None
    """Entries that hold in this region, or in the whole country."""
    day: date | None = None
    """Entries that are valid on this day."""
    other_languages: bool = False
    """Whether a retriever may look beyond ``language`` where that fits clearly better."""

    def admits(self, entry: FaqEntry) -> bool:
        """Whether the entry may be found."""
        return (
            self.language in (None, entry.language)
            and self.field in (None, entry.field)
            and (self.region is None or entry.region in ("", NATIONWIDE, self.region))
            and (self.day is None or entry.holds_on(self.day))
        )


EVERYWHERE = Scope()


class StoreError(RuntimeError):
    """A store cannot be used as it is; the text says what to do."""


class StoreBusyError(StoreError):
    """Another process is writing to the store; later it can be tried again."""


@dataclass(frozen=True, slots=True)
class EntryTerms:
    """An entry, cut into :func:`~retrievers.text.tokenization.tokenize`."""

    asked: tuple[tuple[str, ...], ...]
    """Of the question, and of each further wording."""
    answer: tuple[str, ...]


class SoundedWord(NamedTuple):
    """A word and how it is said."""

    word: str
    said: tuple[str, ...]
    """Its syllables without tones, e.g. ``("hu", "zhao")``."""


class FaqStore(Protocol):
    """Where entries are kept."""

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``."""
        ...

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        ...

    def change(self, added: Iterable[FaqEntry], *, removed: Iterable[str] = ()) -> None:
        """Insert, replace and delete as one step that is seen whole or not at all."""
        ...

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages of different entries, those nearest in meaning first."""
        ...

    def matching(
        self, query: str, *, k: int, within: Scope = EVERYWHERE, part: Part = "asked"
    ) -> list[Passage]:
        """Return at most ``k`` passages that share words with the query, best first."""
        ...

    def idf(self, term: str) -> float:
        """The inverse document frequency of a term.

        Terms are those of :func:`~retrievers.text.tokenization.tokenize`.
        """
        ...

    def terms_of(self, entry: FaqEntry) -> EntryTerms:
        """The terms of an entry that was found here.

        They are those of :func:`~retrievers.text.tokenization.tokenize_entry`.
        """
        ...

    def words_like(self, keys: Collection[str]) -> dict[str, list[SoundedWord]]:
        """The words that entries ask with, by how they sound.

        Args:
            keys: Of :func:`~retrievers.text.sounds.loose_key`.

        Returns:
            For each key that is known, its words; some may be of entries that are gone.
        """
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
