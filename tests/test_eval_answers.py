"""``python -m eval answers``: the whole system, asked beside a language model on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.answers.grading import figures_said, rouge_l, unsupported
from eval.testset import TestSetError, read_questions
from retrievers import FaqEntry, Passage
from tests.language_model import Reply, Service, serving

pytest.importorskip("langchain_openai", reason="the extra 'llm' is not installed")

ENTRIES = [
    {"id": "id-1", "question": "身份证丢了怎么补领？",
     "answer": "到派出所补领，工本费每证40元。自受理之日起20个工作日内领取。"},
    {"id": "id-2", "question": "身份证到期了怎么换领？", "answer": "到派出所换领，每证20元。"},
    {"id": "fund-1", "question": "公积金怎么提取？", "answer": "在网上提交申请，3日内到账。"},
]  # fmt: skip
EXACT, UNSURE, WRONG = "身份证丢了怎么补领？", "证件不见了补一张", "租房的钱能从公积金出吗"
NEAR, OFF = "公积金贷款利率是多少", "红烧肉怎么做好吃"
QUESTIONS = f"""question\tgold\tkind\tanswer
{EXACT}\tid-1\tin\t
{UNSURE}\tid-1\tin\t
{WRONG}\tfund-1\tin\t
身份证补办多久能拿到\t\tin\t20个工作日内领取。
{NEAR}\t\tnear\t
{OFF}\t\toff\t
"""


def behave(reply: Reply) -> None:
    """Reads the first passage out, whatever was asked; judges everything to be right but once."""
    if not reply.request.get("stream"):
        is_long = "工作日" in reply.request["messages"][-1]["content"]
        if is_long:
            reply.call_tool('{"verdict": "right", "reason": "一致"}')
        else:
            reply.complete("不知道")
        return
    first = reply.data["passages"][0]["text"].partition("。")[0]
    reply.say(f"{first}[1]。编造的数字是99元[1]。")
    reply.end(usage=(1000, 100))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving() as running:
        running.behave = behave
        yield running


@pytest.fixture(scope="module")
def arguments(service: Service, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("answers")
    entries = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in ENTRIES)
    (folder / "faq.jsonl").write_text(entries, "utf-8")
    (folder / "questions.tsv").write_text(QUESTIONS, "utf-8")
    # What follows is about the counting: here, anything that is not certain is the model's.
    model = f"{{model: loopback, base_url: '{service.url}', prices: [2.0, 8.0]}}"
    text = f"answer_from: 0.999\nsuggest_from: 0\nllm: {model}\njudge: {model}\n"
    (folder / "llm.yaml").write_text(text, "utf-8")
    return [
        *("answers", "--config", str(folder / "llm.yaml"), "--faq", str(folder / "faq.jsonl")),
        *("--questions", str(folder / "questions.tsv"), "--out", str(folder / "out")),
    ]


@pytest.fixture(scope="module")
def out(arguments: list[str]) -> Path:
    assert main([*arguments, "--against", "knowledge-base", "--judge", "--media", "audio"]) == 0
    return Path(arguments[-1])


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "report.json").read_text("utf-8"))
    return loaded


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_both_configurations_stand_side_by_side(report: dict[str, Any]) -> None:
    model, alone = report["systems"]
    assert (model["name"], alone["name"]) == ("loopback", "knowledge-base")
    assert report["n_questions"] == {"in": 4, "near": 1, "off": 1}
    assert model["asked_model"] > 0 and alone["asked_model"] == 0
    assert alone["first_token_p50_ms"] is None and alone["cost_total"] is None
    assert model["right"] > alone["right"] and report["mcnemar_right"]["only_second"] == 0
    assert alone["rightly_refused_near"] == alone["rightly_refused_far"] == 1


def test_the_figures_follow_from_the_answers(out: Path, report: dict[str, Any]) -> None:
    model, _ = report["systems"]
    mine = [line for line in lines(out / "answers.jsonl") if line["system"] == "loopback"]
    answerable = [line for line in mine if line["kind"] == "in"]
    right = [line for line in answerable if line["verdict"] == "answered right"]
    assert model["right"] == len(right) / len(answerable)
    asked = [line for line in mine if line["tokens"]]
    assert model["asked_model"] == pytest.approx(len(asked) / len(mine))
    assert model["cost_total"] == pytest.approx(len(asked) * 0.0028)
    assert (model["tokens_read"], model["tokens_written"]) == (1000, 100)
    assert model["n_unsupported"] == 0, "the sentence with the made-up figure was never said"
    assert not [line for line in mine if "99" in line["answer"]]
    told = {line["question"]: line for line in mine}
    assert told[UNSURE]["cited"] == ["id-1"] and 0 < told[UNSURE]["rouge_l"] < 1
    assert told[NEAR]["verdict"] == "wrongly answered"


def test_times_are_in_the_order_in_which_things_happen(out: Path) -> None:
    written = [line for line in lines(out / "answers.jsonl") if line["sentence_ms"] is not None]
    assert written
    for line in written:
        assert 0 < line["first_token_ms"] <= line["sentence_ms"] <= line["first_text_ms"]
        assert line["first_text_ms"] < line["first_sound_ms"]


def test_verdicts_are_kept_and_used_again(
    arguments: list[str], out: Path, service: Service, report: dict[str, Any]
) -> None:
    verdicts = lines(out / "verdicts.jsonl")
    assert {verdict["verdict"] for verdict in verdicts} == {"right", None}
    unclear = next(verdict for verdict in verdicts if verdict["verdict"] is None)
    assert unclear["reason"] == "不知道", "what was said instead can be looked at"
    assert report["judge"] == "loopback" and report["systems"][0]["judged_right"] == 1
    n_asked = len(service.requests)
    assert main([*arguments, "--judge", "--media", "none", "-n", "4"]) == 0
    again = service.requests[n_asked:]
    assert again and all(request.get("stream") for request in again), "no verdict twice"
    assert lines(out / "verdicts.jsonl") == verdicts


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--judge"], "'judge'"),
        (["--against", "knowledge-base"], "set 'llm'"),
    ],
)
def test_what_is_missing_is_said(
    more: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain.yaml").write_text("hotline: '12345'\n", "utf-8")
    assert main(["answers", "--config", str(tmp_path / "plain.yaml"), *more]) == 1
    assert complaint in capsys.readouterr().err


def test_a_question_needs_gold_or_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "问？", "answer": "答。"}\n', "utf-8")
    [question] = read_questions(path)
    assert (question.kind, question.gold, question.answer) == ("in", (), "答。")
    path.write_text('{"question": "问？"}\n', "utf-8")
    with pytest.raises(TestSetError, match="gold"):
        read_questions(path)


def test_agreement_is_measured_in_characters_and_figures() -> None:
    gold = "到派出所补领，工本费每证40元。"
    assert rouge_l(gold, gold) == 1 and rouge_l("", gold) == 0
    assert rouge_l("到派出所补领。", gold) == pytest.approx(2 * 6 / (6 + 13))
    assert figures_said("收四十元", gold) == (1, 1) and figures_said("免费", gold) == (0, 1)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("每证40元，二十个工作日。", []),
        ("每证四十元。", []),
        ("每证41元。", ["41"]),
        ("编号7781。", ["7781"]),
        ("依据国发〔2020〕5号。", ["国发2020-5"]),
    ],
)
def test_figures_that_no_cited_passage_has_are_found(answer: str, found: list[str]) -> None:
    entry = FaqEntry("id-1", "身份证", "工本费每证40元。自受理之日起二十个工作日内领取。")
    assert unsupported(answer, [Passage(entry, 1.0)]) == found
    assert bool(unsupported("收费40元", [])), "without a citation nothing is supported"
