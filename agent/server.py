"""Replies over a websocket: one at a time per visitor, and interruptible."""

import asyncio
import hmac
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, closing
from http import HTTPStatus
from typing import cast, get_args
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server as Listener
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from avatar_engine import Presenter

from . import wire
from .base import Answer, Question, ReplyError, Turn
from .events import Event, Media
from .memory import Memory
from .performance import Performance
from .phrases import phrase
from .places import Places, Ticket
from .room import Role, Room
from .session import Session
from .settings import Settings

logger = logging.getLogger(__name__)

MAX_MESSAGE = 64 * 1024  # bytes a client may send at once
BUSY_AFTER = 2.0  # s a reply waits for a place to be rendered; its text does not wait
# From the question to the moment its first picture is seen: the server's own time,
# the network, and the page's start buffer. The reply begins where the idle loop will be.
HEAD_START = 0.45  # s

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Server:
    """Serves the loaded stages to many visitors.

    Args:
        session: The stages.
        presenter: Whose idle loop players are given.
        settings: Of the deployment.
    """

    def __init__(self, session: Session, presenter: Presenter, settings: Settings) -> None:
        self._session = session
        self._presenter = presenter
        self._idle = _idle_loop(presenter)  # once: many may connect at the same moment
        self._settings = settings
        self._rooms: dict[str, Room] = {}
        self._places = Places(settings.server.max_replies, BUSY_AFTER)
        self._memory = Memory(settings.conversations, settings.memory.keep_hours * 3600)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Accept visitors until the block is left.

        Raises:
            OSError: The address is in use or not ours.
        """
        async with serve(
            self._visit,
            self._settings.server.host,
            self._settings.server.port,
            process_request=self._admit,
            compression=None,  # media is compressed already
            max_size=MAX_MESSAGE,
            server_header=None,
            ping_interval=20,
            ping_timeout=20,
        ) as listener:
            yield listener

    def _admit(self, connection: ServerConnection, request: HttpRequest) -> Response | None:
        """Turn away what does not belong here before it becomes a websocket."""
        url = urlsplit(request.path)
        if url.path == "/healthz":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if url.path != "/v1":
            return connection.respond(HTTPStatus.NOT_FOUND, "the protocol is spoken at /v1\n")
        token, given = self._settings.server.token, parse_qs(url.query).get("token", [""])[0]
        if token and not hmac.compare_digest(token.encode(), given.encode()):
            return connection.respond(HTTPStatus.UNAUTHORIZED, "the token is wrong or missing\n")
        if not self._is_welcome(request.headers.get("Origin"), request.headers.get("Host", "")):
            return connection.respond(
                HTTPStatus.FORBIDDEN, "this page is not in the setting server.origins\n"
            )
        return None

    def _is_welcome(self, origin: str | None, host: str) -> bool:
        """Pages of the same host may connect, those named in the settings, and programs."""
        if origin is None or origin in self._settings.server.origins:
            return True
        return urlsplit(origin).hostname == urlsplit(f"//{host}").hostname

    async def _visit(self, connection: ServerConnection) -> None:
        """One connection, from hello to goodbye."""
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        role = cast(Role, query.get("role", ["both"])[0])
        session_id = query.get("session", [uuid.uuid4().hex])[0]
        if role not in get_args(Role) or not _SESSION_ID.fullmatch(session_id):
            why = "role must be both, ask or play; session 8 to 64 of A-Za-z0-9_-"
            await connection.close(1008, why)
            return
        if session_id not in self._rooms:
            self._rooms[session_id] = Room(session_id)
            self._rooms[session_id].turns.extend(self._memory.recall(session_id))
        room = self._rooms[session_id]
        await room.join(connection, role)
        try:
            await self._greet(room, connection, role)
            async for message in connection:
                await self._receive(room, connection, message)
        except ConnectionClosed:
            pass
        finally:
            room.connections.pop(connection, None)
            if not room.connections:
                await room.stop()
                if not room.connections and self._rooms.get(session_id) is room:
                    del self._rooms[session_id]

    async def _greet(self, room: Room, connection: ServerConnection, role: Role) -> None:
        card = self._presenter.card
        hello = wire.text(
            "hello",
            protocol=wire.PROTOCOL,
            session=room.session_id,
            presenter={
                "name": card.name,
                "title": card.title,
                "width": card.width,
                "height": card.height,
                "fps": card.fps,
                "idle_mime": "video/mp4",
                "idle_bytes": len(self._presenter.idle_mp4),
            },
            ai_generated=True,
            label=card.label,
        )
        await room.send_to(connection, hello)
        if role != "ask":
            await room.send_to(connection, self._idle)

    async def _receive(
        self, room: Room, connection: ServerConnection, message: str | bytes
    ) -> None:
        try:
            request = wire.parse(message)
        except wire.WireError as error:
            message = " ".join(phrase(error.code, language) for language in ("zh", "en"))
            await room.send_to(connection, wire.error(None, error.code, message))
            return
        match request:
            case wire.Ask() | wire.Say():
                await room.stop()
                room.reply = asyncio.create_task(self._reply(room, request))
                await asyncio.sleep(0)  # let it begin, so that even an instant stop is answered
            case wire.Stop():
                await room.stop()
            case wire.Played(reply=reply, position_ms=position):
                room.has_played(reply, position)
            case wire.Idle(position_ms=position):
                room.is_idle_at(position)
            case wire.Feedback():
                await asyncio.to_thread(self._note, request)
            case wire.Recall():
                await room.send_to(connection, wire.recalled(room.turns))
            case wire.Forget():
                await room.stop()
                room.turns.clear()
                await room.send_to(connection, await asyncio.to_thread(self._forget, room))
            case wire.Ping():
                await room.send_to(connection, wire.text("pong"))

    def _forget(self, room: Room) -> str:
        """Delete what is kept on disk; returns what the visitor is told."""
        try:
            self._memory.forget(room.session_id)
        except OSError as error:
            logger.error("a conversation cannot be deleted: %s", error.strerror)
            message = " ".join(phrase("not_forgotten", language) for language in ("zh", "en"))
            return wire.error(None, "not_forgotten", message, retryable=True)
        return wire.text("forgotten")

    def _note(self, feedback: wire.Feedback) -> None:
        """Keep what a visitor thinks of an answer, for the people who care for the entries."""
        record = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **feedback.model_dump()}
        path = self._settings.data_dir / "feedback.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    async def _reply(self, room: Room, request: wire.Ask | wire.Say) -> None:
        """Answer one request; ends with exactly one ``ended`` or ``error``."""
        reply = request.reply or uuid.uuid4().hex
        performance = Performance(room, reply, request.language)
        problem = self._refuse(request)
        if problem:
            code, values = problem
            await performance.fail(code, phrase(code, request.language, **values))
            return
        ticket = self._places.ticket()
        try:
            withdrawn = threading.Event()
            events = self._perform(room, request, ticket, withdrawn)
            await performance.run(events, withdrawn)
        except asyncio.CancelledError:
            await performance.end(interrupted=True)
            raise
        except ReplyError as error:  # the log names the stage, never the visitor's words
            cause = type(error.__cause__).__name__
            logger.error("reply failed: %s stage, %r", error.stage, cause)
            message = phrase("failed", request.language, hotline=self._settings.hotline)
            await performance.fail("failed", message, retryable=error.retryable)
        finally:
            ticket.give_back()

    def _refuse(self, request: wire.Ask | wire.Say) -> tuple[str, dict[str, object]] | None:
        """Why a request is not even tried, as an error code and what its text needs."""
        limit = self._settings.server.max_question_chars
        if not _clean(request.text):
            return "empty_question", {}
        if len(request.text) > limit:
            return "too_long", {"limit": limit}
        if isinstance(request, wire.Say) and not self._settings.server.allow_say:
            return "not_allowed", {}
        return None

    def _start_frame(self, room: Room) -> int:
        fps = self._presenter.card.fps
        return round(room.idle_position(HEAD_START) * fps) % len(self._presenter)

    def _perform(
        self,
        room: Room,
        request: wire.Ask | wire.Say,
        ticket: Ticket,
        withdrawn: threading.Event,
    ) -> Generator[Event, None, None]:
        """The reply; what it needs to know of the room is asked now, the rest runs in a thread."""
        media: Media = request.media if room.players() else "none"
        first = self._start_frame(room)
        text = _clean(request.text)
        if isinstance(request, wire.Say):
            return self._session.say(text, media=media, first=first, admit=ticket.take)
        question = Question(
            text,
            room.session_id,
            request.language,
            request.filter.field,
            request.filter.region,
            tuple(room.turns),
            withdrawn,
        )
        events = self._session.reply(question, media=media, first=first, admit=ticket.take)
        return self._remembered(events, text, room)

    def _remembered(
        self, events: Generator[Event, None, None], question: str, room: Room
    ) -> Generator[Event, None, None]:
        """Pass a reply through; its answer is remembered for questions that follow."""
        with closing(events):
            for event in events:
                if isinstance(event, Answer):
                    room.turns.append(Turn(question, event))
                    self._memory.keep(room.session_id, room.turns)
                yield event


def _idle_loop(presenter: Presenter) -> bytes:
    """The message that every player is sent first."""
    header = {
        "kind": "idle", "reply": None, "seq": 0, "pts_ms": 0,
        "duration_ms": len(presenter) * 1000 // presenter.card.fps,
        "frames": len(presenter), "mime": "video/mp4",
    }  # fmt: skip
    return wire.binary(header, presenter.idle_mp4)


def _clean(text: str) -> str:
    """The question without control characters and surrounding white space."""
    return _CONTROL.sub("", text).strip()
