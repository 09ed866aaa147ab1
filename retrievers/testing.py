"""What every FaqStore can be relied on to do. Run it on yours, empty."""

from .base import FaqEntry, FaqStore, Scope


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
