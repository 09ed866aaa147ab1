"""What visitors think of answers: one rating each, for the owner's eyes, never in the way."""

import asyncio
import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent import feedback_store
from agent.feedback_store import FEEDBACK, MAX_RATINGS, FeedbackStore
from agent.serving.session_manager import MAX_WAITING_FEEDBACK
from agent.types import Answer
from avatar_engine import Presenter
from retrievers import StoreError

from .session_doubles import RecordingConnection, SlowResponder, manager, suit

SESSION = "session-0001"
GIVEN = Answer("好。", "answered")


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    return suit()


class RatingClient:
    """A connection that has asked one question, as reply ``r1``."""

    def __init__(self, folder: Path, presenter: Presenter, *, keep_hours: float = 0) -> None:
        self.connection = RecordingConnection()
        self._sessions = manager(folder, presenter, SlowResponder(1), keep_hours=keep_hours)

    async def join(self) -> None:
        self.session = await self._sessions.join(SESSION, self.connection, "ask")
        await self.send({"type": "ask", "text": "你好", "reply": "r1"})
        await self.connection.until("ended")

    async def send(self, message: dict[str, Any]) -> None:
        await self._sessions.receive(self.session, self.connection, json.dumps(message))

    async def rate(self, reply: str, rating: int = 1, **fields: str) -> dict[str, Any]:
        """The message that answers a rating."""
        await self.send({"type": "feedback", "reply": reply, "rating": rating, **fields})
        return self.connection.texts[-1]


def kept(folder: Path) -> list[tuple[Any, ...]]:
    if not (folder / FEEDBACK).exists():
        return []
    with closing(sqlite3.connect(folder / FEEDBACK)) as database:
        return database.execute("SELECT reply, rating, comment FROM feedback").fetchall()


async def test_an_answer_is_rated_once_and_the_later_rating_holds(
    tmp_path: Path, presenter: Presenter
) -> None:
    client = RatingClient(tmp_path, presenter)
    await client.join()
    for _ in range(MAX_RATINGS - 1):
        assert await client.rate("r1", 1) == {"type": "rated", "reply": "r1"}
    assert await client.rate("r1", -1, comment="不\x00对") == {"type": "rated", "reply": "r1"}
    assert kept(tmp_path) == [("r1", -1, "不对")]
    assert (await client.rate("r1", 1))["code"] == "unknown_reply"
    assert kept(tmp_path) == [("r1", -1, "不对")]


async def test_what_was_not_given_cannot_be_rated(tmp_path: Path, presenter: Presenter) -> None:
    client = RatingClient(tmp_path, presenter)
    await client.join()
    await client.send({"type": "say", "text": "你好", "reply": "said"})
    await client.connection.until("ended", n=2)
    for reply in ("r2", "", "said"):
        told = await client.rate(reply)
        assert (told["type"], told["code"], told["reply"]) == ("error", "unknown_reply", None)
    assert kept(tmp_path) == []


def test_only_the_session_that_got_an_answer_can_rate_it(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.note_given(SESSION, "r1", GIVEN)
    assert not store.keep("session-0002", "r1", 1, "")
    assert store.keep(SESSION, "r1", 1, "")


async def test_a_comment_that_is_too_long_is_refused(tmp_path: Path, presenter: Presenter) -> None:
    client = RatingClient(tmp_path, presenter)
    await client.join()
    assert (await client.rate("r1", comment="长" * 1001))["code"] == "bad_message"
    assert kept(tmp_path) == []


def test_nobody_else_on_the_machine_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "feedback.jsonl").write_text("{}\n")  # as version 0.1 left it
    (tmp_path / "feedback.jsonl").chmod(0o644)
    before = os.umask(0)
    try:
        store = FeedbackStore(tmp_path)
        store.note_given(SESSION, "r1", GIVEN)
        store.keep(SESSION, "r1", 1, "很好")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {FEEDBACK: 0o600, "feedback.jsonl": 0o600}


