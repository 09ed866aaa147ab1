"""What the citizen is told: the published answer, a greeting, or an honest refusal."""

import csv
from pathlib import Path

import pytest

from agent import Answer, Question, Sentence
from agent.build import LoadedStages


def ask(stages: LoadedStages, text: str, language: str = "zh-CN") -> Answer:
    parts = list(stages.responder.respond(Question(text, language=language)))
    [answer] = [part for part in parts if isinstance(part, Answer)]
    spoken = "".join(part.text for part in parts if isinstance(part, Sentence))
    assert spoken == answer.text, "what is spoken is what is written"
    return answer


def test_a_question_gets_the_entrys_own_words_and_its_source(stages: LoadedStages) -> None:
    answer = ask(stages, "身份证丢了怎么补办？")
    [citation] = answer.citations
    assert answer.outcome == "answered"
    assert answer.text == citation.entry.answer
    assert "派出所" in answer.text
    assert citation.entry.source_url.startswith("https://")
    assert 0 < answer.score <= 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("我身份证搞丢了，咋补啊", "身份证"),
        ("第一次办护照要带什么材料", "出入境"),
        ("公积金可以取出来付房租吗", "社保公积金"),
        ("驾照快到期了怎么换", "车驾管"),
        ("营业执照弄丢了怎么补", "企业设立与变更"),
    ],
)
def test_everyday_wordings_find_the_right_field(
    stages: LoadedStages, text: str, field: str
) -> None:
    answer = ask(stages, text)
    assert answer.outcome == "answered"
    assert answer.citations[0].entry.field == field


@pytest.mark.parametrize(
    "text",
    ["今天天气怎么样", "红烧肉怎么做好吃", "asdf qwer zxcv", "😀😀😀", "给我讲个笑话", "？？？"],
)
def test_what_is_not_in_the_knowledge_base_is_declined(stages: LoadedStages, text: str) -> None:
    answer = ask(stages, text)
    assert answer.outcome == "refused"
    assert "12345" in answer.text
    assert not answer.citations
    assert not answer.suggestions, "nothing in the store is about it"


def test_of_off_topic_questions_at_most_one_in_twenty_slips_through(
    stages: LoadedStages, faq_folder: Path
) -> None:
    with (faq_folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "off"]
    texts = [row["question"] for row in rows if row["split"] == "dev"]
    answered = [text for text in texts if ask(stages, text).outcome == "answered"]
    assert len(answered) <= len(texts) / 20, answered


def test_every_suggestion_can_be_asked_and_is_answered(stages: LoadedStages) -> None:
    suggestions = ask(stages, "身份证没过期会被罚款吗").suggestions
    assert suggestions
    for suggestion in suggestions:
        assert ask(stages, suggestion).outcome == "answered"


@pytest.mark.parametrize("text", ["你好", "您好！", "hello", "Hi there!", "谢谢你", "再见"])
def test_courtesy_is_returned(stages: LoadedStages, text: str) -> None:
    assert ask(stages, text).outcome == "greeted"


def test_an_english_question_gets_an_english_answer(stages: LoadedStages) -> None:
    answer = ask(stages, "What should I do if I lose my passport in China?")
    assert answer.outcome == "answered"
    assert answer.citations[0].entry.language == "en"


def test_an_english_question_is_declined_in_english(stages: LoadedStages) -> None:
    assert "Sorry" in ask(stages, "Who won the football match last night?").text


def test_a_filter_keeps_the_field(stages: LoadedStages) -> None:
    question = Question("丢了怎么补办", field="车驾管")
    answer = next(p for p in stages.responder.respond(question) if isinstance(p, Answer))
    assert all(p.entry.field == "车驾管" for p in answer.citations)
