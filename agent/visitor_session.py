"""One visitor's session on the server: their connections, and the reply in progress."""

import asyncio
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from .types import Turn

ConnectionRole = Literal["both", "ask", "play"]

SEND_TIMEOUT = 10.0  # s; a client that reads nothing for so long is cut off
MAX_BUFFER_AHEAD_MS = 3_000  # how much media may lie ahead of what a page has played
SEND_BUFFER_BYTES = 256 * 1024  # bytes; the kernel's default would swallow a minute of media
STALL_TIMEOUT = 60.0  # s without any progress of a playing page, after which its reply ends
MAX_TURNS = 6  # questions that are remembered for those that follow them
CLOSE_TAKEN_OVER = 4001  # close code: a newer player has this session


class PlayerStalled(Exception):
    """The page stopped playing and does not go on."""


@dataclass(eq=False)
class VisitorSession:
    """Everything that belongs to one session id."""

    session_id: str
    connections: dict[ServerConnection, ConnectionRole] = field(default_factory=dict)
    reply: asyncio.Task[None] | None = None
    turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))
    _played: dict[str, float] = field(default_factory=dict)
    _progress: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: tuple[float, float] = (0.0, 0.0)  # position in the loop, s, and when that was

    async def join(self, connection: ServerConnection, role: ConnectionRole) -> None:
        """Take a connection in; a new player sends an older one away."""
        sock = connection.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if role != "ask":
            for older in self.players():
                del self.connections[older]
                await older.close(CLOSE_TAKEN_OVER, "another player took this session over")
        self.connections[connection] = role

    def players(self) -> list[ServerConnection]:
        """The connections that want media; at most one."""
        return [c for c, role in self.connections.items() if role != "ask"]

    async def send(self, message: str) -> None:
        """Send a text message to every connection."""
        for connection in list(self.connections):
            await self.send_to(connection, message)

    async def send_media(self, message: bytes) -> None:
        """Send a binary message to the player."""
        for connection in self.players():
            await self.send_to(connection, message)

    async def send_to(self, connection: ServerConnection, message: str | bytes) -> None:
        """Send to one connection; one that does not read is cut off.

        A graceful close would wait for that client as well: it hangs where
        ``transport.abort()`` does not.
        """
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await connection.send(message)
        except TimeoutError:
            connection.transport.abort()
        except ConnectionClosed:
            pass

    def note_playback(self, reply: str, position_ms: float) -> None:
        """Note how far the page is."""
        self._played = {reply: max(position_ms, self._played.get(reply, 0.0))}
        self._progress.set()

    async def wait_for_playback(self, reply: str, pts_ms: int) -> None:
        """Wait until media at ``pts_ms`` is not too far ahead of the page.

        A client that never says how far it is gets everything as it is made.

        Raises:
            PlayerStalled: The page made no progress for a long time.
        """
        while reply in self._played and pts_ms - self._played[reply] > MAX_BUFFER_AHEAD_MS:
            self._progress.clear()
            try:
                async with asyncio.timeout(STALL_TIMEOUT):
                    await self._progress.wait()
            except TimeoutError:
                raise PlayerStalled from None

    def note_idle_position(self, position_ms: float) -> None:
        """Note where the page is in the idle loop now."""
        self._idle = (position_ms / 1000, time.monotonic())

    def idle_position(self, ahead: float) -> float:
        """Where the page will be ``ahead`` seconds from now, in seconds of idle loop, unwrapped."""
        position, noted = self._idle
        return position + (time.monotonic() - noted) + ahead if noted else 0.0

    async def stop(self) -> None:
        """End the reply in progress and wait until it has ended."""
        task, self.reply = self.reply, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
