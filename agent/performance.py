"""The sending of one reply, with its clock."""

import time
from collections.abc import Callable, Generator
from contextlib import aclosing

from . import wire
from .base import Answer
from .pull import pull
from .room import PlayerStalled, Room
from .session import Caption, Event


class Performance:
    """One reply on its way to a room: ``started``, its parts, then ``ended`` or ``error``.

    Args:
        room: Who gets it.
        reply: Its id.
        loop_frame: The frame of the idle loop it begins at.
    """

    def __init__(self, room: Room, reply: str, loop_frame: int) -> None:
        self._room = room
        self._reply = reply
        self._loop_frame = loop_frame
        self._asked = time.monotonic()
        self._first_text_ms: int | None = None
        self._first_media_ms: int | None = None
        self._n_frames = 0
        self._duration_ms = 0
        self._seq = 0

    async def run(self, perform: Callable[[int], Generator[Event, None, None]]) -> None:
        """Send everything that ``perform``, begun at the loop frame, yields.

        Raises:
            ReplyError: A stage failed; call :meth:`fail`.
            asyncio.CancelledError: It was interrupted; call :meth:`end`.
        """
        await self._room.send(wire.text("started", reply=self._reply))
        try:
            async with aclosing(pull(perform(self._loop_frame))) as events:
                async for event in events:
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
        message = wire.text(
            "ended",
            reply=self._reply,
            interrupted=interrupted,
            frames=self._n_frames,
            duration_ms=self._duration_ms,
            timings=timings,
        )
        await self._room.send(message)

    async def fail(self, code: str, message: str, *, retryable: bool = False) -> None:
        """Say why there is no reply, or no more of it."""
        await self._room.send(wire.error(self._reply, code, message, retryable=retryable))

    async def _send(self, event: Event) -> None:
        match event:
            case Caption():
                await self._room.send(wire.sentence(self._reply, event))
                self._has_sent_text()
            case Answer():
                await self._room.send(wire.answer(self._reply, event))
                self._has_sent_text()
            case fragment:
                await self._room.wait_for_room(self._reply, fragment.pts_ms)
                message = wire.media(self._reply, self._seq, fragment, self._loop_frame)
                await self._room.send_media(message)
                self._seq += 1
                self._n_frames += fragment.n_frames
                self._duration_ms += fragment.duration_ms
                if fragment.kind == "media" and self._first_media_ms is None:
                    self._first_media_ms = self._elapsed_ms()

    def _has_sent_text(self) -> None:
        if self._first_text_ms is None:
            self._first_text_ms = self._elapsed_ms()

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._asked) * 1000)
