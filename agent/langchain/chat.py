"""A conversation with the agent in a terminal: ``python -m agent chat``."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from avatar_engine import Fragment

from ..video_file import save_mp4
from .agent import Graph

logger = logging.getLogger(__name__)


def chat(
    graph: Graph, questions: Iterable[str], *, videos: Path | None = None, label: str = ""
) -> Iterator[str]:
    """Lines to show: each tool that is used, then the answer.

    Args:
        graph: From :func:`~agent.langchain.agent.create_policy_agent`.
        questions: What the visitor types, one at a time; blank ones are passed over. What was
            said before stays known.
        videos: A folder for what the presenter says; None if the tools have no presenter.
        label: Kept in each video's metadata: that a machine made it.
    """
    said: list[AnyMessage] = []
    n_videos = 0
    for question in questions:
        if not question.strip():
            continue
        turn: list[AnyMessage] = [HumanMessage(question.strip())]
        try:
            for update in graph.stream({"messages": said + turn}, stream_mode="updates"):
                for message in _new_messages(update):
                    turn.append(message)
                    if isinstance(message, AIMessage):
                        yield from (f"→ {call['name']}" for call in message.tool_calls)
                    elif isinstance(message, ToolMessage) and (made := _media(message)) and videos:
                        n_videos += 1
                        path = videos / f"answer-{n_videos}.mp4"
                        yield f"  {path}: {save_mp4(made, path, label):.1f} s"
        except Exception as error:  # the words of the error may repeat the visitor's
            logger.error("an answer failed: %s", type(error).__name__)
            yield f"抱歉，没有答成，请再试一次。The answer failed ({type(error).__name__})."
            continue
        said += turn
        yield turn[-1].text


def _new_messages(update: dict[str, dict[str, list[AnyMessage]]]) -> Iterator[AnyMessage]:
    for changes in update.values():
        yield from (changes or {}).get("messages", [])


def _media(message: ToolMessage) -> list[Fragment]:
    if not isinstance(message.artifact, list):
        return []
    fragments = [event for event in message.artifact if isinstance(event, Fragment)]
    return fragments if any(f.mime.startswith("video") for f in fragments) else []
