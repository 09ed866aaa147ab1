"""Who tells of an emergency is told at once whom to call; who only asks about one is not."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult

from agent import Answer, Question, Sentence
from agent.dialogue.acts import DialogueActs
from agent.dialogue.emergencies import EmergencyRecogniser
from agent.dialogue.tables import TableError
from agent.langchain.agent import create_policy_agent
from agent.protocol.responses import answer_message
from agent.responders import DialogueResponder
from page.visitor.chat import call_html
from tts_engine.text import split_sentences
from zhengwen.assets import asset

MESSAGES = asset("dialogue", "emergency_messages.csv")
ACTS = DialogueActs((asset("dialogue"),), hotline="12345")
NUMBERS = {
    "fire": "119", "gas": "119", "medical": "120", "police": "110", "missing": "110",
    "violence": "110", "fraud": "96110", "distress": "12356", "danger": "12356",
}  # fmt: skip


class Unasked:
    """A responder that must not be asked."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        raise AssertionError("an emergency was looked up")
        yield


@pytest.fixture(scope="module")
def recogniser() -> EmergencyRecogniser:
    return EmergencyRecogniser((asset("dialogue"),))


def messages(split: str) -> list[dict[str, str]]:
    with MESSAGES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def answer_to(recogniser: EmergencyRecogniser, text: str) -> Answer:
    [answer] = [
        part
        for part in DialogueResponder(Unasked(), recogniser, ACTS).respond(Question(text))
        if isinstance(part, Answer)
    ]
    return answer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("我想自杀", "12356"),
        ("活着没意思，不想活了", "12356"),
        ("我家着火了", "119"),
        ("我爸突然晕倒了叫不醒", "120"),
        ("有人在砸我家门要打我", "110"),
        ("煤气泄漏了怎么办", "119"),
        ("有人冒充社保局打电话让我转账", "96110"),
        ("我家廚房失火了", "119"),
        ("屋企着火啊点算", "119"),
        ("I want to kill myself", "12356"),
        ("Someone is breaking into my house", "110"),
    ],
)
def test_the_number_comes_first_and_nothing_is_offered(
    recogniser: EmergencyRecogniser, text: str, number: str
) -> None:
    answer = answer_to(recogniser, text)
    assert number in split_sentences(answer.text)[0]
    assert number in answer.numbers
    assert answer.act == "emergency"
    assert answer.is_verbatim
    assert not answer.suggestions and not answer.citations


@pytest.mark.parametrize(
    "text",
    [
        "心理援助热线是多少",
        "消防通道被堵了找谁",
        "怎样预防电信诈骗",
        "我上班路上出车祸了，算工伤吗",
        "去年青少年自杀率是多少",
        "How do I become a firefighter?",
    ],
)
def test_a_question_about_such_things_is_a_question(
    recogniser: EmergencyRecogniser, text: str
) -> None:
    assert recogniser.recognise(text) is None


def test_of_a_hundred_messages_three_may_be_missed(
    recogniser: EmergencyRecogniser,
) -> None:
    told = [row for row in messages("dev") if row["expected"]]
    missed = []
    for row in told:
        found = recogniser.recognise(row["message"])
        if found is None or NUMBERS[row["expected"]] not in split_sentences(found.text)[0]:
            missed.append(row["message"])
    assert len(told) >= 400
    assert len(missed) <= 0.03 * len(told), missed


def test_of_two_hundred_questions_about_such_things_few_are_taken_for_one(
    recogniser: EmergencyRecogniser,
) -> None:
    asked = [row["message"] for row in messages("dev") if not row["expected"]]
    false = [text for text in asked if recogniser.recognise(text)]
    assert len(asked) >= 400
    assert len(false) <= 0.005 * len(asked), false


def test_of_two_hundred_of_the_evaluations_questions_one_may_be_taken_for_one(
    recogniser: EmergencyRecogniser, faq_folder: Path
) -> None:
    with (faq_folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        questions = [row["question"] for row in csv.DictReader(file)]
    false = [text for text in questions if recogniser.recognise(text)]
    assert len(false) <= 0.005 * len(questions), false


def test_what_is_asked_in_the_sample_base_is_not_taken_for_one(
    recogniser: EmergencyRecogniser, faq_folder: Path
) -> None:
    entries = [
        json.loads(line)
        for path in faq_folder.glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    false = [entry["question"] for entry in entries if recogniser.recognise(entry["question"])]
    assert not false


def test_two_emergencies_at_once_name_both_numbers(recogniser: EmergencyRecogniser) -> None:
    found = recogniser.recognise("家里着火了，我妈晕过去了！")
    assert found is not None
    assert found.numbers == ("119", "120")
    assert "119或120" in split_sentences(found.text)[0]


def test_the_page_makes_a_link_that_calls(recogniser: EmergencyRecogniser) -> None:
    message = answer_message("r1", answer_to(recogniser, "着火了"))
    assert message.numbers == ["119"]
    assert 'href="tel:119"' in call_html(message.numbers, "拨打")


def test_an_operator_adds_a_kind_and_changes_a_text(tmp_path: Path) -> None:
    more = {
        "kinds": {
            "flood": {"numbers": ["119"], "text": "请拨打{numbers}。", "signs": ["洪水.*困"]},
            "fire": {"text": "快打{numbers}。", "signs": ["走水了"]},
        }
    }
    (tmp_path / "emergencies.zh.yaml").write_text(yaml.safe_dump(more, allow_unicode=True), "utf-8")
    recogniser = EmergencyRecogniser((asset("dialogue"), tmp_path))
    flood, fire = recogniser.recognise("我们被洪水困在楼上"), recogniser.recognise("走水了")
    assert flood is not None and flood.kind == "flood"
    assert fire is not None and fire.text == "快打119。"


def test_a_table_with_a_mistake_says_where(tmp_path: Path) -> None:
    for table, words in (
        ({"kinds": {"fire": {"signs": ["(着火"]}}}, "着火"),
        ({"kinds": {"flood": {"signs": ["洪水"]}}}, "flood"),
        ({"kinds": {"fire": {"ignores": ["nothing"]}}}, "nothing"),
    ):
        (tmp_path / "emergencies.zh.yaml").write_text(yaml.safe_dump(table), "utf-8")
        with pytest.raises(TableError, match=words):
            EmergencyRecogniser((asset("dialogue"), tmp_path))


class Unwilling(BaseChatModel):
    """A language model that must not be asked."""

    @property
    def _llm_type(self) -> str:
        return "unwilling"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "Unwilling":
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise AssertionError("a language model was told of an emergency")


@pytest.mark.parametrize("model", [None, Unwilling()])
def test_an_agent_says_it_before_any_model_or_tool_is_asked(model: BaseChatModel | None) -> None:
    graph = create_policy_agent([], model=model)
    said = graph.invoke({"messages": [HumanMessage("我家着火了")]})["messages"]
    assert len(said) == 2
    assert "119" in said[-1].text
