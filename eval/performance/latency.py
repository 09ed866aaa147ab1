"""How soon after a question its text, sound and picture arrive."""

import asyncio
import io
import json
import random
import socket
import statistics
import time
from dataclasses import dataclass

import av
import numpy as np
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect

from agent.build import build
from agent.protocol import requests
from agent.protocol.responses import decode_binary
from agent.serving.websocket import WebsocketServer
from agent.settings import Settings
from retrievers.store.faq_files import read_folder


@dataclass(frozen=True, slots=True)
class ReplyLatency:
    """When things of one reply reached the client, ms after the question was sent."""

    first_text: float
    first_picture: float
    first_sound: float
    """When the media arrived in which the voice is first heard; a moment of silence leads in."""
    ended: float
    duration: float
    """Of the media, ms."""
    eased: float
    """Share of the frames that are fewer or simpler, because the machine could not keep up."""

    @property
    def speed(self) -> float:
        """Seconds of talking made in a second, as the client saw it."""
        return self.duration / self.ended


def latency_table(replies: list[ReplyLatency], avatar: str) -> Table:
    """The figures as a person reads them.

    Args:
        replies: What was measured.
        avatar: What was drawn with.
    """
    shown = Table(title=f"From sending a question, {len(replies)} questions, ms; avatar {avatar}")
    for heading in ("", "median", "p95", "worst"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for name, values in latency_summary(replies).items():
        shown.add_row(name, *(f"{values[column]:.0f}" for column in ("median", "p95", "worst")))
    speeds = sorted(reply.speed for reply in replies)
    shown.caption = f"made {statistics.median(speeds):.1f} times faster than it plays"
    eased = statistics.mean(reply.eased for reply in replies)
    if eased:
        shown.caption += f"; {eased:.0%} of the frames were simpler: this machine could not keep up"
    return shown


def latency_summary(replies: list[ReplyLatency]) -> dict[str, dict[str, float]]:
    """Median, 95th percentile and worst of each mark, ms."""
    return {
        name: {
            "median": statistics.median(values),
            "p95": statistics.quantiles(values, n=20, method="inclusive")[-1],
            "worst": max(values),
        }
        for name, values in {
            "first text": [reply.first_text for reply in replies],
            "first picture": [reply.first_picture for reply in replies],
            "first sound": [reply.first_sound for reply in replies],
            "all of it": [reply.ended for reply in replies],
        }.items()
    }


def measure_latency(settings: Settings, n: int, seed: int = 0) -> list[ReplyLatency]:
    """Ask ``n`` different questions of the sample knowledge base, one after the other.

    The server runs in this process and speaks over a real websocket on loopback, so
    the figures hold all of the server's work and none of the browser's: a page starts
    to play when 0.3 s of media has arrived.
    """
    questions = sample_questions(settings, n, seed)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = settings.server.model_copy(update={"host": "127.0.0.1", "port": port, "token": None})
    rendered = settings.replay.model_copy(update={"max_mib": 0})  # nothing from an earlier run
    local = settings.model_copy(update={"server": address, "replay": rendered})
    stages = build(local)
    server = WebsocketServer(stages.live_pipeline(), stages.presenter, local)
    return asyncio.run(_ask_all(server, port, questions))


def sample_questions(settings: Settings, n: int, seed: int = 0) -> list[str]:
    """Different Chinese questions of the sample knowledge base."""
    entries = [e for e in read_folder(settings.faq) if e.language.startswith("zh")]
    return [e.wordings[0] for e in random.Random(seed).sample(entries, n)]


async def _ask_all(server: WebsocketServer, port: int, questions: list[str]) -> list[ReplyLatency]:
    async with server.listen():
        url = f"ws://127.0.0.1:{port}/v1?role=both"
        async with connect(url, max_size=None, proxy=None, compression=None) as connection:
            await connection.recv()  # hello
            await connection.recv()  # idle loop
            return [await _ask(connection, question) for question in questions]


async def _ask(connection: ClientConnection, question: str) -> ReplyLatency:
    asked = time.perf_counter()
    await connection.send(requests.AskRequest(type="ask", text=question).encode())
    first_text: float | None = None
    init = b""
    arrived: list[tuple[float, int, bytes]] = []  # ms, end of the fragment in the film (ms), data
    while True:
        message = await connection.recv()
        now = (time.perf_counter() - asked) * 1000
        if isinstance(message, bytes):
            header, data = decode_binary(message)
            if header["kind"] == "init":
                init = data
            else:
                arrived.append((now, header["pts_ms"] + header["duration_ms"], data))
            continue
        event = json.loads(message)
        if event["type"] in ("answer", "sentence"):
            first_text = first_text or now
        elif event["type"] == "error":
            raise RuntimeError(f"the server answered with an error: {event['message']}")
        elif event["type"] == "ended":
            assert first_text is not None
            heard = _voice_begins(init + b"".join(data for _, _, data in arrived))
            first_sound = next(at for at, end, _ in arrived if end > heard)
            eased = event["eased_frames"] / event["frames"]
            return ReplyLatency(
                first_text, arrived[0][0], first_sound, now, event["duration_ms"], eased
            )


def _voice_begins(film: bytes) -> float:
    """Where the sound of a film first rises above -40 dBFS, ms."""
    with av.open(io.BytesIO(film), "r") as opened:
        rate = opened.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
    return float(np.argmax(np.abs(sound) > 0.01)) / rate * 1000
