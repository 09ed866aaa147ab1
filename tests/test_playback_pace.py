"""A place among the replies that are rendered is held only while a page really plays."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import reply_stream
from agent.concurrency import Slot
from agent.reply_stream import PATIENCE, SLOWEST_PLAYBACK, STALL_TIMEOUT, PlaybackLag
from agent.serving import session_manager
from agent.serving.session_manager import SessionManager
from agent.visitor_session import MAX_BUFFER_AHEAD_MS
from avatar_engine import Presenter

from .session_doubles import RecordingConnection, SlowResponder, manager, suit

PLACES = 4  # as shipped
LONG = "请到三号窗口排队办理手续。" * 30


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    return suit()


@pytest.fixture
def sessions(
    tmp_path: Path, presenter: Presenter, monkeypatch: pytest.MonkeyPatch
) -> SessionManager:
    """Sessions in which little patience is had with pages."""
    monkeypatch.setattr(reply_stream, "PATIENCE", 0.05)
    monkeypatch.setattr(session_manager, "SLOT_TIMEOUT", 5.0)
    return manager(tmp_path, presenter, SlowResponder(2))


class Unread(RecordingConnection):
    """A client that stops reading when media comes, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = asyncio.Event()

    async def send(self, message: str | bytes, /) -> None:
        await super().send(message)
        if isinstance(message, bytes) and self.headers[-1]["kind"] == "media":
            await self.reads.wait()


class Page:
    """A player in a session of its own."""

    def __init__(
        self, sessions: SessionManager, name: str, connection: RecordingConnection | None = None
    ) -> None:
        self._sessions = sessions
        self._name = name
        self.connection = connection or RecordingConnection()

    async def send(self, type_: str, **fields: Any) -> None:
        if not hasattr(self, "session"):
            self.session = await self._sessions.join(self._name, self.connection, "both")
        message = json.dumps({"type": type_, **fields})
        await self._sessions.receive(self.session, self.connection, message)

    async def say(self) -> None:
        """Have a long text said, and wait until it is being made."""
        await self.send("say", text=LONG, reply="r1")
        await self.connection.until_media(1)

    async def stop_playing(self) -> None:
        """Report that nothing is played, and wait until nothing more comes."""
        await self.send("played", reply="r1", position_ms=0)
        await self.connection.until_media(MAX_BUFFER_AHEAD_MS)

    async def leave(self) -> None:
        self.connection.is_open = False
        await self._sessions.leave(self._name, self.connection)


def pages(sessions: SessionManager, make: Callable[[], RecordingConnection]) -> list[Page]:
    return [Page(sessions, f"visitor-{n}", make()) for n in range(PLACES)]


async def ask_of_another(sessions: SessionManager, name: str = "latecomer") -> dict[str, Any]:
    """The last message of the reply that one more visitor gets."""
    latecomer = Page(sessions, name)
    await latecomer.send("ask", text="你好", reply="r1")
    ended = await latecomer.connection.until("ended")
    await latecomer.leave()
    return ended


async def test_pages_that_report_a_millisecond_now_and_then_deny_nobody_voice_and_face(
    sessions: SessionManager,
) -> None:
    attackers = pages(sessions, RecordingConnection)
    for page in attackers:
        await page.say()
        await page.stop_playing()
    for position in range(1, 6):
        for page in attackers:
            await page.send("played", reply="r1", position_ms=position)
        assert (await ask_of_another(sessions, f"latecomer-{position}"))["frames"] > 0
    for page in attackers:
        await page.leave()


async def test_clients_that_do_not_read_deny_nobody_voice_and_face(
    sessions: SessionManager,
) -> None:
    attackers = pages(sessions, Unread)
    for page in attackers:
        await page.say()
    assert (await ask_of_another(sessions))["frames"] > 0
    for page in attackers:
        await page.leave()


async def test_a_page_that_goes_on_gets_a_place_again_and_all_of_its_reply(
    sessions: SessionManager,
) -> None:
    stopped = pages(sessions, RecordingConnection)
    for page in stopped:
        await page.say()
        await page.stop_playing()
    assert (await ask_of_another(sessions))["frames"] > 0
    for page in stopped:
        await page.send("played", reply="r1", position_ms=600_000)
        ended = await page.connection.until("ended")
        assert ended["interrupted"] is False
        assert ended["duration_ms"] == page.connection.media_ms > 10_000
        await page.leave()


async def test_a_page_that_goes_on_while_all_places_are_taken_is_told_and_ended(
    sessions: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, give_up = asyncio.Event(), Slot.give_up

    def give_up_and_tell(slot: Slot) -> None:
        give_up(slot)
        given_up.set()

    monkeypatch.setattr(Slot, "give_up", give_up_and_tell)
    monkeypatch.setattr(session_manager, "STALL_TIMEOUT", 0.2)
    stopped = Page(sessions, "stopped-1")
    await stopped.say()
    await stopped.stop_playing()
    async with asyncio.timeout(30):
        await given_up.wait()
    monkeypatch.setattr(reply_stream, "PATIENCE", 60.0)
    others = pages(sessions, RecordingConnection)
    for page in others:
        await page.say()
        await page.stop_playing()
    await stopped.send("played", reply="r1", position_ms=1000)
    ended = await stopped.connection.until("ended")
    assert ended["interrupted"] is True
    assert [told["code"] for told in stopped.connection.of_type("notice")] == ["busy"]
    for page in (stopped, *others):
        await page.leave()


async def test_a_page_that_never_goes_on_is_ended(
    sessions: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_stream, "STALL_TIMEOUT", 0.2)
    page = Page(sessions, "stopped-1")
    await page.say()
    await page.stop_playing()
    assert (await page.connection.until("ended"))["interrupted"] is True
    await page.leave()


@given(speed=st.floats(0.51, 2), fragment=st.sampled_from([0.08, 0.2]), n=st.integers(1, 600))
def test_a_page_that_plays_slowly_is_not_paused(speed: float, fragment: float, n: int) -> None:
    lag = PlaybackLag()
    for _ in range(n):
        assert fragment / speed <= lag.until_paused
        lag.note(fragment / speed, fragment)


@given(
    steps=st.lists(st.tuples(st.floats(0, 100), st.sampled_from([0.0, 0.08, 0.2])), max_size=300)
)
def test_no_more_time_is_granted_than_what_is_played_takes(
    steps: list[tuple[float, float]],
) -> None:
    lag = PlaybackLag()
    held = played = paused = 0.0
    for wish, media in steps:
        waited = min(wish, lag.until_stalled)
        held += min(waited, lag.until_paused)
        paused += max(0.0, waited - lag.until_paused)
        lag.note(waited, media)
        played += media
    assert held <= PATIENCE + played / SLOWEST_PLAYBACK + 1e-6
    assert paused <= STALL_TIMEOUT + PATIENCE + played / SLOWEST_PLAYBACK + 1e-6
