"""The tools of a LangChain agent, alone and in a graph, on the loaded system."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain.tools import BaseTool
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from agent.build import LoadedStages
from agent.langchain.agent import create_policy_agent
from agent.langchain.chat import chat
from agent.langchain.tools import agent_tools
from agent.types import Caption
from avatar_engine import Fragment


class Script(BaseChatModel):
    """Says what it was told to say, and keeps what it was given."""

    lines: list[AIMessage]
    given: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "script"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "Script":
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        self.given.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.lines[len(self.given) - 1])])


@pytest.fixture(scope="module")
def four(stages: LoadedStages) -> dict[str, BaseTool]:
    return {t.name: t for t in agent_tools(stages.retriever, stages.session(), hotline="12345")}


def wish(name: str, **given: str) -> ToolCall:
    return ToolCall(name=name, args=given, id="1", type="tool_call")


def test_policies_are_found_with_their_source_and_score(four: dict[str, BaseTool]) -> None:
    message = four["search_policies"].invoke(wish("search_policies", query="身份证丢了怎么补办"))
    assert isinstance(message, ToolMessage)
    assert "派出所" in message.text and "https://" in message.text
    assert message.artifact[0].score > 0.5
    assert message.text.startswith("[1] " + message.artifact[0].entry.question)


@pytest.mark.parametrize(
    ("name", "mime"), [("speak", "audio/mp4"), ("show_presenter", "video/mp4")]
)
def test_what_is_said_comes_as_an_artifact_that_plays(
    name: str, mime: str, four: dict[str, BaseTool]
) -> None:
    message = four[name].invoke(wish(name, text="您好。请稍等。"))
    captions = [e.sentence.text for e in message.artifact if isinstance(e, Caption)]
    fragments = [e for e in message.artifact if isinstance(e, Fragment)]
    assert "".join(captions) == "您好。请稍等。"
    assert fragments[0].kind == "init" and fragments[0].mime.startswith(mime)
    assert message.text.startswith("Said")


def test_who_cannot_be_helped_is_told_whom_to_call(four: dict[str, BaseTool]) -> None:
    assert "12345" in four["hand_over"].invoke({})
    assert "hotline" in four["hand_over"].invoke({"language": "en"})


def test_without_a_model_the_tools_run_in_a_fixed_order(four: dict[str, BaseTool]) -> None:
    graph = create_policy_agent(list(four.values()))
    media: list[object] = []
    messages: list[BaseMessage] = []
    asked = {"messages": [("human", "身份证丢了怎么补办？")]}
    part: Any
    for mode, part in graph.stream(asked, stream_mode=["custom", "values"]):
        if mode == "custom":
            media.append(part)
        else:
            messages = part["messages"]
    used = [m.name for m in messages if isinstance(m, ToolMessage)]
    assert used == ["search_policies", "show_presenter"]
    assert "派出所" in messages[-1].text
    assert any(isinstance(part, Fragment) for part in media), "media come while they are made"


def test_what_is_not_known_is_handed_over(four: dict[str, BaseTool]) -> None:
    graph = create_policy_agent(list(four.values()))
    messages = graph.invoke({"messages": [("human", "How do I bake a cake?")]})["messages"]
    used = [m.name for m in messages if isinstance(m, ToolMessage)]
    assert used == ["search_policies", "hand_over", "show_presenter"]
    assert "12345" in messages[-1].text


def test_a_model_may_lead_and_gets_the_rules_and_what_its_tools_found(
    four: dict[str, BaseTool],
) -> None:
    looking = AIMessage("", tool_calls=[wish("search_policies", query="护照要多少钱")])
    model = Script(lines=[looking, AIMessage("每本 120 元 [1]。")])
    graph = create_policy_agent(list(four.values()), model=model)
    messages = graph.invoke({"messages": [("human", "护照要多少钱？")]})["messages"]
    assert messages[-1].text == "每本 120 元 [1]。"
    first, second = model.given
    assert first[0].type == "system" and "search_policies" in first[0].text
    assert second[-1].type == "tool" and "护照" in second[-1].text


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_empty_in_is_nothing_out(text: str, four: dict[str, BaseTool]) -> None:
    found = four["search_policies"].invoke(wish("search_policies", query=text))
    assert text.strip() or found.artifact == [], "a blank question has no answer"
    for name in ("speak", "show_presenter"):
        assert not [
            event
            for event in four[name].invoke(wish(name, text=text)).artifact
            if isinstance(event, Fragment)
        ]


def test_an_agent_that_is_asked_nothing_uses_no_tool(four: dict[str, BaseTool]) -> None:
    graph = create_policy_agent(list(four.values()))
    assert graph.invoke({"messages": []})["messages"] == []
    assert len(graph.invoke({"messages": [("human", " ")]})["messages"]) == 1


def test_a_chat_without_a_model_or_presenter_shows_the_tools_and_the_answer(
    stages: LoadedStages,
) -> None:
    graph = create_policy_agent(agent_tools(stages.retriever, None, hotline="12345"))
    lines = list(chat(graph, ["身份证丢了怎么补办？", " ", "How do I bake a cake?"]))
    assert lines[0] == "→ search_policies" and "派出所" in lines[1]
    assert lines[2:4] == ["→ search_policies", "→ hand_over"] and "12345" in lines[4]
    assert len(lines) == 5, "a blank line asks nothing"


def test_a_chat_saves_what_the_presenter_says(four: dict[str, BaseTool], tmp_path: Path) -> None:
    graph = create_policy_agent(list(four.values()))
    lines = list(chat(graph, ["How do I bake a cake?"], videos=tmp_path, label="AI"))
    assert "→ show_presenter" in lines
    assert (tmp_path / "answer-1.mp4").stat().st_size > 10_000


def test_a_chat_led_by_a_model_goes_on_after_a_failure(stages: LoadedStages) -> None:
    looking = AIMessage("", tool_calls=[wish("search_policies", query="护照要多少钱")])
    model = Script(lines=[looking, AIMessage("每本 120 元 [1]。")])
    graph = create_policy_agent(agent_tools(stages.retriever, None, hotline="1"), model=model)
    lines = list(chat(graph, ["护照要多少钱？", "那身份证呢？"]))
    assert lines[:2] == ["→ search_policies", "每本 120 元 [1]。"]
    assert "IndexError" in lines[2], "the script has no third line"
    assert "show_presenter" not in model.given[0][0].text, "there is no presenter to speak"
    assert "每本 120 元" in "".join(m.text for m in model.given[2]), "what was said stays known"
