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

from ..concurrency import ConcurrencyLimiter, Slot
from ..conversation_store import ConversationStore
from ..pipeline import AnswerPipeline
from ..protocol import responses
from ..reply_stream import ReplyStream
from ..service_texts import service_text
from ..settings import Settings
from ..types import Answer, MediaKind, Question, ReplyError, ReplyEvent, Turn
from ..visitor_session import ConnectionRole, VisitorSession

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 * 1024  # bytes a client may send at once
SLOT_TIMEOUT = 2.0  # s a reply waits for a place to be rendered; its text does not wait
# From the question to the moment its first picture is seen: the server's own time,
# the network, and the page's start buffer. The reply begins where the idle loop will be.
EXPECTED_START_DELAY = 0.45  # s

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class WebsocketServer:
    """Serves the loaded stages to many visitors.

    Args:
        session: The stages.
        presenter: Whose idle loop players are given.
        settings: Of the deployment.
    """

    def __init__(self, session: AnswerPipeline, presenter: Presenter, settings: Settings) -> None:
        self._session = session
        self._presenter = presenter
        self._idle = _idle_loop(presenter)  # once: many may connect at the same moment
        self._settings = settings
        self._sessions: dict[str, VisitorSession] = {}
        self._places = ConcurrencyLimiter(settings.server.max_replies, SLOT_TIMEOUT)
        self._memory = ConversationStore(settings.conversations, settings.memory.keep_hours * 3600)

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
            max_size=MAX_MESSAGE_BYTES,
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
        role = cast(ConnectionRole, query.get("role", ["both"])[0])
        session_id = query.get("session", [uuid.uuid4().hex])[0]
        if role not in get_args(ConnectionRole) or not _SESSION_ID.fullmatch(session_id):
            why = "role must be both, ask or play; session 8 to 64 of A-Za-z0-9_-"
            await connection.close(1008, why)
            return
        if session_id not in self._sessions:
            self._sessions[session_id] = VisitorSession(session_id)
            self._sessions[session_id].turns.extend(self._memory.recall(session_id))
        room = self._sessions[session_id]
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
                if not room.connections and self._sessions.get(session_id) is room:
                    del self._sessions[session_id]

    async def _greet(
        self, room: VisitorSession, connection: ServerConnection, role: ConnectionRole
    ) -> None:
        card = self._presenter.card
        hello = responses.text(
            "hello",
            protocol=responses.PROTOCOL_VERSION,
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
        self, room: VisitorSession, connection: ServerConnection, message: str | bytes
    ) -> None:
        try:
            request = responses.parse(message)
        except responses.ProtocolError as error:
            message = " ".join(service_text(error.code, language) for language in ("zh", "en"))
            await room.send_to(connection, responses.error(None, error.code, message))
            return
        match request:
            case responses.AskRequest() | responses.SayRequest():
                await room.stop()
                room.reply = asyncio.create_task(self._reply(room, request))
                await asyncio.sleep(0)  # let it begin, so that even an instant stop is answered
            case responses.StopRequest():
                await room.stop()
            case responses.PlayedReport(reply=reply, position_ms=position):
                room.note_playback(reply, position)
            case responses.IdleReport(position_ms=position):
                room.note_idle_position(position)
            case responses.FeedbackRequest():
                await asyncio.to_thread(self._note, request)
            case responses.RecallRequest():
                await room.send_to(connection, responses.recalled(room.turns))
            case responses.ForgetRequest():
                await room.stop()
                room.turns.clear()
                await room.send_to(connection, await asyncio.to_thread(self._forget, room))
            case responses.PingRequest():
                await room.send_to(connection, responses.text("pong"))

    def _forget(self, room: VisitorSession) -> str:
        """Delete what is kept on disk; returns what the visitor is told."""
        try:
            self._memory.forget(room.session_id)
        except OSError as error:
            logger.error("a conversation cannot be deleted: %s", error.strerror)
            message = " ".join(service_text("not_forgotten", language) for language in ("zh", "en"))
            return responses.error(None, "not_forgotten", message, retryable=True)
        return responses.text("forgotten")

    def _note(self, feedback: responses.FeedbackRequest) -> None:
        """Keep what a visitor thinks of an answer, for the people who care for the entries."""
        record = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **feedback.model_dump()}
        path = self._settings.data_dir / "feedback.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    async def _reply(
        self, room: VisitorSession, request: responses.AskRequest | responses.SayRequest
    ) -> None:
        """Answer one request; ends with exactly one ``ended`` or ``error``."""
        reply = request.reply or uuid.uuid4().hex
        performance = ReplyStream(room, reply, request.language)
        problem = self._refuse(request)
        if problem:
            code, values = problem
            await performance.fail(code, service_text(code, request.language, **values))
            return
        slot = self._places.slot()
        try:
            withdrawn = threading.Event()
            events = self._perform(room, request, slot, withdrawn)
            await performance.run(events, withdrawn)
        except asyncio.CancelledError:
            await performance.end(interrupted=True)
            raise
        except ReplyError as error:  # the log names the stage, never the visitor's words
            cause = type(error.__cause__).__name__
            logger.error("reply failed: %s stage, %r", error.stage, cause)
            message = service_text("failed", request.language, hotline=self._settings.hotline)
            await performance.fail("failed", message, retryable=error.retryable)
        finally:
            slot.release()

    def _refuse(
        self, request: responses.AskRequest | responses.SayRequest
    ) -> tuple[str, dict[str, object]] | None:
        """Why a request is not even tried, as an error code and what its text needs."""
        limit = self._settings.server.max_question_chars
        if not _clean(request.text):
            return "empty_question", {}
        if len(request.text) > limit:
            return "too_long", {"limit": limit}
        if isinstance(request, responses.SayRequest) and not self._settings.server.allow_say:
            return "not_allowed", {}
        return None

    def _start_frame(self, room: VisitorSession) -> int:
        fps = self._presenter.card.fps
        return round(room.idle_position(EXPECTED_START_DELAY) * fps) % len(self._presenter)

    def _perform(
        self,
        room: VisitorSession,
        request: responses.AskRequest | responses.SayRequest,
        slot: Slot,
        withdrawn: threading.Event,
    ) -> Generator[ReplyEvent, None, None]:
        """The reply; what it needs to know of the room is asked now, the rest runs in a thread."""
        media: MediaKind = request.media if room.players() else "none"
        first = self._start_frame(room)
        text = _clean(request.text)
        if isinstance(request, responses.SayRequest):
            return self._session.say(text, media=media, first=first, admit=slot.take)
        question = Question(
            text,
            room.session_id,
            request.language,
            request.filter.field,
            request.filter.region,
            tuple(room.turns),
            withdrawn,
        )
        events = self._session.reply(question, media=media, first=first, admit=slot.take)
        return self._remembered(events, text, room)

    def _remembered(
        self, events: Generator[ReplyEvent, None, None], question: str, room: VisitorSession
    ) -> Generator[ReplyEvent, None, None]:
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
    return responses.binary(header, presenter.idle_mp4)


def _clean(text: str) -> str:
    """The question without control characters and surrounding white space."""
    return _CONTROL_CHARACTERS.sub("", text).strip()
