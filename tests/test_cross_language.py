"""A question finds an entry in the other language where its own language has none."""

from pathlib import Path

import pytest

from agent import Answer, Question
from agent.build import LoadedStages
from agent.policy_search import find_policies
from agent.responders.faq import FaqResponder
from retrievers import EVERYWHERE, FaqEntry, Passage, Scope

QUESTIONS = Path(__file__).parent / "data" / "english_about_chinese_entries.tsv"


def ask(stages: LoadedStages, text: str) -> Answer:
    return next(p for p in stages.responder.respond(Question(text)) if isinstance(p, Answer))


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("How many SIM cards can be registered with one ID card?", "手机卡"),
        ("How can freelancers join the employees' medical insurance?", "灵活就业"),
        ("How much is the fee for the teacher qualification exam?", "报名费"),
    ],
)
def test_an_english_question_is_answered_in_chinese_where_there_is_no_english_answer(
    stages: LoadedStages, question: str, asked: str
) -> None:
    answer = ask(stages, question)
    assert answer.outcome == "answered"
    entry = answer.citations[0].entry
    assert asked in entry.question
    english = next(wording for wording in entry.wordings if wording.isascii())
    assert answer.text == f"The answer is in Chinese: {english} {entry.answer}"
    if entry.spoken:
        assert answer.spoken == f"The answer is in Chinese: {english} {entry.spoken}"


def test_a_chinese_question_is_answered_in_english_where_there_is_no_chinese_answer(
    stages: LoadedStages,
) -> None:
    answer = ask(stages, "外国人来中国教英语需要什么条件")
    assert answer.outcome == "answered"
    assert answer.text.startswith("知识库里只有这个问题的英文答复：")
    assert answer.citations[0].entry.language == "en"


def test_a_chinese_answer_is_not_given_up_for_an_english_one(stages: LoadedStages) -> None:
    answer = ask(stages, "老家户口想迁到儿子那边去")
    assert answer.outcome == "answered"
    assert answer.citations[0].entry.language == "zh-CN"


@pytest.mark.parametrize(
    "question",
    ["How do I register a trademark?", "What should I do if I lose my passport in China?"],
)
def test_an_english_answer_comes_first_where_there_is_one(
    stages: LoadedStages, question: str
) -> None:
    answer = ask(stages, question)
    assert answer.outcome == "answered"
    assert answer.citations[0].entry.language == "en"
    assert "in Chinese:" not in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "What's the weather going to be like in Chengdu tomorrow?",
        "Who painted the Mona Lisa?",
        "My tomato plants have yellow leaves, what's wrong with them?",
        "How do I centre a div in CSS?",
        "How many calories are in a big mac?",
        "asdf qwer zxcv",
        "blah blah",
        "Guten Tag, wie geht es Ihnen?",
    ],
)
def test_what_is_off_topic_in_english_is_refused_in_english(
    stages: LoadedStages, question: str
) -> None:
    answer = ask(stages, question)
    assert answer.outcome == "refused"
    assert answer.text.startswith("Sorry")


def test_english_questions_find_the_right_chinese_entry_first_in_seven_of_ten_cases(
    stages: LoadedStages,
) -> None:
    asked = [
        line.split("\t")
        for line in QUESTIONS.read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    found = [
        stages.retriever.search(question, k=1, within=Scope("zh-CN"))[0].entry.faq_id == gold
        for gold, question in asked
    ]
    assert len(asked) >= 70
    assert sum(found) >= 0.7 * len(asked)


def test_a_scope_of_one_language_stays_in_it(stages: LoadedStages) -> None:
    question = "How many SIM cards can be registered with one ID card?"
    own = stages.retriever.search(question, within=Scope("en"))
    assert {passage.entry.language for passage in own} == {"en"}
    either = stages.retriever.search(question, within=Scope("en", other_languages=True))
    assert either[0].entry.language == "zh-CN"
    assert {passage.entry.language for passage in either[1:]} == {"en"}
    assert find_policies(stages.retriever, question)[0].entry == either[0].entry


def test_an_entry_with_an_english_wording_says_which_question_it_answers() -> None:
    entry = FaqEntry("a", "护照多少钱？", "每本120元。", wordings=("How much is a passport?",))

    class Found:
        def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
            return [Passage(entry, 0.9)]

    responder = FaqResponder(Found(), answer_from=0.5, suggest_from=0.1, hotline="12345")
    answer = responder.look_up(Question("What does a passport cost?")).answer
    assert answer.text == "The answer is in Chinese: How much is a passport? 每本120元。"
