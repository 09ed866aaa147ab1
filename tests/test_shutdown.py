"""A server told to stop says so, keeps what was said, and is gone whatever it waits for."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from agent import AnswerPipeline
from agent.conversation_store import ConversationStore
from agent.serving.websocket import WebsocketServer
from agent.settings import ServerSettings, Settings
from avatar_engine.testing import StillAvatar
from page.visitor.client import ServerUnreachable, VisitorClient
from tts_engine.testing import ToneVoice

from .session_doubles import SlowResponder, suit

ROOT = Path(__file__).parent.parent
VISITOR = "visitor-0001"
HOUR = 3600.0
ENTRY = {"id": "a", "question": "护照怎么换发？", "answer": "到窗口换发。"}


class Server:
    """A server as a process of its own, whose voice gets stuck where a text says 永远."""

    def __init__(self, folder: Path) -> None:
        (folder / "faq").mkdir()
        (folder / "faq" / "a.jsonl").write_text(json.dumps(ENTRY, ensure_ascii=False), "utf-8")
        self.data_dir = folder / "var"
        own = {
            "DATA_DIR": str(self.data_dir),
            "FAQ": str(folder / "faq"),
            "STORE__NAME": "tests.session_doubles:FolderlessStore",
            "TTS__NAME": "tests.session_doubles:StuckVoice",
            "SERVER__PORT": "0",
            "MEMORY__KEEP_HOURS": "1",
        }
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agent", "serve"],
                cwd=ROOT,
                env=os.environ | {f"ZHENGWEN_{key}": value for key, value in own.items()},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        watchdog = threading.Timer(500, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        self.address = next(self.process.stdout).split()[-1]
        watchdog.cancel()

    def wait_until_logged(self, line: str, n: int) -> None:
        while self.log().count(line) < n and self.process.poll() is None:
            time.sleep(0.05)

    def log(self) -> str:
        return self._log.read_text("utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


def told(connection: ClientConnection, *types: str) -> dict[str, Any]:
    """The next message of these types."""
    while True:
        received = connection.recv(timeout=60)
        if isinstance(received, str) and (message := json.loads(received))["type"] in types:
            return dict(message)


def test_a_server_told_to_stop_during_replies_says_so_keeps_all_and_is_gone(
    server: Server,
) -> None:
    url = f"{server.address}?session={VISITOR}"
    with (
        connect(url, max_size=None, proxy=None) as visitor,
        connect(server.address, max_size=None, proxy=None) as another,
        socket.create_connection(("127.0.0.1", urlsplit(url).port)) as deaf,
    ):
        deaf.sendall(  # a client that never says goodbye
            b"GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert deaf.recv(12) == b"HTTP/1.1 101"
        visitor.send(json.dumps({"type": "ask", "text": "护照怎么换发", "media": "none"}))
        assert told(visitor, "ended")["closing"] is False
        for connection in (visitor, another):
            connection.send(json.dumps({"type": "say", "text": "你好。永远。", "reply": "r1"}))
        for connection in (visitor, another):
            told(connection, "sentence")
        server.wait_until_logged("the voice is stuck", n=2)
        server.process.send_signal(signal.SIGTERM)
        for connection in (visitor, another):
            ended = told(connection, "ended")
            assert (ended["reply"], ended["interrupted"], ended["closing"]) == ("r1", True, True)
            with pytest.raises(ConnectionClosed) as closed:
                told(connection, "nothing more of this reply")
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
        assert server.process.wait(60) == 0
    [turn] = ConversationStore(server.data_dir / "conversations", HOUR).recall(VISITOR)
    assert turn.question == "护照怎么换发"
    assert "Traceback" not in server.log()


def test_the_page_waits_for_a_server_that_stops_before_it_has_answered(tmp_path: Path) -> None:
    """And does not take its question for one that another one followed."""

    async def scenario() -> None:
        settings = Settings(data_dir=tmp_path, server=ServerSettings(port=0))
        pipeline = AnswerPipeline(SlowResponder(200, 0.02), ToneVoice(), StillAvatar())
        async with WebsocketServer(pipeline, suit(), settings).listen() as listener:
            port = listener.sockets[0].getsockname()[1]
            client = VisitorClient(ServerSettings(port=port), VISITOR)
            messages = client.ask("你好", reply="r1", language="zh-CN")
            while (news := await asyncio.to_thread(next, messages)) is None or (
                news["type"] != "sentence"
            ):
                pass
            rest = asyncio.create_task(asyncio.to_thread(list, messages))
            await asyncio.sleep(0)
        with pytest.raises(ServerUnreachable):
            await rest

    asyncio.run(scenario())
