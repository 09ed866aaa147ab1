"""Pinyin and wrong characters of the same sound find what the right characters find."""

import csv
from pathlib import Path

import pytest

from agent import Answer, Question
from agent.build import LoadedStages
from agent.types import Turn
from retrievers import FaqEntry
from retrievers.ranking.homophones import HomophoneCorrector, Reading
from retrievers.store.faq_files import read_folder
from retrievers.testing import MemoryStore


@pytest.fixture(scope="module")
def corrector() -> HomophoneCorrector:
    """With the sample knowledge base."""
    return HomophoneCorrector(MemoryStore(read_folder(Path("assets/faq"))))


def heard(corrector: HomophoneCorrector, question: str) -> str:
    reading = corrector.correct(question)
    return reading.text if reading else question


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("huzhao duoshao qian", "护照多少钱"),
        ("hu zhao duo shao qian", "护照多少钱"),
        ("huzhaoduoshaoqian", "护照多少钱"),
        ("hùzhào duōshao qián", "护照多少钱"),
        ("hu4zhao4 duo1shao3 qian2", "护照多少钱"),
        ("Shenfenzheng diule zenme ban", "身份证丢了怎么办"),
        ("sengfenzen diule", "身份证丢了"),
        ("gongjijin zenme tiqu", "公积金怎么提取"),
        ("我的huzhao丢了", "我的护照丢了"),
        ("hukou怎么迁", "户口怎么迁"),
    ],
)
def test_pinyin_is_read_with_and_without_blanks_tones_and_characters(
    corrector: HomophoneCorrector, typed: str, meant: str
) -> None:
    assert heard(corrector, typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("护造丢了怎么办", "护照丢了怎么办"),
        ("驾驶正过期了", "驾驶证过期了"),
        ("营业执造注消怎么弄", "营业执照注销怎么弄"),
        ("身份正丢了", "身份证丢了"),
        ("公鸡金怎么提取", "公积金怎么提取"),
        ("养老宝险怎么交", "养老保险怎么交"),
        ("結婚等記要帶什麼", "结婚登记要带什么"),
    ],
)
def test_wrong_characters_are_read_by_their_sound(
    corrector: HomophoneCorrector, typed: str, meant: str
) -> None:
    assert heard(corrector, typed) == meant


@pytest.mark.parametrize(
    "question",
    [
        "登机时能带身份证吗",  # 登记 sounds the same, and 登机 is a word
        "遗嘱公正怎么办",
        "卖房户口怎么迁",  # 买房 sounds the same and is the opposite
        "社保卡不见咗点算？",
        "阿拉护照落脱了哪能办",
        "駕駛證過期了怎麼辦",
        "结婚登记需要什么材料",
        "ETC怎么办",
        "医保APP怎么下载",
    ],
)
def test_what_is_well_written_stays(corrector: HomophoneCorrector, question: str) -> None:
    assert corrector.correct(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "change name",
        "can she make change",
        "How much is a passport?",
        "Can I renew my visa?",
        "???",
    ],
)
def test_english_is_not_read_as_pinyin(corrector: HomophoneCorrector, question: str) -> None:
    assert corrector.correct(question) is None


def test_the_knowledge_base_in_its_own_words_is_never_changed(
    corrector: HomophoneCorrector,
) -> None:
    entries = list(read_folder(Path("assets/faq")))
    changed = [
        wording
        for entry in entries
        for wording in (entry.question, *entry.wordings)
        if corrector.correct(wording)
    ]
    assert changed == []


def test_english_questions_of_the_evaluation_are_never_changed(
    corrector: HomophoneCorrector,
) -> None:
    with Path("assets/faq/questions.csv").open(encoding="utf-8", newline="") as file:
        asked = [row["question"] for row in csv.DictReader(file) if row["style"] == "english"]
    assert len(asked) > 50
    assert [question for question in asked if corrector.correct(question)] == []


def test_a_word_that_entries_bring_is_known_by_its_sound_and_forgotten_with_them() -> None:
    store = MemoryStore([FaqEntry("a", "苗木检疫怎么申报？", "到林业局。")])
    corrector = HomophoneCorrector(store)
    assert heard(corrector, "miaomu jianyi") == "苗木检疫"
    store.remove(["a"])
    assert "苗木" not in heard(corrector, "miaomu jianyi")


def test_characters_are_only_taken_for_others_where_an_answer_is_likely() -> None:
    reading = Reading("设籍的时间有什么限制", is_pinyin=False)
    assert not reading.is_better(as_written=0.1, as_heard=0.4)
    assert not reading.is_better(as_written=0.9, as_heard=0.92)
    assert reading.is_better(as_written=0.3, as_heard=0.9)
    assert Reading("户口迁移怎么办", is_pinyin=True).is_better(as_written=0.1, as_heard=0.2)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shenfenzheng diule zenme ban", "身份证丢了怎么办"),
        ("护造丢了怎么办", "护照丢了怎么办"),
        ("公积今怎么提取", "公积金怎么提取"),
        ("huzhao", "护照"),
        ("huzhao duoshao qian, youxiaoqi ji nian", "护照多少钱，有效期几年"),
    ],
)
def test_the_right_characters_and_the_same_sound_are_answered_alike(
    stages: LoadedStages, typed: str, meant: str
) -> None:
    said, right = _ask(stages, typed), _ask(stages, meant)
    assert (said.outcome, said.text) == (right.outcome, right.text)
    assert said.outcome != "refused"
    assert (said.read_as.replace(",", "，"), right.read_as) == (meant, "")
    assert said.candidates == right.candidates


def test_what_is_asked_next_may_be_pinyin_too(stages: LoadedStages) -> None:
    first = _ask(stages, "护照丢了怎么补办？")
    turn = Turn("护照丢了怎么补办？", first)
    asked = [_ask(stages, text, history=(turn,)) for text in ("duoshao qian", "多少钱")]
    assert asked[0].text == asked[1].text


def _ask(stages: LoadedStages, text: str, history: tuple[Turn, ...] = ()) -> Answer:
    question = Question(text, history=history)
    return next(part for part in stages.responder.respond(question) if isinstance(part, Answer))
