"""All visitors' sessions: who joins, what they send, who leaves. No sockets are opened here."""

import asyncio
import logging
import re
import threading
import uuid
from collections.abc import Coroutine, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

from avatar_engine import Presenter
from retrievers import StoreError

from ..concurrency import ConcurrencyLimiter, Slot
from ..conversation_store import ConversationStore
from ..feedback_store import FeedbackStore
from ..metrics import VISITORS
from ..pipeline import AnswerPipeline
from ..protocol import requests
from ..protocol.responses import (
    ErrorCode,
    ErrorMessage,
    ForgottenMessage,
    HelloMessage,
    IdleLoopHeader,
    PongMessage,
    PresenterInfo,
    RatedMessage,
    recalled_message,
)
from ..reply_stream import STALL_TIMEOUT, PlayerStalled, ReplyStream
from ..service_texts import service_text
from ..settings import Settings
from ..types import Answer, MediaKind, Notice, Question, ReplyError, ReplyEvent
from ..visitor_session import Connection, ConnectionRole, VisitorSession

logger = logging.getLogger(__name__)

GOODBYE_TIMEOUT = 0.6  # s for telling everybody that their reply ends as the server stops
FLUSH_TIMEOUT = 0.4  # s for what is still being written then
MAX_WAITING_FEEDBACK = 20  # ratings that wait for the disk; those that come then are not kept
SLOT_TIMEOUT = 2.0  # s a reply waits until it may be rendered; its text does not wait
# From the question to the moment its first picture is seen: the server's own time,
# the network, and the page's start buffer. The reply begins where the idle loop will be.
EXPECTED_START_DELAY = 0.45  # s

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

SpokenRequest = requests.AskRequest | requests.SayRequest


