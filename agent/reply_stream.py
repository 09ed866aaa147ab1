"""The sending of one reply, with its clock."""

import threading
import time
from collections.abc import Generator
from contextlib import aclosing

from .concurrency import iterate_in_thread
from .protocol import responses
from .service_texts import service_text
from .types import Answer, Caption, Notice, Opening, ReplyEvent
from .visitor_session import PlayerStalled, VisitorSession


class ReplyStream:
    """One reply on its way to a room: ``started``, its parts, then ``ended`` or ``error``.

    Args:
        room: Who gets it.
        reply: Its id.
        language: The visitor's, as a BCP 47 tag.
    """

    def __init__(self, room: VisitorSession, reply: str, language: str) -> None:
        self._room = room
        self._reply = reply
        self._language = language
        self._opening = Opening(0)
        self._asked = time.monotonic()
        self._first_text_ms: int | None = None
        self._first_media_ms: int | None = None
        self._n_frames = 0
        self._n_eased = 0
        self._duration_ms = 0
        self._seq = 0

    async def run(
        self, events: Generator[ReplyEvent, None, None], withdrawn: threading.Event
    ) -> None:
        """Send everything; the generator is closed in the end, and ``withdrawn`` set before.

        Raises:
            ReplyError: A stage failed; call :meth:`fail`.
            asyncio.CancelledError: It was interrupted; call :meth:`end`.
        """
        await self._room.send(responses.text("started", reply=self._reply))
        try:
            async with aclosing(iterate_in_thread(events, withdrawn)) as pulled:
                async for event in pulled:
                    await self._send(event)
        except PlayerStalled:
            await self.end(interrupted=True)
        else:
            await self.end(interrupted=False)

    async def end(self, *, interrupted: bool) -> None:
        """Say that the reply is over."""
        timings = {
            "first_text_ms": self._first_text_ms,
            "first_media_ms": self._first_media_ms,
            "total_ms": self._elapsed_ms(),
        }
        message = responses.text(
            "ended",
            reply=self._reply,
            interrupted=interrupted,
            frames=self._n_frames,
            eased_frames=self._n_eased,
            duration_ms=self._duration_ms,
            replayed=self._opening.is_replay,
            timings=timings,
        )
        await self._room.send(message)

    async def fail(self, code: str, message: str, *, retryable: bool = False) -> None:
        """Say why there is no reply, or no more of it."""
        await self._room.send(responses.error(self._reply, code, message, retryable=retryable))

    async def _send(self, event: ReplyEvent) -> None:
        match event:
            case Caption():
                await self._room.send(responses.sentence(self._reply, event))
                self._has_sent_text()
            case Answer():
                await self._room.send(responses.answer(self._reply, event))
                self._has_sent_text()
            case Opening():
                self._opening = event
            case Notice(code):
                told = service_text(code, self._language)
                await self._room.send(responses.notice(self._reply, code, told))
            case fragment:
                await self._room.wait_for_playback(self._reply, fragment.pts_ms)
                message = responses.media(
                    self._reply, self._seq, fragment, self._opening.loop_frame
                )
                await self._room.send_media(message)
                self._seq += 1
                self._n_frames += fragment.n_frames
                self._n_eased += fragment.n_degraded
                self._duration_ms += fragment.duration_ms
                if fragment.kind == "media" and self._first_media_ms is None:
                    self._first_media_ms = self._elapsed_ms()

    def _has_sent_text(self) -> None:
        if self._first_text_ms is None:
            self._first_text_ms = self._elapsed_ms()

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._asked) * 1000)