def test_who_can_read_it_cannot_take_the_session_over(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.note_given(SESSION, "r1", GIVEN)
    store.keep(SESSION, "r1", 1, "")
    assert SESSION.encode() not in (tmp_path / FEEDBACK).read_bytes()


def obstruct_with_a_folder(folder: Path) -> None:
    (folder / FEEDBACK).mkdir()


def obstruct_with_another_file(folder: Path) -> None:
    (folder / FEEDBACK).write_bytes(b"no database" * 1000)


def obstruct_the_data_folder(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")


@pytest.mark.parametrize(
    "obstruct", [obstruct_with_a_folder, obstruct_with_another_file, obstruct_the_data_folder]
)
async def test_a_rating_that_cannot_be_kept_costs_neither_reply_nor_connection(
    obstruct: Any, tmp_path: Path, presenter: Presenter, log: pytest.LogCaptureFixture
) -> None:
    client = RatingClient(tmp_path / "var", presenter)
    (tmp_path / "var").mkdir(exist_ok=True)
    await client.join()
    obstruct(tmp_path / "var")
    told = await client.rate("r1", comment="这是我的话")
    assert (told["code"], told["reply"], told["retryable"]) == ("not_kept", None, True)
    await client.send({"type": "ask", "text": "你好", "reply": "r2"})
    assert (await client.connection.until("ended", n=2))["interrupted"] is False
    assert "feedback cannot be kept" in log.text and "这是我的话" not in log.text


def test_another_process_that_writes_for_long_does_not_hold_a_rating_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_store, "BUSY_S", 0.01)
    store = FeedbackStore(tmp_path)
    store.note_given(SESSION, "r1", GIVEN)
    store.keep(SESSION, "r1", 1, "")
    with closing(sqlite3.connect(tmp_path / FEEDBACK, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="another process"):
            store.keep(SESSION, "r1", -1, "")
    assert kept(tmp_path) == [("r1", 1, "")]


async def test_ratings_that_wait_for_the_disk_hold_up_no_answer(
    tmp_path: Path, presenter: Presenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_store, "BUSY_S", 60.0)
    client = RatingClient(tmp_path, presenter, keep_hours=1)
    await client.join()
    await client.rate("r1")
    rating = {"type": "feedback", "reply": "r1", "rating": -1}
    with closing(sqlite3.connect(tmp_path / FEEDBACK, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        n = 2 * MAX_WAITING_FEEDBACK
        ratings = [asyncio.create_task(client.send(rating)) for _ in range(n)]
        await client.send({"type": "ask", "text": "你好", "reply": "r2"})
        await client.connection.until("ended", n=2)
        refused = [told["code"] for told in client.connection.of_type("error")]
        assert refused == ["not_kept"] * MAX_WAITING_FEEDBACK
    await asyncio.gather(*ratings)
    assert kept(tmp_path) == [("r1", -1, "")]


def test_a_rating_that_is_changed_costs_no_other_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_store, "MAX_KEPT", 3)
    store = FeedbackStore(tmp_path)
    for reply in ("r1", "r2"):
        store.note_given(SESSION, reply, GIVEN)
        assert store.keep(SESSION, reply, 1, "")
    for rating in (-1, 1, -1, 1):
        assert store.keep(SESSION, "r2", rating, "")
    store.note_given(SESSION, "r3", GIVEN)
    assert store.keep(SESSION, "r3", 1, "")
    assert [reply for reply, *_ in kept(tmp_path)] == ["r1", "r2", "r3"]


def test_old_ratings_and_answers_make_room_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_store, "MAX_GIVEN", 3)
    monkeypatch.setattr(feedback_store, "MAX_KEPT", 2)
    store = FeedbackStore(tmp_path)
    for number in range(3):
        store.note_given(SESSION, f"r{number}", GIVEN)
        assert store.keep(SESSION, f"r{number}", 1, "")
    assert [reply for reply, *_ in kept(tmp_path)] == ["r1", "r2"]
    store.note_given(SESSION, "r3", GIVEN)
    assert not store.keep(SESSION, "r0", 1, "")
