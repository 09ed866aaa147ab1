"""Visitors who go without a word leave no traceback in the log."""

import asyncio
import json
import logging
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.web.server.starlette import starlette_routes
from websockets.asyncio.client import connect

from agent import AnswerPipeline
from agent.serving.openai import OpenAiEndpoint
from agent.serving.websocket import WebsocketServer
from agent.settings import ServerSettings, Settings
from avatar_engine.testing import StillAvatar
from page.staff.uploads import log_no_broken_uploads
from tests.session_doubles import SlowResponder, suit
from tests.test_openai_api import LOST, TOKEN, asking, post, serve
from tts_engine.testing import ToneVoice

ASK = '{"type": "ask", "text": "你好", "reply": "r1"}'


@pytest.mark.parametrize("requests", [[], [ASK], [ASK, '{"type": "stop"}', ASK]])
async def test_a_page_that_is_closed_leaves_no_traceback(
    requests: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path, server=ServerSettings(port=0))
    pipeline = AnswerPipeline(SlowResponder(50, 0.01), ToneVoice(), StillAvatar())
    server = WebsocketServer(pipeline, suit(), settings)
    with caplog.at_level(logging.INFO):
        async with server.listen() as listener:
            port = listener.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1 HT")  # gone before it became a websocket
            writer.close()
            address = f"ws://127.0.0.1:{port}/v1"
            async with connect(address, max_size=None, proxy=None) as page:
                await page.recv()
                for request in requests:
                    await page.send(request)
                await page.recv()
                page.transport.abort()  # as a closed tab or a lost network does
    assert [r.getMessage() for r in caplog.records if r.exc_info] == []
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("share_sent", [0.0, 0.5])
async def test_a_program_that_breaks_off_its_request_leaves_no_traceback(
    share_sent: float, capfd: pytest.CaptureFixture[str]
) -> None:
    """An upload that ends before it is whole, and the next request is answered."""
    body = json.dumps(asking(LOST)).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    endpoint = OpenAiEndpoint(SlowResponder(1, 0.0), token=TOKEN, max_question_chars=500)
    async with asynccontextmanager(serve)(endpoint) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(head.encode() + body[: int(len(body) * share_sent)])
        assert (await post(url, asking(LOST))).status_code == 200  # the first one is being read
        writer.close()
        await writer.wait_closed()
        assert (await post(url, asking(LOST))).status_code == 200
    assert capfd.readouterr().err == "", "the server's log goes there"


async def test_an_upload_that_the_browser_breaks_off_leaves_no_traceback_but_faults_do(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Streamlit's own upload handler, which knows nothing of browsers that break off."""

    async def fail(request: Request) -> Response:
        raise RuntimeError("a fault")

    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "filters", [])
    monkeypatch.setattr(starlette_routes, "is_xsrf_enabled", lambda: False)
    uploads = MemoryUploadedFileManager("/_stcore/upload_file")
    runtime = cast(Any, SimpleNamespace(is_active_session=lambda session_id: True))
    routes = starlette_routes.create_upload_routes(runtime, uploads, None)
    page = SimpleNamespace(app=Starlette(routes=[*routes, Route("/v1/fail", fail)]))
    log_no_broken_uploads()
    async with asynccontextmanager(serve)(cast(Any, page)) as url:
        port = httpx.URL(url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"PUT /_stcore/upload_file/session/file HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99\r\n\r\n--b\r\n"
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/nothing")).status_code == 404
            writer.close()
            await writer.wait_closed()
            assert (await client.get(f"{url}/nothing")).status_code == 404
            assert capfd.readouterr().err == ""
            assert (await client.get(f"{url}/fail")).status_code == 500
    assert "a fault" in capfd.readouterr().err
