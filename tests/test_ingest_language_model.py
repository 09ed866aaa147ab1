"""Proposals of a language model that speaks OpenAI's protocol on this machine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.llm.chat_model import structured_completion_function
from agent.settings import LlmSettings
from ingest.__main__ import main
from ingest.qa_generation import ProposedPairs
from ingest.review_sheet import read_review
from retrievers import FaqEntry
from retrievers.store.chroma import ChromaStore

from .language_model import Behaviour, Reply, Service, serving

pytest.importorskip("langchain_openai", reason="the extra 'llm' is not installed")

LAW = """杭州市共享单车管理办法

第一条 共享单车应当停放在划定的停放点。违反规定的，由城市管理部门处五十元罚款。
"""
QUOTED = "共享单车应当停放在划定的停放点。"


# One answer that stands in the passage, and one that does not.
PAIRS = [
    {"question": "共享单车停在哪里？", "answer": QUOTED},
    {"question": "停错了罚多少？", "answer": "罚款一百元。"},
]
PROPOSED = json.dumps({"pairs": PAIRS}, ensure_ascii=False)


def without_tools(reply: Reply) -> None:
    """As a service that refuses tools: its model writes the JSON as text, and chats around it."""
    if "tools" in reply.request:
        reply.refuse(400)
    else:
        reply.complete(f"<think>列出{{两个}}。</think>好的：\n```json\n{PROPOSED}\n```")


BEHAVIOURS: dict[str, Behaviour] = {
    "tool call": lambda reply: reply.call_tool(PROPOSED),
    "text instead of a tool call": lambda reply: reply.complete(PROPOSED),
    "no tools": without_tools,
}
NONSENSE: dict[str, Behaviour] = {
    "other arguments": lambda reply: reply.call_tool('{"pairs": [{"question": 3}, 7]}'),
    "half a tool call": lambda reply: reply.call_tool(PROPOSED[:30]),
    "half a text": lambda reply: reply.complete(PROPOSED[:30]),
    "a refusal": lambda reply: reply.complete("不知道"),
}


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


def configured(service: Service) -> LlmSettings:
    return LlmSettings(model="glm-4.5", base_url=service.url)


@pytest.mark.parametrize("behave", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_proposals_are_understood_with_and_without_tool_calling(
    service: Service, behave: Behaviour
) -> None:
    service.behave = behave
    proposed = structured_completion_function(configured(service), ProposedPairs)("请提出问题")
    assert isinstance(proposed, ProposedPairs)
    assert [pair.model_dump() for pair in proposed.pairs] == PAIRS


@pytest.mark.parametrize("behave", NONSENSE.values(), ids=NONSENSE)
def test_what_has_not_the_shape_of_proposals_comes_back_as_text(
    service: Service, behave: Behaviour
) -> None:
    service.behave = behave
    ask = structured_completion_function(configured(service), ProposedPairs)
    assert isinstance(ask("请提出问题"), str)


def test_a_key_that_is_refused_is_not_tried_again_without_tools(service: Service) -> None:
    service.behave = lambda reply: reply.refuse(401)
    with pytest.raises(ConnectionError, match="did not answer"):
        structured_completion_function(configured(service), ProposedPairs)("请提出问题")
    assert len(service.requests) == 1


@pytest.fixture
def review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path / "var"))
    ChromaStore(tmp_path / "var").add([FaqEntry("own-1", "护照怎么换？", "到窗口换发。")])
    (tmp_path / "单车.txt").write_text(LAW, encoding="utf-8")
    assert main(["add", str(tmp_path / "单车.txt")]) == 0
    return tmp_path / "review.xlsx"


def test_a_model_proposes_what_the_document_says_and_nothing_else(
    review: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.behave = BEHAVIOURS["tool call"]
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__BASE_URL", service.url)
    assert main(["propose", str(review)]) == 0
    answers = {entry.question: entry.answer for entry in read_review(review).waiting}
    assert answers["共享单车停在哪里？"] == QUOTED
    assert "停错了罚多少？" not in answers


def test_without_the_model_the_rules_still_propose(
    review: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__BASE_URL", "http://127.0.0.1:9/v1")
    assert main(["propose", str(review)]) == 3
    assert "the language model 'glm-4.5' at http://127.0.0.1:9/v1" in capsys.readouterr().err
    assert review.exists()


def test_a_key_that_is_not_set_is_named(
    review: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__API_KEY_ENV", "NO_SUCH_KEY")
    assert main(["propose", str(review)]) == 1
    assert "NO_SUCH_KEY is not set" in capsys.readouterr().err


def test_a_misspelt_key_of_the_model_gets_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODELL", "glm-4.5")
    assert main(["list"]) == 1
    assert "llm.model'" in capsys.readouterr().err
