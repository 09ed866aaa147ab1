"""For tests: what every FaqStore can be relied on to do, and a store that needs nothing."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from .base import EVERYWHERE, EntryTerms, FaqEntry, FaqStore, Part, Passage, Scope, SoundedWord
from .text.sounds import loose_key, sounds_of, words_to_hear
from .text.tokenization import tokenize, tokenize_entry


def check_store(store: FaqStore) -> None:
    """Raise AssertionError, with a sentence, for the first promise that is broken."""
    assert len(store) == 0, "the check begins with an empty store"
    assert store.nearest("身份证", k=3) == [], "nothing is found where nothing is"

    lost = FaqEntry(
        "id-1",
        "身份证丢了怎么补办？",
        "到派出所补领。",
        wordings=("身份证遗失", "补领身份证"),
        field="身份证",
        region="全国",
        year=2024,
    )
    fund = FaqEntry(
        "fund-1", "公积金怎么提取？", "在线提交申请。", field="社保公积金", region="杭州市"
    )
    english = FaqEntry("en-1", "How do I renew a visa?", "Apply early.", language="en")
    store.add([lost, fund, english])
    assert len(store) == 3, "every entry is kept once, however many wordings it has"
    assert {e.faq_id: e for e in store}["id-1"] == lost, "an entry comes back as it went in"

    found = store.nearest("补领身份证", k=3)
    assert found[0].entry == lost, "a question in an entry's own wording finds the entry"
    assert found[0].score > 0.95, "the same words score nearly 1"
    assert len({p.entry.faq_id for p in found}) == len(found), "an entry is found once"
    scores = [p.score for p in found]
    assert scores == sorted(scores, reverse=True), "best first"
    assert all(0 <= score <= 1 for score in scores), "a score lies in [0, 1]"
    assert len(store.nearest("补领身份证", k=1)) == 1, "at most k"

    scoped = store.nearest("补领身份证", k=3, within=Scope(field="社保公积金"))
    assert [p.entry.faq_id for p in scoped] == ["fund-1"], "a field keeps its own entries"
    elsewhere = store.nearest("公积金怎么提取", k=3, within=Scope(region="宁波市"))
    assert "fund-1" not in [p.entry.faq_id for p in elsewhere], "Hangzhou is not Ningbo"
    assert "id-1" in [p.entry.faq_id for p in elsewhere], "what holds everywhere holds there"
    spoken = store.nearest("visa", k=3, within=Scope(language="en"))
    assert [p.entry.faq_id for p in spoken] == ["en-1"], "a language keeps its own entries"

    worded = store.matching("公积金", k=3)
    assert [p.entry.faq_id for p in worded] == ["fund-1"], "a shared word finds an entry"
    assert all(0 <= p.score <= 1 for p in worded), "a score of words lies in [0, 1]"
    assert store.matching("派出所", k=3) == [], "what only the answer says was not asked"
    told = store.matching("派出所", k=3, part="whole")
    assert [p.entry.faq_id for p in told] == ["id-1"], "the whole entry has the answer too"
    sounds = store.words_like([loose_key(("gong", "ji", "jin"))])
    heard = [word.word for words in sounds.values() for word in words]
    assert heard == ["公积金"], "a word that entries ask with is found by its sound"
    assert store.idf("公积") < store.idf("火星"), "what no entry has is rarest"

    changed = FaqEntry("id-1", "身份证丢了怎么补办？", "新的规定。", field="身份证", region="全国")
    store.add([changed])
    assert len(store) == 3, "the same id replaces"
    assert store.nearest("身份证丢了怎么补办", k=1)[0].entry == changed, "the new text is served"

    store.remove(["id-1", "no-such-id"])
    assert len(store) == 2, "a removed entry is gone; an unknown id is no error"
    assert "id-1" not in [p.entry.faq_id for p in store.nearest("身份证", k=3)]


class MemoryStore:
    """A store for tests: entries in a dictionary, compared by the terms they share.

    No embeddings, no index, no files; every search looks at every entry.

    Args:
        entries: What it holds to begin with.
    """

    def __init__(self, entries: Iterable[FaqEntry] = ()) -> None:
        self._entries: dict[str, FaqEntry] = {}
        self._terms: dict[str, EntryTerms] = {}  # of each entry: cutting takes most of the time
        self._n_with: Counter[str] = Counter()
        """How many entries ask with a term."""
        self._sounds: dict[str, list[SoundedWord]] | None = None  # made when it is asked for
        self.add(entries)

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``."""
        self.change(entries)

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        self.change((), removed=faq_ids)

    def change(self, added: Iterable[FaqEntry], *, removed: Iterable[str] = ()) -> None:
        """Insert, replace and delete as one step."""
        new = {entry.faq_id: entry for entry in added}
        gone = set(removed)
        kept = {faq_id: entry for faq_id, entry in self._entries.items() if faq_id not in gone}
        terms = {faq_id: tokenize_entry(entry) for faq_id, entry in new.items()}
        self._terms = {**self._terms, **terms}
        self._entries = kept | new
        self._sounds = None
        self._n_with = Counter(
            term
            for faq_id in self._entries
            for term in {term for asked in self._terms[faq_id].asked for term in asked}
        )

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """The cosine of the query's terms and those of the nearest wording, in [0, 1]."""
        asked = Counter(tokenize(query))
        return self._best(
            k,
            within,
            lambda entry: max(_cosine(asked, Counter(t)) for t in self.terms_of(entry).asked),
        )

    def matching(
        self, query: str, *, k: int, within: Scope = EVERYWHERE, part: Part = "asked"
    ) -> list[Passage]:
        """The share of the query's terms that the entry has, each weighted by its idf."""
        asked = set(tokenize(query))
        total = sum(map(self.idf, asked)) or 1.0

        def share(entry: FaqEntry) -> float:
            own = self.terms_of(entry)
            known = {term for terms in own.asked for term in terms}
            if part == "whole":
                known.update(own.answer)
            return sum(map(self.idf, asked & known)) / total

        return [passage for passage in self._best(k, within, share) if passage.score > 0]

    def idf(self, term: str) -> float:
        """``ln(1 + n_entries / (1 + n_entries_with_the_term))``."""
        return math.log1p(len(self._entries) / (1 + self._n_with[term]))

    def terms_of(self, entry: FaqEntry) -> EntryTerms:
        """The terms of an entry."""
        return self._terms[entry.faq_id]

    def words_like(self, keys: Collection[str]) -> dict[str, list[SoundedWord]]:
        """The words that entries ask with, by how they sound."""
        if self._sounds is None:
            self._sounds = {}
            for word in words_to_hear(q for e in self for q in (e.question, *e.wordings)):
                said = sounds_of(word)
                self._sounds.setdefault(loose_key(said), []).append(SoundedWord(word, said))
        return {key: self._sounds[key] for key in keys if key in self._sounds}

    def __iter__(self) -> Iterator[FaqEntry]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def _best(self, k: int, within: Scope, score: Callable[[FaqEntry], float]) -> list[Passage]:
        admitted = (entry for entry in self._entries.values() if within.admits(entry))
        found = [Passage(entry, min(1.0, score(entry))) for entry in admitted]
        return sorted(found, key=lambda passage: passage.score, reverse=True)[:k]


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    shared = sum(n * b[term] for term, n in a.items())
    return shared / math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()) or 1)
