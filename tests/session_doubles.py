"""What tests of the session layer stand on: real parts where they are light, doubles elsewhere."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Literal

from websockets.exceptions import ConnectionClosedOK

from agent import Answer, AnswerPipeline, Question, Responder, Sentence
from agent.protocol.responses import decode_binary
from agent.serving.session_manager import SessionManager
from agent.settings import MemorySettings, Settings
from avatar_engine import Presenter
from avatar_engine.testing import StillAvatar
from retrievers.testing import MemoryStore
from tts_engine import Speech
from tts_engine.testing import ToneVoice
from zhengwen.assets import asset

Ending = Literal["ended", "error"]


class FolderlessStore(MemoryStore):
    """The store in memory as a plug-in, for processes that need not load a sentence encoder."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()


class StuckVoice(ToneVoice):
    """Waits for a service that does not answer where a text says 永远; the log says when."""

    def speak(self, text: str) -> Generator[Speech, None, None]:
        if "永远" in text:
            logging.getLogger(__name__).warning("the voice is stuck")
            time.sleep(600)
        yield from super().speak(text)


class SlowResponder:
    """Takes a moment for each sentence, and counts how many replies are under way."""

    def __init__(self, n_sentences: int = 4, seconds: float = 0.001) -> None:
        self._n_sentences, self._seconds = n_sentences, seconds
        self._lock = threading.Lock()
        self.n_running = self.most_running = 0

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        with self._lock:
            self.n_running += 1
            self.most_running = max(self.most_running, self.n_running)
        try:
            for index in range(self._n_sentences):
                time.sleep(self._seconds)
                yield Sentence(index, "好。")
            yield Answer("好。" * self._n_sentences, "answered")
        finally:
            time.sleep(self._seconds)  # closing takes a moment as well
            with self._lock:
                self.n_running -= 1


class RecordingTransport(asyncio.Transport):
    """Only knows whether it was aborted."""

    def __init__(self) -> None:
        super().__init__()
        self.was_aborted = False

    def abort(self) -> None:
        self.was_aborted = True


class RecordingConnection:
    """A connection without a socket: remembers what it was sent."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport = RecordingTransport()
        self.texts: list[dict[str, Any]] = []
        self.headers: list[dict[str, Any]] = []
        self.is_open = True
        self._has_news = asyncio.Event()
        self.close_code: int | None = None

    async def send(self, message: str | bytes, /) -> None:
        await asyncio.sleep(0)  # as a socket does, it lets others run
        if not self.is_open:
            raise ConnectionClosedOK(None, None)
        if isinstance(message, str):
            self.texts.append(json.loads(message))
        else:
            self.headers.append(decode_binary(message)[0])
        self._has_news.set()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await asyncio.sleep(0)
        self.is_open, self.close_code = False, code

    def of_type(self, *types: str) -> list[dict[str, Any]]:
        return [message for message in self.texts if message["type"] in types]

    async def until(self, *types: str, n: int = 1) -> dict[str, Any]:
        """Wait for the ``n``-th message of these types."""
        async with asyncio.timeout(30):
            while len(found := self.of_type(*types)) < n:
                self._has_news.clear()
                await self._has_news.wait()
        return found[n - 1]

    @property
    def media_ms(self) -> int:
        """How much media came, milliseconds."""
        media = [header for header in self.headers if header["kind"] == "media"]
        return media[-1]["pts_ms"] + media[-1]["duration_ms"] if media else 0

    async def until_media(self, n_ms: int) -> None:
        """Wait for so many milliseconds of media."""
        async with asyncio.timeout(30):
            while self.media_ms < n_ms:
                self._has_news.clear()
                await self._has_news.wait()


def manager(
    data_dir: Path, presenter: Presenter, responder: Responder, *, keep_hours: float = 0
) -> SessionManager:
    """A session layer that speaks in tones and shows a still picture."""
    pipeline = AnswerPipeline(
        responder, ToneVoice(seconds_per_character=0.04), StillAvatar(fps=presenter.card.fps)
    )
    settings = Settings(data_dir=data_dir, memory=MemorySettings(keep_hours=keep_hours))
    return SessionManager(pipeline, presenter, settings)


def suit() -> Presenter:
    """The presenter of the default settings."""
    return Presenter(asset("presenters") / "suit")


class ManualClock:
    """Passes as it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
