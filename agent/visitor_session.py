"""One visitor's session: their connections, what they asked before, and at most one reply."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol

from websockets.exceptions import ConnectionClosed

from .concurrency import finish_despite_cancellation
from .conversation_store import ConversationStore
from .types import Answer, Turn

ConnectionRole = Literal["both", "ask", "play"]

SEND_TIMEOUT = 10.0  # s; a client that reads nothing for so long is cut off
MAX_BUFFER_AHEAD_MS = 3_000  # how much media may lie ahead of what a page has played
MAX_TURNS = 6  # questions that are remembered for those that follow them
CLOSE_TAKEN_OVER = 4001  # close code: a newer player has this session


class Connection(Protocol):
    """What a session needs of a websocket."""

    transport: asyncio.Transport

    async def send(self, message: str | bytes, /) -> None:
        """Send a message; waits while the client reads too slowly.

        Raises:
            ConnectionClosed: The client is gone.
        """
        ...

    async def close(self, code: int = ..., reason: str = ...) -> None:
        """Say goodbye, and wait until the client has heard it."""
        ...


class VisitorSession:
    """Everything that belongs to one session id.

    All of it is touched by the event loop's thread alone. At most one reply runs at any time:
    whoever begins or ends one holds a lock until the reply before it has really ended.

    Args:
        session_id: Chosen by the visitor's page.
        store: Where turns are kept beyond the session's end.
    """

    def __init__(self, session_id: str, store: ConversationStore) -> None:
        self.session_id = session_id
        self.connections: dict[Connection, ConnectionRole] = {}
        self.client = ""
        """Where the player comes from, whose share of the places its replies count in."""
        self._store = store
        self._turns = deque(store.recall(session_id), maxlen=MAX_TURNS)
        self._reply: asyncio.Task[None] | None = None
        self._reply_lock = asyncio.Lock()
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._played: dict[str, float] = {}
        self._progress = asyncio.Event()
        self._idle = (0.0, 0.0)  # position in the loop, s, and when that was

    # ---- connections ----------------------------------------------------------------------------

    def join(self, connection: Connection, role: ConnectionRole, client: str = "") -> None:
        """Take a connection in; a new player sends an older one away.

        Args:
            connection: It.
            role: What it is for.
            client: Where it comes from; empty where that is not known, or this machine.
        """
        if role != "ask":
            self.client = client
        older = self.players() if role != "ask" else []
        self.connections[connection] = role
        for player in older:
            del self.connections[player]
            # The newcomer does not wait for the goodbye of a page that may be long gone.
            goodbye = asyncio.create_task(
                player.close(CLOSE_TAKEN_OVER, "another player took this session over")
            )
            self._goodbyes.add(goodbye)
            goodbye.add_done_callback(self._goodbyes.discard)

    async def leave(self, connection: Connection) -> None:
        """Let a connection go; the reply ends with the last one."""
        self.connections.pop(connection, None)
        if not self.connections:
            await self.stop_reply()

    def players(self) -> list[Connection]:
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

    async def send_to(self, connection: Connection, message: str | bytes) -> None:
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

    # ---- the reply ------------------------------------------------------------------------------

    async def start_reply(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """End the reply in progress, wait until it has ended, then begin another.

        Nothing begins where nobody is connected any more, or once the session is closing.

        Args:
            make: Makes the coroutine of the new reply, which is cancelled to interrupt it.
        """
        async with self._reply_lock:
            await self._end_reply()
            if self.connections and not self._is_closing:
                self._reply = asyncio.create_task(make())
                await asyncio.sleep(0)  # let it begin, so that even an instant stop is answered

    async def stop_reply(self) -> None:
        """End the reply in progress and wait until it has ended."""
        async with self._reply_lock:
            await self._end_reply()

    def begin_closing(self) -> None:
        """Interrupt the reply in progress without waiting for its end, and begin no other."""
        self._is_closing = True
        if self._reply is not None and not self._reply.cancelling():
            self._reply.cancel()

    async def _end_reply(self) -> None:
        if self._reply is None:
            return
        if not self._reply.cancelling():
            self._reply.cancel()
        # Should this wait itself be cancelled, the reply is still known, and still awaited by
        # whoever comes next.
        await asyncio.wait({self._reply})
        self._reply = None

    # ---- turns ----------------------------------------------------------------------------------

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered, the latest last."""
        return tuple(self._turns)

    async def remember(self, question: str, answer: Answer) -> None:
        """Keep a turn for the questions that follow it; interrupted, it is kept all the same."""
        self._turns.append(Turn(question, answer))
        if self._store.is_on:
            kept = asyncio.to_thread(self._store.keep, self.session_id, self.turns)
            await finish_despite_cancellation(kept)

    async def forget(self) -> None:
        """End the reply in progress, and forget all turns, on disk too.

        Raises:
            OSError: The disk does not let go of them.
        """
        async with self._reply_lock:
            await self._end_reply()
            self._turns.clear()
            await asyncio.to_thread(self._store.forget, self.session_id)

    # ---- where the page is ----------------------------------------------------------------------

    def note_playback(self, reply: str, position_ms: float) -> None:
        """Note how far the page has played a reply, milliseconds."""
        self._played = {reply: max(position_ms, self._played.get(reply, 0.0))}
        self._progress.set()

    async def wait_for_playback(self, reply: str, pts_ms: int) -> None:
        """Wait until media at ``pts_ms`` is not too far ahead of the page, for ever if need be.

        A client that never says how far it is gets everything as it is made.
        """
        while reply in self._played and pts_ms - self._played[reply] > MAX_BUFFER_AHEAD_MS:
            self._progress.clear()
            await self._progress.wait()

    def note_idle_position(self, position_ms: float) -> None:
        """Note where the page is in the idle loop now, milliseconds from the loop's start."""
        self._idle = (position_ms / 1000, time.monotonic())

    def idle_position(self, ahead: float) -> float:
        """Where the page will be ``ahead`` seconds from now, in seconds of idle loop, unwrapped."""
        position, noted = self._idle
        return position + (time.monotonic() - noted) + ahead if noted else 0.0
