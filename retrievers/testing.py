"""For tests: what every FaqStore can be relied on to do, and a store that needs nothing."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from .base import EVERYWHERE, EntryTerms, FaqEntry, FaqStore, Part, Passage, Scope
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
        self.add(entries)

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``."""
        self.change(entries)

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        self.change((), removed=faq_ids)

    def change(self, added: Iterable[FaqEntry], *, removed: Iterable[str] = ()) -> None:
        """Insert, replace and delete as one step."""
        kept = dict(self._entries)
        for faq_id in removed:
            kept.pop(faq_id, None)
        self._entries = kept | {entry.faq_id: entry for entry in added}

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """The cosine of the query's terms and those of the nearest wording, in [0, 1]."""
        asked = Counter(tokenize(query))
        return self._best(
            k, within, lambda entry: max(_cosine(asked, Counter(terms)) for terms in _asked(entry))
        )

    def matching(
        self, query: str, *, k: int, within: Scope = EVERYWHERE, part: Part = "asked"
    ) -> list[Passage]:
        """The share of the query's terms that the entry has, each weighted by its idf."""
        asked = set(tokenize(query))
        total = sum(map(self.idf, asked)) or 1.0

        def share(entry: FaqEntry) -> float:
            known = {term for terms in _asked(entry) for term in terms}
            if part == "whole":
                known.update(tokenize(entry.answer))
            return sum(map(self.idf, asked & known)) / total

        return [passage for passage in self._best(k, within, share) if passage.score > 0]

    def idf(self, term: str) -> float:
        """``ln(1 + n_entries / (1 + n_entries_with_the_term))``."""
        n_with = sum(any(term in terms for terms in _asked(e)) for e in self._entries.values())
        return math.log1p(len(self._entries) / (1 + n_with))

    def terms_of(self, entry: FaqEntry) -> EntryTerms:
        """The terms of an entry."""
        return tokenize_entry(entry)

    def __iter__(self) -> Iterator[FaqEntry]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def _best(self, k: int, within: Scope, score: Callable[[FaqEntry], float]) -> list[Passage]:
        admitted = (entry for entry in self._entries.values() if within.admits(entry))
        found = [Passage(entry, min(1.0, score(entry))) for entry in admitted]
        return sorted(found, key=lambda passage: passage.score, reverse=True)[:k]


def _asked(entry: FaqEntry) -> tuple[tuple[str, ...], ...]:
    return tokenize_entry(entry).asked


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    shared = sum(n * b[term] for term, n in a.items())
    return shared / math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()) or 1)
