"""One reply as it is sent: its order, its end, and what clients are told of its media."""

import asyncio
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from agent import Answer, AnswerPipeline, Caption, Question, Sentence
from agent.conversation_store import ConversationStore
from agent.reply_stream import ReplyStream
from agent.responders import FaqResponder
from agent.types import ReplyEvent
from agent.visitor_session import VisitorSession
from avatar_engine.testing import StillAvatar
from retrievers import FaqEntry
from retrievers.ranking.retrievers import KeywordRetriever
from retrievers.testing import MemoryStore
from tts_engine.testing import ToneVoice

from .session_doubles import RecordingConnection

TWO_SENTENCES = "您好，请问您要办理什么业务？请到三号窗口排队办理手续。"
ENTRY = FaqEntry("id-1", "身份证丢了怎么补办？", "到派出所补领。请带户口簿。")


@pytest.fixture
def session(tmp_path: Path) -> VisitorSession:
    return VisitorSession("session-0001", ConversationStore(tmp_path, keep=0))


@pytest.fixture
def pipeline() -> AnswerPipeline:
    retriever = KeywordRetriever(MemoryStore([ENTRY]))
    responder = FaqResponder(retriever, answer_from=0.5, suggest_from=0.2, hotline="12345")
    return AnswerPipeline(responder, ToneVoice(), StillAvatar())


def words() -> Generator[ReplyEvent, None, None]:
    yield Caption(Sentence(0, "好。"), None)
    yield Answer("好。", "answered")


async def test_what_is_said_comes_between_started_and_ended(
    session: VisitorSession, pipeline: AnswerPipeline
) -> None:
    player = RecordingConnection()
    session.join(player, "both")
    stream = ReplyStream(session, "r1", "zh-CN")
    await stream.run(pipeline.say(TWO_SENTENCES), threading.Event(), media="video")
    kinds = [told["type"] for told in player.texts]
    assert kinds == ["started", "sentence", "sentence", "ended"]
    ended = player.texts[-1]
    assert (ended["interrupted"], ended["reply"]) == (False, "r1")
    assert [header["seq"] for header in player.headers] == list(range(len(player.headers)))
    assert ended["frames"] == sum(header["frames"] for header in player.headers) > 0


async def test_an_answer_is_handed_over_before_it_is_sent(session: VisitorSession) -> None:
    reader = RecordingConnection()
    session.join(reader, "ask")
    sent_before: list[int] = []

    async def note(answer: Answer) -> None:
        sent_before.append(len(reader.of_type("answer")))

    stream = ReplyStream(session, "r1", "zh-CN")
    await stream.run(words(), threading.Event(), media="none", on_answer=note)
    assert sent_before == [0] and len(reader.of_type("answer")) == 1


async def test_a_reply_interrupted_while_it_says_goodbye_ends_once_and_for_everybody(
    session: VisitorSession,
) -> None:
    is_saying_goodbye = asyncio.Event()

    class SlowAtTheEnd(RecordingConnection):
        async def send(self, message: str | bytes, /) -> None:
            if '"ended"' in str(message):
                is_saying_goodbye.set()
                await asyncio.sleep(0.05)
            await super().send(message)

    readers = [SlowAtTheEnd(), SlowAtTheEnd()]
    for reader in readers:
        session.join(reader, "ask")
    stream = ReplyStream(session, "r1", "zh-CN")

    async def reply() -> None:
        try:
            await stream.run(words(), threading.Event(), media="none")
        except asyncio.CancelledError:
            await stream.end(interrupted=True)
            raise

    task = asyncio.create_task(reply())
    await is_saying_goodbye.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [len(reader.of_type("ended")) for reader in readers] == [1, 1]


async def test_who_waits_for_the_answer_is_told_when_nobody_does_any_more(
    session: VisitorSession,
) -> None:
    session.join(RecordingConnection(), "ask")
    withdrawn = threading.Event()
    stream = ReplyStream(session, "r1", "zh-CN")
    await stream.run(words(), withdrawn, media="none")
    assert withdrawn.is_set()


def test_saying_nothing_makes_nothing(pipeline: AnswerPipeline) -> None:
    assert list(pipeline.say("")) == []
    assert list(pipeline.say(" \n")) == []


def test_the_stages_meet_without_a_model(pipeline: AnswerPipeline) -> None:
    events = list(pipeline.reply(Question("身份证丢了怎么补办？")))
    assert isinstance(events[0], Answer) and events[0].citations[0].entry == ENTRY
