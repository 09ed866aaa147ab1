"""The sending of one reply, with its clock."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import aclosing

from . import metrics
from .concurrency import finish_despite_cancellation, iterate_in_thread
from .protocol.responses import (
    EndedMessage,
    ErrorCode,
    ErrorMessage,
    NoticeMessage,
    ReplyTimings,
    StartedMessage,
    answer_message,
    fragment_message,
    sentence_message,
)
from .service_texts import service_text
from .types import Answer, Caption, MediaKind, Notice, Opening, ReplyEvent
from .visitor_session import VisitorSession

SLOWEST_PLAYBACK = 0.5  # of the usual speed; the page's own slowest is 0.7
PATIENCE = 3.0  # s a page may be behind; then its reply is paused
STALL_TIMEOUT = 60.0  # s a reply is paused, less what was played meanwhile, before it ends


class PlayerStalled(Exception):
    """The page stopped playing and does not go on."""


class PlaybackLag:
    """How far a page is behind its own clock.

    All the time that a reply waits for the page counts, be it for a report that it has played more
    or for a message to be read. What it takes makes up for it, at the slowest speed a page plays.
    """

    def __init__(self) -> None:
        self._patience = PATIENCE
        self._behind = 0.0

    @property
    def until_paused(self) -> float:
        """Seconds that the reply may wait now before it is paused."""
        return self._patience

    @property
    def until_stalled(self) -> float:
        """Seconds that the reply may wait now before it ends."""
        return self._patience + max(0.0, STALL_TIMEOUT - self._behind)

    def note(self, waited: float, media: float) -> None:
        """Note that the page took ``media`` seconds of the reply after ``waited`` seconds."""
        made_up = media / SLOWEST_PLAYBACK
        self._patience = min(PATIENCE, max(0.0, self._patience - waited) + made_up)
        self._behind = max(0.0, self._behind + waited - made_up)


class ReplyStream:
    """One reply on its way to a session: ``started``, its parts, then ``ended`` or ``error``.

    The last message is sent exactly once, and to everybody, also when the reply is interrupted
    while it is being sent.

    Args:
        session: Who gets it.
        reply: Its id.
        language: The visitor's, as a BCP 47 tag.
    """

    def __init__(self, session: VisitorSession, reply: str, language: str) -> None:
        self._session = session
        self.reply = reply
        self._language = language
        self._opening = Opening(0)
        self._lag = PlaybackLag()
        self._asked_at = time.monotonic()
        self._first_text_ms: int | None = None
        self._first_media_ms: int | None = None
        self._n_frames = 0
        self._n_degraded = 0
        self._duration_ms = 0
        self._seq = 0
        self._is_over = False

    async def run(
        self,
        events: Generator[ReplyEvent, None, None],
        withdrawn: threading.Event,
        *,
        media: MediaKind,
        on_answer: Callable[[Answer], Awaitable[None]] | None = None,
        on_pause: Callable[[], None] | None = None,
    ) -> None:
        """Send everything; the generator is closed in the end, and ``withdrawn`` set before.

        Args:
            events: The reply; runs in a thread of its own.
            withdrawn: Set when the reply is no longer wanted; that thread looks at it.
            media: What is made beside the text, as announced to clients.
            on_answer: Called on the event loop with the answer before it is sent.
            on_pause: Called on the event loop when the page has fallen behind its own clock:
                nothing is made until it goes on.

        Raises:
            ReplyError: A stage failed; call :meth:`fail`.
            asyncio.CancelledError: It was interrupted; call :meth:`end`.
        """
        try:
            async with aclosing(iterate_in_thread(events, withdrawn)) as pulled:
                await self._session.send(StartedMessage(reply=self.reply, media=media).encode())
                async for event in pulled:
                    if isinstance(event, Answer) and on_answer:
                        await on_answer(event)
                    await self._send_in_time(event, on_pause)
        except PlayerStalled:
            await self.end(interrupted=True)
        else:
            await self.end(interrupted=False)

    async def end(self, *, interrupted: bool, closing: bool = False) -> None:
        """Say that the reply is over; says nothing if that was said before.

        Args:
            interrupted: It was cut off.
            closing: Because the server stops.
        """
        self._count("interrupted" if interrupted else "finished")
        message = EndedMessage(
            reply=self.reply,
            interrupted=interrupted,
            closing=closing,
            frames=self._n_frames,
            eased_frames=self._n_degraded,
            duration_ms=self._duration_ms,
            replayed=self._opening.is_replay,
            timings=ReplyTimings(
                first_text_ms=self._first_text_ms,
                first_media_ms=self._first_media_ms,
                total_ms=self._elapsed_ms(),
            ),
        )
        await self._send_last(message.encode())

    async def fail(self, code: ErrorCode, message: str, *, retryable: bool = False) -> None:
        """Say why there is no reply, or no more of it; says nothing if it is over already."""
        self._count("failed")
        error = ErrorMessage(reply=self.reply, code=code, message=message, retryable=retryable)
        await self._send_last(error.encode())

    async def _send_last(self, message: str) -> None:
        if not self._is_over:
            self._is_over = True
            await finish_despite_cancellation(self._session.send(message))

    async def _send_in_time(self, event: ReplyEvent, on_pause: Callable[[], None] | None) -> None:
        """Send an event, and pause the reply while the page does not take it.

        Raises:
            PlayerStalled: It does not take it at all.
        """
        asked, had_ms = time.monotonic(), self._duration_ms
        sending = asyncio.ensure_future(self._send(event))
        stalled_at = asked + self._lag.until_stalled
        try:
            await asyncio.wait({sending}, timeout=self._lag.until_paused)
            if not sending.done():
                if on_pause:
                    on_pause()
                await asyncio.wait({sending}, timeout=stalled_at - time.monotonic())
            if not sending.done():
                raise PlayerStalled
        finally:
            if not sending.done():
                sending.cancel()
                await asyncio.wait({sending})
        sending.result()
        self._lag.note(time.monotonic() - asked, (self._duration_ms - had_ms) / 1000)

    async def _send(self, event: ReplyEvent) -> None:
        if self._is_over:
            return
        match event:
            case Caption():
                await self._session.send(sentence_message(self.reply, event).encode())
                self._note_text()
            case Answer():
                await self._session.send(answer_message(self.reply, event).encode())
                metrics.ANSWERS.labels(event.outcome).inc()
                self._note_text()
            case Opening():
                self._opening = event
            case Notice(code):
                if code == "busy":
                    metrics.BUSY.inc()
                text = service_text(code, self._language)
                notice = NoticeMessage(reply=self.reply, code=code, message=text)
                await self._session.send(notice.encode())
            case fragment:
                await self._session.wait_for_playback(self.reply, fragment.pts_ms)
                if self._is_over:
                    return
                loop_frame = self._opening.loop_frame
                await self._session.send_media(
                    fragment_message(self.reply, self._seq, fragment, loop_frame)
                )
                self._seq += 1
                self._n_frames += fragment.n_frames
                self._n_degraded += fragment.n_degraded
                self._duration_ms += fragment.duration_ms
                if fragment.kind == "media" and self._first_media_ms is None:
                    self._first_media_ms = self._elapsed_ms()

    def _count(self, ended: str) -> None:
        """Count the reply, once, by how it ended."""
        if self._is_over:
            return
        metrics.REPLIES.labels(ended).inc()
        metrics.REPLAYS.inc(self._opening.is_replay)
        metrics.FRAMES.inc(self._n_frames)
        metrics.EASED_FRAMES.inc(self._n_degraded)
        for histogram, ms in (
            (metrics.FIRST_TEXT, self._first_text_ms),
            (metrics.FIRST_MEDIA, self._first_media_ms),
            (metrics.REPLY_DURATION, self._elapsed_ms()),
        ):
            if ms is not None:
                histogram.observe(ms / 1000)

    def _note_text(self) -> None:
        if self._first_text_ms is None:
            self._first_text_ms = self._elapsed_ms()

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._asked_at) * 1000)
