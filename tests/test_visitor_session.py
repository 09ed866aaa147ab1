"""A session has at most one reply, whatever its connections do; its turns are the event loop's."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import Answer, Question, Sentence, visitor_session
from agent.conversation_store import ConversationStore
from agent.serving.session_manager import SessionManager
from agent.types import Turn
from agent.visitor_session import CLOSE_TAKEN_OVER, VisitorSession
from avatar_engine import Presenter

from .session_doubles import RecordingConnection, SlowResponder, manager, suit

SESSION = "session-0001"


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    return suit()


def message(type_: str, **fields: Any) -> str:
    return json.dumps({"type": type_, **fields})


class SessionConnection:
    """One connection of the session, and its messages in order, as a websocket hands them on."""

    def __init__(self, sessions: SessionManager, role: str) -> None:
        self.connection = RecordingConnection()
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(sessions, role))

    async def _run(self, sessions: SessionManager, role: Any) -> None:
        session = await sessions.join(SESSION, self.connection, role)
        while (received := await self._messages.get()) is not None:
            await sessions.receive(session, self.connection, received)
        self.connection.is_open = False
        await sessions.leave(SESSION, self.connection)

    def send(self, received: str) -> None:
        self._messages.put_nowait(received)

    async def leave(self) -> None:
        self._messages.put_nowait(None)
        await self._task


def check_order(messages: list[dict[str, Any]], *, saw_all: bool) -> None:
    """Replies follow each other and each ends once; a latecomer may miss the first one's start."""
    current: str | None = None
    over: set[str] = set()
    for position, told in enumerate(m for m in messages if m.get("reply")):
        reply = told["reply"]
        assert reply not in over, f"{told['type']} of {reply} after its end"
        if told["type"] == "started":
            assert current is None, f"{reply} began while {current} went on"
            current = reply
        elif position and current is not None:
            assert reply == current, f"{told['type']} of {reply} within {current}"
        if told["type"] in ("ended", "error"):
            over.add(reply)
            current = None
    assert not saw_all or current is None, f"{current} never ended"


actions = st.lists(
    st.tuples(
        st.integers(0, 2),  # which connection
        st.sampled_from(["ask", "ask", "say", "stop", "leave", "forget"]),
        st.sampled_from(
            [0, 0, 1, 3, 0.002, 0.006]
        ),  # turns of the loop, or seconds, until the next
    ),
    min_size=2,
    max_size=14,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions=actions)
def test_there_is_never_more_than_one_reply_whatever_the_connections_do(
    actions: list[tuple[int, str, float]], tmp_path: Path, presenter: Presenter
) -> None:
    responder = SlowResponder()
    roles = ("both", "ask", "ask")

    async def scenario() -> None:
        sessions = manager(tmp_path, presenter, responder)
        witness = SessionConnection(sessions, "ask")
        visitors = [SessionConnection(sessions, role) for role in roles]
        leaves: list[asyncio.Task[None]] = []
        for number, (which, action, pause) in enumerate(actions):
            if action == "leave":  # and the next one comes while the reply still winds down
                leaving = visitors[which]
                visitors[which] = SessionConnection(sessions, roles[which])
                check_order(leaving.connection.texts, saw_all=False)
                leaving.send(message("ping"))
                leaves.append(asyncio.create_task(leaving.leave()))
            else:
                text = {"text": "好。", "reply": f"r{number}"} if action in ("ask", "say") else {}
                visitors[which].send(message(action, **text))
            if pause < 1:
                await asyncio.sleep(pause)
            for _ in range(int(pause)):
                await asyncio.sleep(0)
        for visitor in visitors:
            visitor.send(message("ping"))
        for visitor in visitors:
            await visitor.connection.until("pong")
        await asyncio.gather(*leaves)  # who leaves may have asked something before
        witness.send(message("stop"))
        witness.send(message("ping"))
        await witness.connection.until("pong")
        assert responder.n_running == 0, "stop ends whatever runs"
        check_order(witness.connection.texts, saw_all=True)
        for visitor in visitors:
            check_order(visitor.connection.texts, saw_all=True)
            await visitor.leave()
        await witness.leave()

    asyncio.run(scenario())
    assert responder.most_running <= 1


