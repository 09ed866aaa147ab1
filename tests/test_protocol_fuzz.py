"""Whatever a client sends, it is answered: no connection is lost, and nothing fails in the log."""

import asyncio
import json
import logging
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import ClientConnection, connect

from agent import AnswerPipeline
from agent.serving.openai import OpenAiEndpoint
from agent.serving.websocket import MAX_MESSAGE_BYTES, WebsocketServer
from agent.settings import ServerSettings, Settings
from avatar_engine.testing import StillAvatar
from page.visitor.client import VisitorClient
from tests.session_doubles import SlowResponder, suit
from tts_engine.testing import ToneVoice

TIMEOUT = 60  # s


class ErrorLog(logging.Handler):
    """Everything that is logged as an error or with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.found.append(f"{record.name}: {record.getMessage()} {record.exc_info}")


@dataclass
class RunningServer:
    """A server in a thread, and what went wrong in it."""

    port: int
    errors: ErrorLog
    connection: ClientConnection

    def deliver(self, message: str | bytes) -> list[str]:
        """Send a message; the types of all that comes until the next message is answered.

        Of an error, its code.
        """
        fence = uuid.uuid4().hex
        self.connection.send(message)
        self.connection.send(json.dumps({"type": "ask", "text": "", "reply": fence}))
        kinds: list[str] = []
        while True:
            received = self.connection.recv(timeout=TIMEOUT)
            if isinstance(received, str):
                told = json.loads(received)
                if told.get("reply") == fence:
                    return kinds
                kinds.append(told["code"] if told["type"] == "error" else told["type"])

    def shake_hands(self, request: bytes, *, hang_up: bool = False) -> bytes:
        """Send the head of an HTTP request; the first line of the response, if there is one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as raw:
            raw.sendall(request)
            if hang_up:
                raw.shutdown(socket.SHUT_WR)
            return raw.recv(1000).partition(b"\r\n")[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    own = Settings(data_dir=tmp_path_factory.mktemp("var"), server=ServerSettings(port=0))
    pipeline = AnswerPipeline(
        SlowResponder(1, 0.0), ToneVoice(seconds_per_character=0.04), StillAvatar()
    )
    ready: Future[int] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with WebsocketServer(pipeline, suit(), own).listen() as listener:
            ready.set_result(listener.sockets[0].getsockname()[1])
            await stop.wait()

    errors = ErrorLog()
    logging.getLogger().addHandler(errors)
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        port = ready.result(TIMEOUT)
        with connect(f"ws://127.0.0.1:{port}/v1", max_size=None, proxy=None) as connection:
            yield RunningServer(port, errors, connection)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        logging.getLogger().removeHandler(errors)


# ---- JSON as text, for what json.dumps would never write ------------------------------------

numbers = st.one_of(
    st.sampled_from(["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e308", "-0.0", "1e-400"]),
    st.sampled_from(["9" * 400, "9" * 5000, "-1", "0", "1", "86400001", "1.0", "01", "0x1", "1e"]),
    st.integers().map(str),
    st.floats().map(json.dumps),
)
texts = st.one_of(
    st.sampled_from(
        [r'"\ud800"', r'"\udc00x"', r'"\ud800\ud800"', r'"\u0000"', '"\u202e"', '""', '" "']
    ),
    st.sampled_from(
        [f'"{"长" * 600}"', f'"{"x" * 40}"', '"你好"', '"zh-CN"', '"r1"', '"video"', '"none"']
    ),
    st.text(max_size=20).map(json.dumps),
    st.text(max_size=20).map(lambda text: json.dumps(text, ensure_ascii=False)),
)
values = st.recursive(
    numbers | texts | st.sampled_from(["true", "null", "", "[", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(texts, inner), max_size=3).map(
            lambda items: f"{{{','.join(f'{key}:{value}' for key, value in items)}}}"
        )
    ),
    max_leaves=5,
)
FIELDS = ("text", "reply", "language", "media", "filter", "position_ms", "rating", "comment", "x")
kinds = st.sampled_from(
    ["ask", "say", "stop", "played", "idle", "feedback", "recall", "forget", "ping", "pong", "?"]
)
usual = {
    "text": '"你好"', "reply": '"r1"', "position_ms": "40", "rating": "1", "comment": '""'
}  # fmt: skip


def json_object(fields: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields) + "}"


@st.composite
def messages(draw: st.DrawFn) -> str | bytes:
    """A message of some type whose fields are right, wrong, missing or there twice."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=50) | st.text(max_size=50) | values)
    kind = draw(kinds)
    fields = list(usual.items()) if draw(st.booleans()) else []
    fields += draw(st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=3))
    if draw(st.booleans()):
        inner = st.sampled_from(["field", "region", "x"])
        pairs = draw(st.lists(st.tuples(inner, values), max_size=2))
        fields.append(("filter", json_object(pairs)))
    return json_object([("type", f'"{kind}"'), *fields])


# ---- what is tried --------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(message=messages())
def test_no_message_costs_the_connection(server: RunningServer, message: str | bytes) -> None:
    if len(message.encode() if isinstance(message, str) else message) < MAX_MESSAGE_BYTES:
        assert "failed" not in server.deliver(message)
    assert server.errors.found == []


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "idle", "position_ms": 1e999}',
        '{"type": "idle", "position_ms": -1e999}',
        '{"type": "idle", "position_ms": NaN}',
        '{"type": "idle", "position_ms": 1e300}',
        f'{{"type": "idle", "position_ms": {"9" * 400}}}',
        '{"type": "played", "reply": "r1", "position_ms": 1e999}',
        r'{"type": "say", "text": "\ud800"}',
        r'{"type": "ask", "text": "\udfff你好"}',
        r'{"type": "ask", "text": "你好", "reply": "\ud800"}',
        r'{"type": "ask", "text": "你好", "language": "\ud800"}',
        r'{"type": "ask", "text": "你好", "filter": {"region": "\ud800"}}',
        r'{"type": "played", "reply": "\ud800", "position_ms": 1}',
        r'{"type": "feedback", "reply": "\ud800", "rating": 1}',
        r'{"type": "feedback", "reply": "r1", "rating": 1, "comment": "\ud800"}',
        json.dumps({"type": "ask", "text": "你好", "language": "x" * 36}),
        json.dumps({"type": "ask", "text": "你好", "filter": {"region": "省" * 101}}),
        json.dumps({"type": "ask", "text": "你好", "reply": "r" * 65}),
        json.dumps({"type": "feedback", "reply": "r1", "rating": 1, "comment": "好" * 1001}),
    ],
)
def test_numbers_and_texts_out_of_range_are_refused_and_harm_no_later_reply(
    server: RunningServer, message: str
) -> None:
    assert server.deliver(message) == ["bad_message"]
    kinds = server.deliver('{"type": "say", "text": "你好", "reply": "next"}')
    assert kinds[0] == "started" and "failed" not in kinds
    assert server.errors.found == []


def test_the_page_shows_at_once_that_a_question_was_not_understood(server: RunningServer) -> None:
    """Half a character, as it is left where a text was cut within an emoji."""
    client = VisitorClient(ServerSettings(port=server.port), "session-0001")
    told = [news for news in client.ask("\ud83d", reply="r1", language="zh-CN") if news]
    assert [message["code"] for message in told] == ["bad_message"]


HEAD = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1", "Host: x\r\nOrigin: http://[\r\n", 403),
        ("/v1", "Host: [\r\nOrigin: http://x\r\n", 403),
        ("/v1", "Host: [\r\nOrigin: http://[\r\n", 403),
        ("/v1", "Host: x\r\nOrigin: null\r\n", 403),
        ("/v1", "Origin: null\r\n", 403),
        ("/v1", "Host: x\r\nOrigin: http://x\r\nOrigin: http://y\r\n", 400),
        ("/v1", "Host: x\r\nHost: y\r\nOrigin: http://x\r\n", 400),
        ("//[/v1", "Host: x\r\n", 400),
        ("http://[/v1", "Host: x\r\n", 400),
        ("/v1", "Host: x\r\nOrigin: http://x\r\n", 101),
    ],
)
def test_an_address_that_is_none_is_refused(
    server: RunningServer, path: str, headers: str, status: int
) -> None:
    request = f"GET {path} HTTP/1.1\r\n{headers}{HEAD}\r\n"
    assert server.shake_hands(request.encode()).split()[1] == str(status).encode()
    assert server.errors.found == []


@pytest.mark.parametrize("path", ["/v1", "/healthz", "/nothing", "//["])
def test_a_client_that_hangs_up_after_its_request_leaves_no_traceback(
    server: RunningServer, path: str
) -> None:
    for _ in range(5):  # the end comes with the request, or behind it
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{HEAD}\r\n"
        server.shake_hands(request.encode(), hang_up=True)
    assert server.errors.found == []


odd = st.text(st.characters(blacklist_characters="\r\n"), max_size=20)
hosts = st.sampled_from(["x", "[", "[::1]", "x:99999", "", "\u2100", "xn--", "a@b:c", "%", "::"])


@settings(max_examples=80, deadline=None)
@given(
    path=st.sampled_from(["/v1", "//[", "/healthz", "*", "/v1?session=%ff&role=play", "/v1?"])
    | odd.map(lambda text: f"/v1?{text.replace(' ', '')}"),
    host=hosts | odd,
    origin=st.none() | hosts.map(lambda host: f"http://{host}") | odd,
    more=st.lists(odd, max_size=2),
    hang_up=st.booleans(),
)
def test_no_handshake_fails_within_the_server(
    server: RunningServer, path: str, host: str, origin: str | None, more: list[str], hang_up: bool
) -> None:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *more]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    request = "\r\n".join(lines) + f"\r\n{HEAD}\r\n"
    response = server.shake_hands(request.encode("utf-8", "replace"), hang_up=hang_up)
    assert b" 500 " not in response
    assert server.errors.found == []


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(
        st.tuples(st.sampled_from(["messages", "stream", "language", "field", "region"]), values),
        max_size=4,
    ),
    content=values,
    role=st.sampled_from(["user", "assistant", "king"]),
)
def test_no_request_to_the_openai_endpoint_fails_within_it(
    body: list[tuple[str, str]], content: str, role: str
) -> None:
    endpoint = OpenAiEndpoint(SlowResponder(1, 0.0), token="t", max_question_chars=500)
    message = f'{{"role":"{role}","content":{content}}}'
    fields = [("messages", f"[{message}]"), *body]
    text = json_object(fields)

    async def post() -> int:
        transport = httpx.ASGITransport(endpoint.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            response = await client.post(
                "/v1/chat/completions",
                content=text.encode("utf-8", "replace"),
                headers={"Authorization": "Bearer t"},
            )
        return response.status_code

    assert asyncio.run(post()) in (200, 400, 413)
