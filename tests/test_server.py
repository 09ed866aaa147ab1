"""The server over a real websocket, with the whole system behind it."""

import asyncio
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from typing import Any

import av
import numpy as np
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from agent.build import LoadedStages
from agent.protocol.responses import SERVER_MESSAGE, decode_binary
from agent.serving.websocket import WebsocketServer
from agent.settings import Settings

QUESTION = "驾驶证丢失了怎么补领？"  # the reply takes more than twenty seconds to say
SHORT = "谢谢"  # this one four


class Client:
    """A visitor's program: sends requests, collects what comes."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.media: list[tuple[dict[str, Any], bytes]] = []
        self.texts: list[dict[str, Any]] = []

    async def send(self, type_: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type_, **fields}))

    async def receive(self) -> dict[str, Any]:
        """The next text message; media on the way is kept."""
        async with asyncio.timeout(60):
            while isinstance(message := await self.connection.recv(), bytes):
                self.media.append(decode_binary(message))
        SERVER_MESSAGE.validate_json(message, strict=True)
        self.texts.append(json.loads(message))
        return self.texts[-1]

    async def until(self, *types: str) -> dict[str, Any]:
        while (event := await self.receive())["type"] not in types:
            pass
        return event

    async def until_media(self, n: int) -> None:
        while len(self.media) < n:
            message = await self.connection.recv()
            if isinstance(message, bytes):
                self.media.append(decode_binary(message))

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        """Ask and wait for the end; returns the last message."""
        self.media.clear()
        self.texts.clear()
        await self.send("ask", text=text, **fields)
        return await self.until("ended", "error")

    def text(self, type_: str) -> dict[str, Any]:
        return next(event for event in self.texts if event["type"] == type_)

    def film(self) -> io.BytesIO:
        return io.BytesIO(b"".join(data for head, data in self.media if head["kind"] != "idle"))


@pytest_asyncio.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with connect(address, max_size=None, proxy=None) as connection:
        client = Client(connection)
        await client.receive()
        await client.until_media(1)
        yield client


async def test_hello_introduces_the_presenter_and_says_that_it_is_generated(address: str) -> None:
    async with connect(f"{address}?session=abcdefgh", max_size=None, proxy=None) as connection:
        hello = json.loads(await connection.recv())
        head, idle = decode_binary(await connection.recv(decode=False))
    assert (hello["type"], hello["protocol"], hello["session"]) == ("hello", 1, "abcdefgh")
    assert hello["ai_generated"] is True
    assert hello["label"] == "AI生成"
    assert head["kind"] == "idle"
    assert len(idle) == hello["presenter"]["idle_bytes"]
    with av.open(io.BytesIO(idle), "r") as film:
        picture = next(film.decode(video=0))
    assert (picture.width, picture.height) == tuple(
        hello["presenter"][k] for k in ("width", "height")
    )


async def test_an_answer_comes_with_text_source_captions_and_a_playable_film(
    client: Client,
) -> None:
    ended = await client.ask(QUESTION, reply="r1")
    answer = client.text("answer")
    captions = [e for e in client.texts if e["type"] == "sentence"]
    assert [e["type"] for e in client.texts[:2]] == ["started", "answer"]
    assert all(e["reply"] == "r1" for e in client.texts)
    assert answer["outcome"] == "answered"
    assert answer["citations"][0]["url"].startswith("https://")
    assert "".join(c["text"] for c in captions) == answer["text"]
    assert [c["start_ms"] for c in captions] == sorted(c["start_ms"] for c in captions)
    assert ended["interrupted"] is False
    with av.open(client.film(), "r") as film:
        n_frames = sum(1 for _ in film.decode(video=0))
    with av.open(client.film(), "r") as film:
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(audio=0)])
    assert n_frames == ended["frames"]
    assert np.sqrt((sound**2).mean()) > 0.01
    assert [head["seq"] for head, _ in client.media] == list(range(len(client.media)))


async def test_a_reply_begins_where_the_page_is_in_the_idle_loop(client: Client) -> None:
    await client.send("idle", position_ms=2000)
    await client.ask(SHORT)
    assert 50 <= client.media[0][0]["loop_frame"] <= 75  # 2 s, and what passes until it is seen


async def test_stop_ends_the_reply_at_once(client: Client) -> None:
    await client.send("ask", text=QUESTION)
    await client.until_media(4)
    await client.send("stop")
    ended = await client.until("ended")
    assert ended["interrupted"] is True
    assert ended["duration_ms"] < 3000
    assert (await client.ask(SHORT))["interrupted"] is False


async def test_a_new_question_stops_the_reply_in_progress(client: Client) -> None:
    await client.send("ask", text=QUESTION, reply="first")
    await client.until_media(4)
    await client.send("ask", text=SHORT, reply="second")
    ends = [await client.until("ended"), await client.until("ended")]
    assert [(e["reply"], e["interrupted"]) for e in ends] == [("first", True), ("second", False)]


async def test_every_reply_ends_exactly_once_even_when_questions_rain(client: Client) -> None:
    for i in range(8):
        await client.send("ask", text=QUESTION if i < 7 else SHORT, reply=f"r{i}")
    ends: list[str] = []
    while "r7" not in ends:
        event = await client.until("ended", "error")
        ends.append(event["reply"])
    assert ends == [f"r{i}" for i in range(8)]


async def test_a_page_that_plays_is_never_given_more_than_three_seconds_in_advance(
    client: Client,
) -> None:
    await client.send("ask", text="你好", reply="slow")  # thirteen seconds
    await client.until_media(2)
    await client.send("played", reply="slow", position_ms=0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4):
            while True:
                await client.receive()
    newest = client.media[-1][0]
    assert newest["pts_ms"] <= 3000
    await client.send("played", reply="slow", position_ms=60_000)
    assert (await client.until("ended"))["interrupted"] is False


async def test_text_goes_to_one_connection_and_media_to_the_other(address: str) -> None:
    query = f"{address}?session=two-connections"
    async with (
        connect(f"{query}&role=play", max_size=None, proxy=None) as page,
        connect(f"{query}&role=ask", max_size=None, proxy=None) as script,
    ):
        player, asker = Client(page), Client(script)
        await player.until("hello")
        await asker.until("hello")
        await asker.send("ask", text=SHORT)
        # Both read: a client that does not is cut off after a while.
        await asyncio.gather(asker.until("ended"), player.until("ended"))
    assert not asker.media
    assert len(player.media) > 5
    assert asker.text("answer")["text"]


async def test_without_a_player_no_media_is_made(address: str) -> None:
    async with connect(f"{address}?role=ask", proxy=None) as connection:
        ended = await Client(connection).ask(QUESTION)
    assert (ended["frames"], ended["duration_ms"]) == (0, 0)


async def test_the_newest_player_takes_the_session_over(address: str) -> None:
    query = f"{address}?session=same-visitor&role=play"
    async with connect(query, max_size=None, proxy=None) as older:
        async with connect(query, max_size=None, proxy=None) as newer:
            await Client(newer).until("hello")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await older.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty_question"), (" \t\n", "empty_question"), ("\x00\x07\x1b", "empty_question"),
     ("长" * 10_000, "too_long")],
)  # fmt: skip
async def test_what_cannot_be_a_question_gets_a_short_error(
    client: Client, text: str, code: str
) -> None:
    error = await client.ask(text, reply="bad")
    assert (error["type"], error["code"], error["reply"]) == ("error", code, "bad")
    assert 0 < len(error["message"]) < 60
    assert error["retryable"] is False


@pytest.mark.parametrize(
    "text",
    ["😀", "<script>alert(1)</script>", "'; DROP TABLE faq; --", "パスポートをなくしました",
     "\u202e身份证",
     "Где получить паспорт?", "{{7*7}} ${x} %s", "护\x00照"],
)  # fmt: skip
async def test_odd_questions_are_answered_like_any_other(client: Client, text: str) -> None:
    assert (await client.ask(text, media="none"))["type"] == "ended"
    assert client.text("answer")["text"]


@pytest.mark.parametrize(
    ("message", "code"),
    [("{", "bad_message"), ("[]", "bad_message"), ("null", "bad_message"), ("", "bad_message"),
     (b"\x00\x01", "bad_message"), ('{"type": "ask"}', "bad_message"),
     ('{"type": "ask", "text": 7}', "bad_message"),
     ('{"type": "ask", "text": "x", "media": "smell"}', "bad_message"),
     ('{"type": "played", "reply": "r", "position_ms": -1}', "bad_message"),
     ('{"type": "dance"}', "unknown_type"), ("[" * 30_000, "bad_message")],
)  # fmt: skip
async def test_a_malformed_message_is_answered_and_the_connection_lives_on(
    client: Client, message: str | bytes, code: str
) -> None:
    await client.connection.send(message)
    error = await client.receive()
    assert (error["type"], error["code"], error["reply"]) == ("error", code, None)
    await client.send("ping")
    assert (await client.receive())["type"] == "pong"


async def test_unknown_fields_are_ignored(client: Client) -> None:
    assert (await client.ask("你好", colour="blue", media="none"))["type"] == "ended"


async def test_a_message_too_large_ends_that_connection_only(client: Client, address: str) -> None:
    async with connect(address, max_size=None, proxy=None) as other:
        await other.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            while True:
                await other.recv()
    assert (await client.ask("你好", media="none"))["type"] == "ended"


async def test_say_speaks_the_text_as_it_is(client: Client) -> None:
    await client.send("say", text="办事大厅周一至周五开放。")
    await client.until("ended")
    assert client.text("sentence")["text"] == "办事大厅周一至周五开放。"
    assert not [e for e in client.texts if e["type"] == "answer"]


async def test_marks_without_words_are_shown_but_not_spoken(client: Client) -> None:
    await client.send("say", text="😀！")
    assert (await client.until("ended", "error"))["type"] == "ended"
    await client.send("say", text="你好。\n😀😀😀😀😀\n再见。")
    assert (await client.until("ended", "error"))["frames"] > 25


async def test_an_answer_can_be_rated_once_it_was_given(client: Client, settings: Settings) -> None:
    await client.ask("身份证丢了怎么补办", reply="rated-1", media="none")
    [cited, *_] = client.text("answer")["citations"]
    await client.send("feedback", reply="rated-1", rating=1, comment="很有用")
    assert (await client.until("rated", "error")) == {"type": "rated", "reply": "rated-1"}
    with closing(sqlite3.connect(settings.data_dir / "feedback.sqlite")) as database:
        kept = database.execute("SELECT rating, comment, entries FROM feedback").fetchall()
    [(rating, comment, entries)] = kept
    assert (rating, comment) == (1, "很有用") and cited["id"] in json.loads(entries)


async def test_the_visitors_words_never_reach_the_log(
    client: Client, log: pytest.LogCaptureFixture
) -> None:
    secret = "我叫张三丰住在武当山"
    await client.ask(secret)
    await client.ask(secret * 100)
    await client.connection.send(json.dumps({"type": "ask", "text": [secret]}))
    await client.receive()
    assert "张三丰" not in log.text


async def test_a_client_that_vanishes_leaves_the_server_serving(address: str) -> None:
    connection = await connect(address, max_size=None, proxy=None)
    await connection.send(json.dumps({"type": "ask", "text": QUESTION}))
    connection.transport.abort()
    async with connect(address, max_size=None, proxy=None) as again:
        assert (await Client(again).ask("你好", media="none"))["type"] == "ended"


async def test_a_page_of_another_host_is_turned_away(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, origin=Origin("http://evil.example"), proxy=None)
    assert refused.value.response.status_code == 403


async def test_a_page_of_the_same_host_is_welcome(address: str) -> None:
    async with connect(
        address, origin=Origin("http://127.0.0.1:8501"), max_size=None, proxy=None
    ) as page:
        assert json.loads(await page.recv())["type"] == "hello"


async def test_other_paths_are_not_found(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address.replace("/v1", "/v2"), proxy=None)
    assert refused.value.response.status_code == 404


async def test_a_wrong_session_id_or_role_is_refused(address: str) -> None:
    for query in ("?session=../../etc", "?role=king"):
        async with connect(address + query, proxy=None) as connection:
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008


@pytest_asyncio.fixture
async def strict_address(
    request: pytest.FixtureRequest, stages: LoadedStages, settings: Settings
) -> AsyncIterator[str]:
    """A server with a token, no free speech, and room for one reply; and what a test adds."""
    limits = {
        "token": "s3cret",
        "allow_say": False,
        "max_replies": 1,
        **getattr(request, "param", {}),
    }
    strict = settings.model_copy(update={"server": settings.server.model_copy(update=limits)})
    async with WebsocketServer(stages.session(), stages.presenter, strict).listen() as listener:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"


async def knock(address: str, token: str, forwarded_for: str) -> int:
    """The status of a handshake; 101 if it is a websocket then."""
    try:
        async with connect(
            f"{address}?token={token}",
            additional_headers={"X-Forwarded-For": forwarded_for},
            proxy=None,
            max_size=None,
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_tokens_of_the_server_cannot_be_guessed_one_after_the_other(
    strict_address: str, log: pytest.LogCaptureFixture
) -> None:
    guesser = [f"203.0.113.7:{5000 + n}" for n in range(12)]  # each time from another port
    tried = [await knock(strict_address, f"guess-{n}", at) for n, at in enumerate(guesser)]
    assert tried[:5] == [401] * 5 and tried.count(429) > 3
    assert await knock(strict_address, "s3cret", "203.0.113.8") == 101, "others do not wait"
    ours = [one for one in log.messages if "wrong token" in one and "GET" not in one]
    assert "a wrong token for the server from 203.0.113.7" in ours
    assert "guess" not in "".join(ours)


@pytest.mark.parametrize("strict_address", [{"trusted_proxies": ()}], indirect=True)
async def test_who_is_no_trusted_proxy_is_not_believed_who_a_client_is(strict_address: str) -> None:
    tried = [await knock(strict_address, "guess", f"203.0.113.{n}") for n in range(12)]
    assert tried[:5] == [401] * 5 and tried.count(429) > 3


async def test_a_server_with_a_token_wants_it(strict_address: str) -> None:
    for query in ("", "?token=guess"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(strict_address + query, proxy=None)
        assert refused.value.response.status_code == 401
    async with connect(f"{strict_address}?token=s3cret", max_size=None, proxy=None) as connection:
        assert (await Client(connection).ask("你好", media="none"))["type"] == "ended"


async def test_speaking_any_text_can_be_switched_off(strict_address: str) -> None:
    async with connect(f"{strict_address}?token=s3cret", max_size=None, proxy=None) as connection:
        client = Client(connection)
        await client.send("say", text="你好")
        assert (await client.until("error"))["code"] == "not_allowed"


async def test_one_client_takes_half_of_the_places_and_leaves_the_others(
    stages: LoadedStages, settings: Settings
) -> None:
    limits = settings.server.model_copy(update={"max_replies": 2})
    own = settings.model_copy(update={"server": limits})
    async with (
        WebsocketServer(stages.session(), stages.presenter, own).listen() as listener,
        AsyncExitStack() as connections,
    ):
        url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"

        async def come_from(address: str) -> Client:
            headers = {"X-Forwarded-For": address}
            joined = connect(url, additional_headers=headers, max_size=None, proxy=None)
            return Client(await connections.enter_async_context(joined))

        first = await come_from("2001:db8::1")
        await first.send("ask", text=QUESTION, reply="long")
        await first.until_media(2)
        await first.send("played", reply="long", position_ms=0)  # and now plays slowly
        neighbour, stranger = await come_from("2001:db8::2"), await come_from("203.0.113.9")
        assert (await neighbour.ask("你好"))["frames"] == 0
        assert neighbour.text("notice")["code"] == "busy"
        assert (await stranger.ask("你好"))["frames"] > 0


async def test_one_more_than_there_is_room_for_gets_the_words_and_is_told_why(
    strict_address: str,
) -> None:
    query = f"{strict_address}?token=s3cret"
    async with (
        connect(query, max_size=None, proxy=None) as one,
        connect(query, max_size=None, proxy=None) as two,
    ):
        first, second = Client(one), Client(two)
        await first.send("ask", text=QUESTION, reply="long")
        await first.until_media(2)
        await first.send("played", reply="long", position_ms=0)  # and now plays slowly
        ended = await second.ask("你好")
        assert (ended["type"], ended["frames"]) == ("ended", 0)
        assert second.text("notice")["code"] == "busy"
        assert second.text("answer")["outcome"] == "greeted"
        assert [head["kind"] for head, _ in second.media if head["kind"] != "idle"] == []