async def test_two_questions_at_the_same_moment_are_answered_one_after_the_other(
    tmp_path: Path, presenter: Presenter
) -> None:
    responder = SlowResponder(n_sentences=8)
    sessions = manager(tmp_path, presenter, responder)
    one, two = SessionConnection(sessions, "ask"), SessionConnection(sessions, "ask")
    one.send(message("ask", text="好", reply="r0"))
    await two.connection.until("sentence")
    one.send(message("ask", text="好", reply="r1"))
    two.send(message("ask", text="好", reply="r2"))
    await two.connection.until("ended", n=3)
    ends = two.connection.of_type("ended")
    assert [end["reply"] for end in ends] == ["r0", "r1", "r2"]
    assert [end["interrupted"] for end in ends] == [True, True, False]
    assert responder.most_running == 1
    await one.leave()
    await two.leave()


async def test_a_reply_begins_only_where_somebody_is_connected(
    tmp_path: Path, presenter: Presenter
) -> None:
    session = VisitorSession(SESSION, ConversationStore(tmp_path, keep=0))
    began = asyncio.Event()

    async def reply() -> None:
        began.set()

    await session.start_reply(reply)
    assert not began.is_set()


async def test_a_stop_whose_connection_breaks_leaves_no_reply_behind(tmp_path: Path) -> None:
    session = VisitorSession(SESSION, ConversationStore(tmp_path, keep=0))
    session.join(RecordingConnection(), "ask")
    may_end = asyncio.Event()
    log: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await may_end.wait()
            log.append("the first one ended")

    async def second() -> None:
        log.append("the second one began")

    await session.start_reply(stubborn)
    stopping = asyncio.create_task(session.stop_reply())
    await asyncio.sleep(0.01)
    stopping.cancel()
    asking = asyncio.create_task(session.start_reply(second))
    await asyncio.sleep(0.01)
    assert log == []
    may_end.set()
    await asking
    assert log == ["the first one ended", "the second one began"]


async def test_a_new_player_is_greeted_before_the_old_one_has_said_goodbye(
    tmp_path: Path, presenter: Presenter
) -> None:
    class UnpluggedConnection(RecordingConnection):
        async def close(self, code: int = 1000, reason: str = "") -> None:
            self.close_code = code
            await asyncio.sleep(60)  # its cable was pulled

    sessions = manager(tmp_path, presenter, SlowResponder())
    older, newer = UnpluggedConnection(), RecordingConnection()
    await sessions.join(SESSION, older, "play")
    async with asyncio.timeout(5):
        await sessions.join(SESSION, newer, "play")
    await asyncio.sleep(0)
    assert newer.texts[0]["type"] == "hello"
    assert older.close_code == CLOSE_TAKEN_OVER


class WatchedTurns(deque[Turn]):
    """Turns that remember which threads read and changed them."""

    threads: ClassVar[set[str]] = set()

    def __iter__(self) -> Iterator[Turn]:
        self.threads.add(threading.current_thread().name)
        return super().__iter__()

    def append(self, turn: Turn) -> None:
        self.threads.add(threading.current_thread().name)
        super().append(turn)

    def clear(self) -> None:
        self.threads.add(threading.current_thread().name)
        super().clear()


async def test_turns_are_touched_by_the_event_loop_alone(
    tmp_path: Path, presenter: Presenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor_session, "deque", WatchedTurns)
    monkeypatch.setattr(WatchedTurns, "threads", set())
    sessions = manager(tmp_path, presenter, SlowResponder(n_sentences=1), keep_hours=1)
    visitor = SessionConnection(sessions, "ask")
    for number in range(3):
        visitor.send(message("ask", text="好", reply=f"r{number}"))
        await visitor.connection.until("ended", n=number + 1)
    visitor.send(message("recall"))
    recalled = await visitor.connection.until("recalled")
    assert [turn["question"] for turn in recalled["turns"]] == ["好"] * 3
    visitor.send(message("forget"))
    await visitor.connection.until("forgotten")
    await visitor.leave()
    assert WatchedTurns.threads == {threading.current_thread().name}


class InstantResponder:
    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        yield Answer("好。", "answered")


async def test_what_is_forgotten_during_a_reply_stays_forgotten_on_disk(
    tmp_path: Path, presenter: Presenter
) -> None:
    sessions = manager(tmp_path, presenter, InstantResponder(), keep_hours=1)
    visitor = SessionConnection(sessions, "ask")
    for number in range(20):
        visitor.send(message("ask", text="好", reply=f"r{number}"))
        visitor.send(message("forget"))
    await visitor.connection.until("forgotten", n=20)
    assert not list((tmp_path / "conversations").glob("*"))
    await visitor.leave()
