"""A page that plays what arrives, without a screen."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect

from agent.protocol import requests
from agent.protocol.responses import decode_binary

from .media_timing import TrackTiming, read_track_timing

START_BUFFER = 0.3  # s of media before playing begins, as in page/visitor/player.js


class SimulatedPlayback:
    """One reply as a page plays it: it begins with a small buffer, and waits where one is empty.

    All times are seconds of one clock; positions are seconds of the film.
    """

    def __init__(self) -> None:
        self._zero: float | None = None  # when position 0 would have been shown, without stalls
        self._end = 0.0
        self.n_stalls = 0
        """Fragments that arrived when they should have been playing already."""
        self.stalled = 0.0
        """How long was waited for them, s."""

    def arrived(self, now: float, start: float, end: float) -> None:
        """A fragment from ``start`` to ``end`` of the film is there."""
        self._end = end
        if self._zero is None:
            if end >= START_BUFFER:
                self._zero = now
            return
        late = now - (self._zero + start)
        if late > 0:
            self.n_stalls += 1
            self.stalled += late
            self._zero += late

    def complete(self, now: float) -> None:
        """No more fragments will come: what is there is played, however short."""
        if self._zero is None and self._end:
            self._zero = now

    def position(self, now: float) -> float:
        """What is shown now."""
        return 0.0 if self._zero is None else min(max(0.0, now - self._zero), self._end)

    def remaining(self, now: float) -> float:
        """How long it plays on if nothing more arrives, s."""
        return self._end - self.position(now)


REPORT_EVERY = 0.25  # s between two "played" messages, as in page/visitor/player.js
PING_EVERY = 10.0  # s, as there; the idle loop, whose jumps are told as well, is as long
READING_TIME = 2.0  # s that a visitor reads an answer without media before asking on


@dataclass(slots=True)
class ReceivedReply:
    """One reply as it reached a visitor."""

    first_text_ms: float | None = None
    """After the question; so is ``first_media_ms``."""
    first_media_ms: float | None = None
    n_stalls: int = 0
    stalled_s: float = 0.0
    media_s: float = 0.0
    """How much of the film arrived."""
    n_frames: int = 0
    n_degraded: int = 0
    is_replay: bool = False
    is_busy: bool = False
    """Text alone came, because the server renders as many replies as it may."""
    has_failed: bool = False
    tracks: TrackTiming | None = None
    film: list[bytes] = field(default_factory=list, repr=False)


async def visit(url: str, questions: Iterable[str], until: float) -> list[ReceivedReply]:
    """Ask, watch the reply to its end, ask the next question.

    Args:
        url: Of the server.
        questions: Endless, or a visitor who has asked them all leaves.
        until: When to leave, by ``time.monotonic``; a reply that is going on then is stopped.

    Returns:
        What came; a reply that was stopped is the last.
    """
    takes = []
    async with _joined(url) as connection:
        for question in questions:
            if time.monotonic() >= until:
                break
            takes.append(await _watch(connection, question, until))
            takes[-1].tracks = await asyncio.to_thread(read_track_timing, b"".join(takes[-1].film))
            takes[-1].film.clear()
    return takes


async def idle(url: str, joined: asyncio.Event, leave: asyncio.Event) -> None:
    """A page that is open while nobody asks anything."""
    async with _joined(url) as connection:
        joined.set()
        while not leave.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_EVERY):
                    await leave.wait()
                    return
            await connection.send(requests.PingRequest(type="ping").encode())
            await connection.send(requests.IdleReport(type="idle", position_ms=0).encode())
            await connection.recv()  # pong


@asynccontextmanager
async def _joined(url: str) -> AsyncIterator[ClientConnection]:
    async with connect(f"{url}?role=both", max_size=None, proxy=None, compression=None) as joined:
        await joined.recv()  # hello
        await joined.recv()  # idle loop
        await joined.send(requests.IdleReport(type="idle", position_ms=0).encode())
        yield joined


async def _watch(connection: ClientConnection, question: str, until: float) -> ReceivedReply:
    take, playback = ReceivedReply(), SimulatedPlayback()
    reply = uuid.uuid4().hex
    asked = time.monotonic()
    await connection.send(requests.AskRequest(type="ask", text=question, reply=reply).encode())
    reporting = asyncio.create_task(_report(connection, reply, playback))
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            await _receive(connection, take, playback, asked, ("ended", "error"))
            playback.complete(time.monotonic())
            await asyncio.sleep(playback.remaining(time.monotonic()) if take.film else READING_TIME)
    except TimeoutError:
        # The pong comes behind whatever is left of the reply, if anything is.
        await connection.send(requests.StopRequest(type="stop").encode())
        await connection.send(requests.PingRequest(type="ping").encode())
        await _receive(connection, take, playback, asked, ("pong",))
    finally:
        reporting.cancel()
    take.n_stalls, take.stalled_s = playback.n_stalls, playback.stalled
    return take


async def _report(connection: ClientConnection, reply: str, playback: SimulatedPlayback) -> None:
    """Tell how far the page is, so that the server sends no more than is soon played."""
    while True:
        position = round(playback.position(time.monotonic()) * 1000)
        await connection.send(
            requests.PlayedReport(type="played", reply=reply, position_ms=position).encode()
        )
        await asyncio.sleep(REPORT_EVERY)


async def _receive(
    connection: ClientConnection,
    take: ReceivedReply,
    playback: SimulatedPlayback,
    asked: float,
    last: tuple[str, ...],
) -> None:
    """Note what comes, up to a message of one of the types ``last``."""
    while True:
        message = await connection.recv()
        now = time.monotonic()
        elapsed_ms = (now - asked) * 1000
        if isinstance(message, bytes):
            header, data = decode_binary(message)
            take.film.append(data)
            if header["kind"] == "media":
                take.first_media_ms = take.first_media_ms or elapsed_ms
                start, end = header["pts_ms"], header["pts_ms"] + header["duration_ms"]
                playback.arrived(now, start / 1000, end / 1000)
                take.media_s = end / 1000
            continue
        event = json.loads(message)
        match event["type"]:
            case "answer" | "sentence":
                take.first_text_ms = take.first_text_ms or elapsed_ms
            case "notice":
                take.is_busy = take.is_busy or event["code"] == "busy"
            case "ended":
                take.n_frames, take.n_degraded = event["frames"], event["eased_frames"]
                take.is_replay = event["replayed"]
            case "error":
                take.has_failed = True
        if event["type"] in last:
            return