class SessionManager:
    """Answers what visitors send, each in their own session.

    Args:
        pipeline: Makes the replies of all sessions.
        presenter: Whose idle loop players are given.
        settings: Of the deployment.
    """

    def __init__(self, pipeline: AnswerPipeline, presenter: Presenter, settings: Settings) -> None:
        self._pipeline = pipeline
        self._presenter = presenter
        self._idle_loop = _idle_loop_message(presenter)  # once: many may connect at a time
        self._settings = settings
        self._sessions: dict[str, VisitorSession] = {}
        self._streams: set[ReplyStream] = set()
        self._is_closing = False
        n_places = settings.server.max_replies
        self._render_limiter = ConcurrencyLimiter(n_places, SLOT_TIMEOUT, max(1, n_places // 2))
        self._feedback = FeedbackStore(settings.data_dir)
        # A thread of its own: ratings that wait for the disk hold up nothing else.
        self._feedback_thread = ThreadPoolExecutor(1, "feedback")
        self._n_waiting_feedback = 0
        self._store = ConversationStore(settings.conversations, settings.memory.keep_hours * 3600)

    async def join(
        self, session_id: str, connection: Connection, role: ConnectionRole, client: str = ""
    ) -> VisitorSession:
        """Let a connection into its session, which is made if there is none, and greet it.

        Args:
            session_id: The session's.
            connection: It.
            role: What it is for.
            client: Where it comes from: one client's replies take half of the places at most.
                Empty where that is not known, or this machine.
        """
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = VisitorSession(session_id, self._store)
            VISITORS.set(len(self._sessions))
        session.join(connection, role, client)
        await session.send_to(connection, self._hello(session_id).encode())
        if role != "ask":
            await session.send_to(connection, self._idle_loop)
        return session

    async def leave(self, session_id: str, connection: Connection) -> None:
        """Let a connection go; with the last one goes its session."""
        session = self._sessions.get(session_id)
        if session is None or connection not in session.connections:
            return  # a newer player took its session over
        await session.leave(connection)
        if not session.connections and self._sessions.get(session_id) is session:
            del self._sessions[session_id]
            VISITORS.set(len(self._sessions))

    async def close(self) -> None:
        """End all replies: tell everybody at once, then wait a moment for what is still going on.

        What is being made cannot be stopped everywhere, such as a request to another service; so
        nobody waits for that to be told.
        """
        self._is_closing = True
        sessions = list(self._sessions.values())
        for session in sessions:
            session.begin_closing()
        await _all_within(
            GOODBYE_TIMEOUT, [s.end(interrupted=True, closing=True) for s in self._streams]
        )
        await _all_within(FLUSH_TIMEOUT, [session.stop_reply() for session in sessions])

    async def receive(
        self, session: VisitorSession, connection: Connection, message: str | bytes
    ) -> None:
        """Do what a client's message asks for."""
        try:
            request = requests.parse(message)
        except requests.ProtocolError as error:
            await session.send_to(connection, _error(error.code))
            return
        match request:
            case requests.AskRequest() | requests.SayRequest():
                await session.start_reply(lambda: self._reply(session, request))
            case requests.StopRequest():
                await session.stop_reply()
            case requests.PlayedReport(reply=reply, position_ms=position):
                session.note_playback(reply, position)
            case requests.IdleReport(position_ms=position):
                session.note_idle_position(position)
            case requests.FeedbackRequest():
                told = await self._take_feedback(session, request)
                await session.send_to(connection, told)
            case requests.RecallRequest():
                await session.send_to(connection, recalled_message(session.turns).encode())
            case requests.ForgetRequest():
                await session.send_to(connection, await _forget(session))
            case requests.PingRequest():
                await session.send_to(connection, PongMessage().encode())

    def _hello(self, session_id: str) -> HelloMessage:
        card = self._presenter.card
        presenter = PresenterInfo(
            name=card.name,
            title=card.title,
            width=card.width,
            height=card.height,
            fps=card.fps,
            idle_bytes=len(self._presenter.idle_mp4),
        )
        return HelloMessage(session=session_id, presenter=presenter, label=card.label)

    async def _take_feedback(
        self, session: VisitorSession, feedback: requests.FeedbackRequest
    ) -> str:
        """Keep what a visitor thinks of an answer; returns the message that says whether it is."""
        rating, comment = feedback.rating, _clean(feedback.comment)
        keep = partial(self._feedback.keep, session.session_id, feedback.reply, rating, comment)
        if self._n_waiting_feedback >= MAX_WAITING_FEEDBACK:
            return _error("not_kept", retryable=True)
        self._n_waiting_feedback += 1
        try:
            loop = asyncio.get_running_loop()
            if not await loop.run_in_executor(self._feedback_thread, keep):
                return _error("unknown_reply")
        except (StoreError, OSError) as error:
            logger.error("feedback cannot be kept: %s", error)
            return _error("not_kept", retryable=True)
        finally:
            self._n_waiting_feedback -= 1
        return RatedMessage(reply=feedback.reply).encode()

    async def _reply(self, session: VisitorSession, request: SpokenRequest) -> None:
        """Answer one request; ends with exactly one ``ended`` or ``error``."""
        reply = request.reply or uuid.uuid4().hex
        stream = ReplyStream(session, reply, request.language)
        problem = self._refusal(request)
        if problem:
            code, values = problem
            await stream.fail(code, service_text(code, request.language, **values))
            return
        slot = self._render_limiter.slot(session.client)
        self._streams.add(stream)
        try:
            await self._stream(session, request, stream, slot)
        except asyncio.CancelledError:
            await stream.end(interrupted=True, closing=self._is_closing)
            raise
        except Exception as error:  # the log names stage and kind, never the visitor's words
            stage = f"{error.stage} stage" if isinstance(error, ReplyError) else "session"
            cause = error.__cause__ if isinstance(error, ReplyError) else error
            logger.error("reply failed: %s, %r", stage, type(cause).__name__)
            retryable = isinstance(error, ReplyError) and error.retryable
            message = service_text("failed", request.language, hotline=self._settings.hotline)
            await stream.fail("failed", message, retryable=retryable)
        finally:
            slot.release()
            self._streams.discard(stream)

    async def _stream(
        self, session: VisitorSession, request: SpokenRequest, stream: ReplyStream, slot: Slot
    ) -> None:
        """Make the reply and send it as it is made."""
        withdrawn = threading.Event()
        media: MediaKind = request.media if session.players() else "none"
        n_loop_frames, fps = len(self._presenter), self._presenter.card.fps
        first = round(session.idle_position(EXPECTED_START_DELAY) * fps) % n_loop_frames
        text = _clean(request.text)
        if isinstance(request, requests.SayRequest):
            events = self._pipeline.say(text, media=media, first=first, admit=slot.take)
            events = _made_in_place(events, slot, withdrawn)
            await stream.run(events, withdrawn, media=media, on_pause=slot.give_up)
            return
        question = Question(
            text,
            session.session_id,
            request.language,
            request.filter.field,
            request.filter.region,
            session.turns,
            withdrawn,
        )

        async def remember(answer: Answer) -> None:
            self._feedback.note_given(session.session_id, stream.reply, answer)
            await session.remember(text, answer)

        events = self._pipeline.reply(question, media=media, first=first, admit=slot.take)
        events = _made_in_place(events, slot, withdrawn)
        await stream.run(events, withdrawn, media=media, on_answer=remember, on_pause=slot.give_up)

    def _refusal(self, request: SpokenRequest) -> tuple[ErrorCode, dict[str, Any]] | None:
        """Why a request is not even tried, as an error code and what its text needs."""
        limit = self._settings.server.max_question_chars
        if not _clean(request.text):
            return "empty_question", {}
        if len(request.text) > limit:
            return "too_long", {"limit": limit}
        if isinstance(request, requests.SayRequest) and not self._settings.server.allow_say:
            return "not_allowed", {}
        return None


async def _all_within(seconds: float, work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it side by side, and leave what is not done in time behind."""
    tasks = [asyncio.create_task(one) for one in work]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def _forget(session: VisitorSession) -> str:
    """Forget all turns; returns the message that says so, or an error."""
    try:
        await session.forget()
    except OSError as error:
        logger.error("a conversation cannot be deleted: %s", error.strerror)
        return _error("not_forgotten", retryable=True)
    return ForgottenMessage().encode()


def _error(code: ErrorCode, *, retryable: bool = False) -> str:
    """An error that concerns no reply, and so has no language: its text is in both."""
    text = " ".join(service_text(code, language) for language in ("zh", "en"))
    return ErrorMessage(reply=None, code=code, message=text, retryable=retryable).encode()


def _made_in_place(
    events: Generator[ReplyEvent, None, None], slot: Slot, withdrawn: threading.Event
) -> Generator[ReplyEvent, None, None]:
    """The same events; where the slot was given up, the next ones wait until there is one again.

    Raises:
        PlayerStalled: There is none for a long time; the visitor is told before.
    """
    with closing(events):
        for event in events:
            yield event
            if slot.is_given_up and not slot.take_back(withdrawn, STALL_TIMEOUT):
                yield Notice("busy")
                raise PlayerStalled


def _idle_loop_message(presenter: Presenter) -> bytes:
    """The message that every player is sent first."""
    header = IdleLoopHeader(
        seq=0,
        pts_ms=0,
        duration_ms=len(presenter) * 1000 // presenter.card.fps,
        frames=len(presenter),
        mime="video/mp4",
    )
    return header.encode(presenter.idle_mp4)


def _clean(text: str) -> str:
    """The question without control characters and surrounding white space."""
    return _CONTROL_CHARACTERS.sub("", text).strip()
