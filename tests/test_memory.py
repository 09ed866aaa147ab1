"""Conversations that outlive their session: only if the settings say so, and not for long."""

import json
import os
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from agent.build import LoadedStages
from agent.conversation_store import ConversationStore
from agent.serving.websocket import WebsocketServer
from agent.settings import MemorySettings, Settings
from agent.types import Answer, Turn, Usage
from retrievers import FaqEntry, Passage

VISITOR = "visitor-0001"
CARD = FaqEntry("card", "身份证丢了怎么补领？", "到派出所补领。", wordings=("身份证遗失",))
TURN = Turn(
    "身份证丢了",
    Answer(
        "到派出所补领。", "answered", 0.9, (Passage(CARD, 0.9),), ("要带什么",), usage=Usage(7, 3)
    ),
)
HOUR = 3600.0


def test_what_is_kept_is_recalled_whole(tmp_path: Path) -> None:
    ConversationStore(tmp_path / "c", HOUR).keep(VISITOR, [TURN])
    assert ConversationStore(tmp_path / "c", HOUR).recall(VISITOR) == [TURN]
    assert ConversationStore(tmp_path / "c", HOUR).recall("another-one") == []


def test_only_the_owner_can_read_it_and_its_name_tells_no_session(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    os.umask(0o022)
    ConversationStore(folder, HOUR).keep(VISITOR, [TURN])
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert VISITOR not in path.name


def test_what_is_too_old_is_forgotten_turn_by_turn(tmp_path: Path) -> None:
    old = Turn("很久以前", TURN.answer, time.time() - 2 * HOUR)
    memory = ConversationStore(tmp_path / "c", HOUR)
    memory.keep(VISITOR, [old, TURN])
    assert memory.recall(VISITOR) == [TURN]
    [path] = (tmp_path / "c").iterdir()
    assert "很久以前" not in json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
    os.utime(path, (0, time.time() - 2 * HOUR))
    memory.sweep()
    assert not list((tmp_path / "c").iterdir())


def test_switching_it_off_deletes_what_was_kept(tmp_path: Path) -> None:
    ConversationStore(tmp_path / "c", HOUR).keep(VISITOR, [TURN])
    off = ConversationStore(tmp_path / "c", 0)
    off.keep(VISITOR, [TURN])
    assert not list((tmp_path / "c").iterdir())
    assert off.recall(VISITOR) == []


def test_a_damaged_file_costs_the_memory_and_nothing_else(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    memory = ConversationStore(tmp_path / "c", HOUR)
    memory.keep(VISITOR, [TURN])
    [path] = (tmp_path / "c").iterdir()
    path.write_text('[{"question": "我的秘密"}]', "utf-8")
    assert memory.recall(VISITOR) == []
    assert "cannot be read" in log.text and "秘密" not in log.text


@asynccontextmanager
async def serving(
    stages: LoadedStages, settings: Settings, folder: Path, hours: float
) -> AsyncIterator[str]:
    own = {"data_dir": folder, "memory": MemorySettings(keep_hours=hours)}
    server = WebsocketServer(stages.session(), stages.presenter, settings.model_copy(update=own))
    async with server.listen() as listener:
        port = listener.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1?session={VISITOR}&role=ask"


async def told(url: str, expected: str, **message: Any) -> dict[str, Any]:
    async with connect(url, proxy=None) as connection:
        await connection.send(json.dumps(message))
        while True:
            event: dict[str, Any] = json.loads(await connection.recv())
            if event["type"] == expected:
                return event


async def test_a_visitor_who_comes_back_after_a_restart_can_ask_on(
    stages: LoadedStages, settings: Settings, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async with serving(stages, settings, tmp_path, 1) as url:
        await told(url, "ended", type="ask", text="护照怎么办理？")
    async with serving(stages, settings, tmp_path, 1) as url:
        [turn] = (await told(url, "recalled", type="recall"))["turns"]
        answer = await told(url, "answer", type="ask", text="要多少钱？")
    assert turn["question"] == "护照怎么办理？" and turn["answer"]["text"]
    assert "护照" in answer["citations"][0]["question"]
    ours = [record.getMessage() for record in log.records if record.name.startswith("agent")]
    assert not [line for line in ours if "护照" in line]


async def test_whoever_asks_for_it_is_forgotten_at_once(
    stages: LoadedStages, settings: Settings, tmp_path: Path
) -> None:
    async with serving(stages, settings, tmp_path, 1) as url:
        async with connect(url, proxy=None):  # the session goes on meanwhile
            await told(url, "ended", type="ask", text="护照怎么办理？")
            assert list((tmp_path / "conversations").iterdir())
            await told(url, "forgotten", type="forget")
            assert not list((tmp_path / "conversations").iterdir())
            assert (await told(url, "recalled", type="recall"))["turns"] == []


async def test_a_deletion_that_fails_is_not_called_done(
    stages: LoadedStages, settings: Settings, tmp_path: Path
) -> None:
    async with serving(stages, settings, tmp_path, 1) as url:
        await told(url, "ended", type="ask", text="护照怎么办理？")
        [kept] = (tmp_path / "conversations").iterdir()
        kept.unlink()
        kept.mkdir()  # which cannot be unlinked, not even by root
        error = await told(url, "error", type="forget")
    assert error["code"] == "not_forgotten" and error["retryable"]


async def test_by_default_nothing_is_written_and_a_session_ends_with_its_page(
    stages: LoadedStages, settings: Settings, tmp_path: Path
) -> None:
    assert Settings().memory.keep_hours == 0
    async with serving(stages, settings, tmp_path, 0) as url:
        async with connect(url, proxy=None):
            await told(url, "ended", type="ask", text="护照怎么办理？")
            assert len((await told(url, "recalled", type="recall"))["turns"]) == 1
    async with serving(stages, settings, tmp_path, 0) as url:
        assert (await told(url, "recalled", type="recall"))["turns"] == []
    assert not (tmp_path / "conversations").exists()
