"""Two matters in one question, and a message that only names a matter."""

import pytest

from agent import Answer, Question
from agent.build import LoadedStages
from agent.dialogue.matters import named_topic, two_questions


def ask(stages: LoadedStages, text: str) -> Answer:
    return next(p for p in stages.responder.respond(Question(text)) if isinstance(p, Answer))


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("身份证和护照都丢了怎么办", "身份证", "护照"),
        ("护照多少钱，有效期几年", "收费", "有效期"),
        ("办身份证要不要钱，几天能拿到", "收多少钱", "多少天"),
    ],
)
def test_two_matters_are_both_answered_with_both_sources(
    stages: LoadedStages, text: str, first: str, second: str
) -> None:
    answer = ask(stages, text)
    one, other = (passage.entry for passage in answer.citations)
    assert answer.outcome == "answered"
    assert first in one.question and second in other.question
    assert answer.text.index(one.answer) < answer.text.index(other.answer)


def test_of_two_matters_the_known_one_is_answered_and_the_other_named(
    stages: LoadedStages,
) -> None:
    answer = ask(stages, "护照丢了怎么办，火锅底料怎么炒")
    assert len(answer.citations) <= 1
    assert answer.outcome != "answered" or "护照" in answer.citations[0].entry.question


def test_what_is_one_question_is_not_cut() -> None:
    for text in (
        "社保和医保有什么区别",
        "我搬家把护照弄丢了，怎么补办",
        "结婚和离婚登记到哪里办？",
        "身份证丢了怎么补办",
    ):
        assert two_questions(text) is None


@pytest.mark.parametrize(
    ("text", "topic"), [("护照", "护照"), ("公积金", "公积金"), ("身份证的事", "身份证")]
)
def test_who_only_names_a_matter_is_asked_what_about_it(
    stages: LoadedStages, text: str, topic: str
) -> None:
    answer = ask(stages, text)
    assert answer.outcome == "suggested"
    assert f"您想了解{topic}的哪一方面" in answer.text
    assert answer.suggestions and all(topic in question for question in answer.suggestions)


def test_a_short_question_is_no_name() -> None:
    assert not named_topic("公积金提取") and not named_topic("护照多少钱")


def test_a_refusal_does_not_say_that_nothing_is_known_where_the_matter_is(
    stages: LoadedStages,
) -> None:
    assert "知识库里没有" not in ask(stages, "身份证没过期会被罚款吗").text
    assert "知识库里没有" in ask(stages, "红烧肉怎么做好吃").text
