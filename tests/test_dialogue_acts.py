"""What is said that is no question is met as what it is, and never looked up."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent import Answer, Question, Sentence
from agent.dialogue.acts import DialogueActs
from agent.dialogue.emergencies import EmergencyRecogniser
from agent.responders import DialogueResponder
from agent.types import Turn
from retrievers import language_of
from tts_engine.text import split_sentences
from zhengwen.assets import asset

MESSAGES = asset("dialogue", "act_messages.csv")
EMERGENCIES = EmergencyRecogniser((asset("dialogue"),))
ANSWER = Answer(
    "到派出所补领。工本费40元。请携带户口簿。三十日内领取。",
    "answered",
    0.9,
    suggestions=("身份证要多少钱？", "身份证几天能拿到？"),
    is_verbatim=True,
)


class RecordingResponder:
    """Answers whatever is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        self.asked.append(question.text)
        yield ANSWER


@pytest.fixture(scope="module")
def acts() -> DialogueActs:
    return DialogueActs((asset("dialogue"),), hotline="12345")


def say(acts: DialogueActs, text: str, *before: Turn) -> tuple[Answer, list[str]]:
    clerk = RecordingResponder()
    parts = DialogueResponder(clerk, EMERGENCIES, acts).respond(Question(text, history=before))
    [answer] = [part for part in parts if isinstance(part, Answer)]
    return answer, clerk.asked


def test_nearly_every_message_is_met_as_what_it_is(acts: DialogueActs) -> None:
    with MESSAGES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    wrong = []
    for row in rows:
        meaning = acts.intent(row["message"])
        if (meaning.act or meaning.kind) != row["expected"]:
            wrong.append((row["message"], meaning.act))
    assert len(rows) >= 300
    assert len(wrong) <= 0.03 * len(rows), wrong


def test_of_a_thousand_questions_hardly_any_is_taken_for_an_act(
    acts: DialogueActs, faq_folder: Path
) -> None:
    with (faq_folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    taken = [
        row["question"]
        for row in rows
        if row["kind"] != "off" and acts.intent(row["question"]).kind != "question"
    ]
    assert len(taken) <= 0.002 * len(rows), taken


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("你好，请问护照丢了怎么办", "请问护照丢了怎么办"),
        ("您好 护照多少钱", "护照多少钱"),
        ("你好护照丢了怎么办", "护照丢了怎么办"),
        ("谢谢，那护照呢", "那护照呢"),
        ("护照丢了怎么办，谢谢", "护照丢了怎么办，"),
        ("Hello, how do I renew my passport?", "how do I renew my passport?"),
    ],
)
def test_a_question_behind_a_greeting_is_answered(
    acts: DialogueActs, text: str, asked: str
) -> None:
    assert say(acts, text)[1] == [asked]


def test_an_answer_is_repeated_and_nothing_is_looked_up(acts: DialogueActs) -> None:
    turns = (
        Turn("身份证丢了怎么补办？", ANSWER),
        Turn("谢谢", Answer("不客气", "greeted", act="thanks")),
    )
    answer, asked = say(acts, "再说一遍", *turns)
    assert answer.text == ANSWER.text
    assert answer.act == "repeat" and answer.is_verbatim
    assert not asked and not answer.citations and not answer.suggestions


def test_what_a_model_wrote_is_not_kept_for_others_when_it_is_repeated(acts: DialogueActs) -> None:
    written = Answer("王先生，您可以补领。", "answered")
    assert not say(acts, "再说一遍", Turn("我姓王", written))[0].is_verbatim


def test_said_simply_is_the_first_sentence_and_what_to_bring(acts: DialogueActs) -> None:
    answer, _ = say(acts, "没听懂，说简单点", Turn("身份证丢了怎么补办？", ANSWER))
    assert answer.text == "简单说：到派出所补领。请携带户口簿。"


def test_there_is_nothing_to_repeat_before_the_first_answer(acts: DialogueActs) -> None:
    answer, _ = say(acts, "再说一遍")
    assert answer.act == "repeat" and "请先说" in answer.text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("第一个", 0),
        ("第二个吧", 1),
        ("我选第二个", 1),
        ("2", 1),
        ("最后一个", 1),
        ("the first one", 0),
    ],
)
def test_one_of_the_offered_questions_can_be_picked(
    acts: DialogueActs, text: str, place: int
) -> None:
    turns = (Turn("身份证", ANSWER), Turn("好的", Answer("好的。", "greeted", act="agreed")))
    assert say(acts, text, *turns)[1] == [ANSWER.suggestions[place]]


def test_what_was_not_offered_cannot_be_picked(acts: DialogueActs) -> None:
    assert say(acts, "第三个", Turn("身份证", ANSWER))[1] == ["第三个"]
    assert say(acts, "第一个")[1] == ["第一个"]


def test_who_wishes_for_a_person_is_given_the_hotline(acts: DialogueActs) -> None:
    answer, _ = say(acts, "转人工")
    assert answer.numbers == ("12345",) and "12345" in split_sentences(answer.text)[0]


def test_a_long_message_of_overlapping_words_takes_no_time(acts: DialogueActs) -> None:
    for text in ("谢" * 200 + "x", "太好真是" * 60 + "x", "thanks " * 60 + "x", "嗯" * 300):
        assert acts.intent(text).kind == "question"


def test_an_operator_adds_an_act_and_a_phrase_and_changes_a_text(tmp_path: Path) -> None:
    table = {
        "acts": {
            "parking": {"text": "停车场在地下一层。", "says": ["停车场(在哪)?"]},
            "thanks": {"text": "应该的。", "says": ["劳您费心了"]},
        }
    }
    (tmp_path / "acts.zh.yaml").write_text(yaml.safe_dump(table, allow_unicode=True), "utf-8")
    acts = DialogueActs((asset("dialogue"), tmp_path), hotline="12345")
    assert say(acts, "请问停车场在哪？")[0].act == "parking"
    assert say(acts, "劳您费心了")[0].text == "应该的。"


@pytest.mark.parametrize(
    ("typed", "act"),
    [
        ("ni hao", "greeting"),
        ("nihao", "greeting"),
        ("xiexie", "thanks"),
        ("xie xie ni", "thanks"),
        ("zaijian", "goodbye"),
        ("zhuan rengong", "hand_over"),
        ("zai shuo yi bian", "repeat"),
    ],
)
def test_an_act_in_pinyin_is_met_in_chinese(acts: DialogueActs, typed: str, act: str) -> None:
    assert acts.intent(typed).act == act
    [answer, *_] = DialogueResponder(RecordingResponder(), EMERGENCIES, acts).respond(
        Question(typed)
    )
    assert isinstance(answer, Answer)
    assert language_of(answer.text) == "zh-CN"


def test_what_was_offered_is_picked_in_pinyin(acts: DialogueActs) -> None:
    history = (Turn("身份证", ANSWER),)
    assert (acts.intent("di er ge", history).place, acts.intent("di er ge").kind) == (2, "question")


@pytest.mark.parametrize("typed", ["huzhao duoshao qian", "women", "he can dance", "hello"])
def test_other_pinyin_and_english_are_left_alone(acts: DialogueActs, typed: str) -> None:
    assert not acts.intent(typed).is_pinyin
