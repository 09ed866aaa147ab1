"""An OpenAI-compatible endpoint: any program that can talk to a chat model can ask here.

``POST /v1/chat/completions`` and ``GET /v1/models``, as
https://platform.openai.com/docs/api-reference/chat describes them. What that protocol has no
word for (sources, outcome, suggestions) is in the field ``zhengwen`` of the answer, or of the
last piece of a streamed one; ``docs/served.md`` has the details.
"""

import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ..auth_throttle import AuthThrottle
from ..concurrency import iterate_in_thread
from ..protocol.requests import FilterValue, LanguageTag
from ..protocol.responses import answer_record
from ..settings import Settings
from ..types import Answer, Question, Responder, Sentence, Turn
from ..visitor_session import MAX_TURNS

MODEL_NAME = "zhengwen"
MAX_BODY_BYTES = 256 * 1024  # bytes
EVENT_STREAM = "text/event-stream"

logger = logging.getLogger(__name__)


class _ContentPart(BaseModel):
    type: str
    text: str = ""


class _ChatMessage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_ContentPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class _CompletionRequest(BaseModel):
    """A request; what only a language model could heed (``temperature``, ...) is ignored."""

    model_config = ConfigDict(extra="ignore")

    messages: list[_ChatMessage] = Field(min_length=1)
    stream: bool = False
    language: LanguageTag = "zh-CN"
    field: FilterValue | None = None
    region: FilterValue | None = None


class _ApiError(Exception):
    def __init__(self, status: int, code: str, message: str, *, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


def with_budget_per_client(settings: Settings) -> Settings:
    """The settings of a responder that answers programs: each may use more than one visitor."""
    if settings.llm is None:
        return settings
    per_client = {"tokens_per_session": settings.api.tokens_per_client}
    return settings.model_copy(update={"llm": settings.llm.model_copy(update=per_client)})


class OpenAiEndpoint:
    """The endpoint.

    Args:
        responder: Answers; as the chat page does.
        token: What clients must send as ``Authorization: Bearer …``.
        max_question_chars: Longer questions are refused.
        throttle: Makes those who guess tokens wait.
    """

    def __init__(
        self,
        responder: Responder,
        *,
        token: str,
        max_question_chars: int,
        throttle: AuthThrottle | None = None,
    ) -> None:
        self._throttle = throttle or AuthThrottle()
        self._responder = responder
        self._token = token
        self._longest = max_question_chars
        self.app = Starlette(
            routes=[
                Route("/healthz", self._health),
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
            ],
            exception_handlers={_ApiError: _refusal},
        )

    async def _health(self, request: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def _models(self, request: Request) -> Response:
        self._admit(request)
        model = {"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": MODEL_NAME}
        return JSONResponse({"object": "list", "data": [model]})

    async def _complete(self, request: Request) -> Response:
        self._admit(request)
        wish = await _read(request)
        question = self._question(wish, _address(request))
        parts = iterate_in_thread(self._parts(question), question.withdrawn)
        if wish.stream:
            headers = {"X-Accel-Buffering": "no"}  # or a proxy would keep the sentences back
            return StreamingResponse(_streamed(parts), headers=headers, media_type=EVENT_STREAM)
        try:
            async with aclosing(parts):
                [answer] = [part async for part in parts if isinstance(part, Answer)]
        except Exception as error:
            logger.error("an answer failed: %s", type(error).__name__)
            raise _ApiError(500, "failed", "the answer failed; try again") from None
        return JSONResponse(_completion(answer))

    def _admit(self, request: Request) -> None:
        address = _address(request)
        if pause := self._throttle.wait_s(address):
            why = f"too many wrong tokens from this address; try again in {pause} s"
            raise _ApiError(429, "rate_limit_exceeded", why, retry_after_s=pause)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" else ""
        if not self._throttle.admits(address, given, self._token):
            if given:
                logger.warning("a wrong token for the API from %s", address)
            raise _ApiError(401, "invalid_api_key", "the token is wrong or missing")

    def _question(self, wish: _CompletionRequest, client: str) -> Question:
        """The last thing a user said, after what was said before.

        The client's address stands for the session: token budgets are counted by it. Of what was
        asked before, as much counts as on the page, and nothing that is too long for a question.
        """
        turns: list[Turn] = []
        asked = ""
        for message in wish.messages:
            if message.role == "user":
                if 0 < len(asked) <= self._longest:
                    turns.append(Turn(asked, Answer("", "suggested")))
                asked = message.text.strip()
        if wish.messages[-1].role != "user" or not asked:
            raise _ApiError(400, "no_question", "the last message must be a user's, with text")
        if len(asked) > self._longest:
            raise _ApiError(400, "too_long", f"a question has at most {self._longest} characters")
        return Question(
            asked, client, wish.language, wish.field, wish.region, tuple(turns[-MAX_TURNS:])
        )

    def _parts(self, question: Question) -> Generator[Sentence | Answer, None, None]:
        yield from self._responder.respond(question)


async def _read(request: Request) -> _CompletionRequest:
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                most = f"a request has at most {MAX_BODY_BYTES // 1024} KiB"
                raise _ApiError(413, "too_large", most)
    except ClientDisconnect:  # nobody reads this answer; without it there would be a traceback
        raise _ApiError(400, "incomplete", "the request ended before it was whole") from None
    try:
        return _CompletionRequest.model_validate_json(body)
    except ValidationError as error:
        fields = sorted({".".join(map(str, e["loc"])) or "the body" for e in error.errors()})
        raise _ApiError(400, "bad_request", f"not understood: {', '.join(fields)}") from error


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, _ApiError)
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    body = {"message": str(error), "type": kind, "code": error.code}
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else None
    return JSONResponse({"error": body}, status_code=error.status, headers=headers)


def _address(request: Request) -> str:
    """Of the client; uvicorn has put in what a trusted proxy says."""
    return request.client.host if request.client else ""


def _head(kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL_NAME,
    }


def _extension(answer: Answer) -> dict[str, Any]:
    """What the chat page shows of an answer beside its text."""
    fields = {"outcome", "score", "citations", "suggestions"}
    return answer_record(answer).model_dump(mode="json", include=fields)


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**_head("chat.completion"), "choices": [choice], "zhengwen": _extension(answer)}


async def _streamed(parts: AsyncGenerator[Sentence | Answer, None]) -> AsyncIterator[str]:
    """Server-sent events, one for each sentence as soon as it is known."""
    head = _head("chat.completion.chunk")

    def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {**head, "choices": [choice], **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    yield event({"role": "assistant", "content": ""})
    answer: Answer | None = None
    try:
        async with aclosing(parts):  # also when the client went away: nobody waits any more
            async for part in parts:
                if isinstance(part, Answer):
                    answer = part
                else:
                    yield event({"content": part.text})
    except Exception as error:  # the head is sent: only the stream itself can still tell
        logger.error("an answer failed: %s", type(error).__name__)
        failed = {"message": "the answer failed", "type": "server_error", "code": "failed"}
        yield f"data: {json.dumps({'error': failed})}\n\n"
        return
    assert answer is not None
    yield event({}, "stop", zhengwen=_extension(answer))
    yield "data: [DONE]\n\n"
