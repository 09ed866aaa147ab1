"""The wire protocol, version 1: events become messages and back. No sockets here.

docs/protocol.md describes it for people who write other clients.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from avatar_engine import Fragment
from retrievers import Passage

from ..types import Answer, Caption, MediaKind, Turn

PROTOCOL_VERSION = 1
MAX_REPLY_ID = 64  # characters

ReplyId = Annotated[str, Field(max_length=MAX_REPLY_ID)]


class ProtocolError(ValueError):
    """A message cannot be understood.

    Attributes:
        code: ``bad_message`` or ``unknown_type``.
    """

    def __init__(self, code: Literal["bad_message", "unknown_type"]) -> None:
        super().__init__(code)
        self.code = code


class _ClientMessage(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class SearchFilter(_ClientMessage):
    """Search only here."""

    field: str | None = None
    region: str | None = None


class AskRequest(_ClientMessage):
    """A question; it interrupts a reply in progress."""

    type: Literal["ask"]
    text: str
    reply: ReplyId | None = None
    language: str = "zh-CN"
    media: MediaKind = "video"
    filter: SearchFilter = SearchFilter()


class SayRequest(_ClientMessage):
    """Speak this text as it is."""

    type: Literal["say"]
    text: str
    reply: ReplyId | None = None
    language: str = "zh-CN"
    media: MediaKind = "video"


class StopRequest(_ClientMessage):
    """Interrupt."""

    type: Literal["stop"]


class PlayedReport(_ClientMessage):
    """How far the page has played a reply."""

    type: Literal["played"]
    reply: ReplyId
    position_ms: float = Field(ge=0)


class IdleReport(_ClientMessage):
    """Where the page is in the idle loop at this moment."""

    type: Literal["idle"]
    position_ms: float = Field(ge=0)


class FeedbackRequest(_ClientMessage):
    """What a visitor thinks of an answer."""

    type: Literal["feedback"]
    reply: ReplyId
    rating: Literal[1, -1]
    comment: str = Field("", max_length=1000)


class RecallRequest(_ClientMessage):
    """What was asked before in this session? Answered by ``recalled``."""

    type: Literal["recall"]


class ForgetRequest(_ClientMessage):
    """Interrupt, and forget what was asked before. Answered by ``forgotten``."""

    type: Literal["forget"]


class PingRequest(_ClientMessage):
    """Answered by ``pong``."""

    type: Literal["ping"]


ClientMessage = (
    AskRequest
    | SayRequest
    | StopRequest
    | PlayedReport
    | IdleReport
    | FeedbackRequest
    | RecallRequest
    | ForgetRequest
    | PingRequest
)
_REQUEST: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)


def parse(message: str | bytes) -> ClientMessage:
    """A client's message.

    Raises:
        WireError: It is not JSON, lacks a field, or is of an unknown type.
    """
    if isinstance(message, bytes):
        raise ProtocolError("bad_message")
    try:
        return _REQUEST.validate_python(json.loads(message))
    except ValidationError as error:
        unknown = any(e["type"] == "union_tag_invalid" for e in error.errors())
        raise ProtocolError("unknown_type" if unknown else "bad_message") from error
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_message") from error


def text(type_: str, **fields: Any) -> str:
    """A text message."""
    return json.dumps({"type": type_, **fields}, ensure_ascii=False)


def binary(header: dict[str, Any], payload: bytes) -> bytes:
    """A binary message: the length of the header (4 bytes, big endian), header, payload."""
    head = json.dumps(header).encode()
    return len(head).to_bytes(4) + head + payload


def split_binary(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and payload of a binary message; the inverse of :func:`binary`."""
    length = int.from_bytes(message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def sentence(reply: str, caption: Caption) -> str:
    """A sentence that is about to be heard."""
    part = caption.sentence
    return text(
        "sentence", reply=reply, index=part.index, text=part.text, start_ms=caption.start_ms
    )


def answer(reply: str, whole: Answer) -> str:
    """The whole answer with its sources."""
    return text("answer", reply=reply, **_answered(whole))


def recalled(turns: Iterable[Turn]) -> str:
    """What was asked and answered before, the latest last."""
    return text(
        "recalled",
        turns=[
            {"asked": turn.asked, "question": turn.question, "answer": _answered(turn.answer)}
            for turn in turns
        ],
    )


def _answered(whole: Answer) -> dict[str, Any]:
    return {
        "text": whole.text,
        "outcome": whole.outcome,
        "score": round(whole.score, 4),
        "citations": [_citation(passage) for passage in whole.citations],
        "suggestions": list(whole.suggestions),
        "usage": asdict(whole.usage) if whole.usage else None,
    }


def _citation(passage: Passage) -> dict[str, Any]:
    entry = passage.entry
    return {
        "id": entry.faq_id,
        "question": entry.question,
        "title": entry.source_title,
        "url": entry.source_url,
        "issuer": entry.department,
        "number": entry.document_number,
        "date": entry.issued or str(entry.year or ""),
        "place": entry.place or entry.region,
        "notice": entry.notice,
    }


def media(reply: str, seq: int, fragment: Fragment, loop_frame: int) -> bytes:
    """A fragment of the reply's film; ``loop_frame`` is where in the idle loop it begins."""
    header: dict[str, Any] = {
        "kind": fragment.kind,
        "reply": reply,
        "seq": seq,
        "pts_ms": fragment.pts_ms,
        "duration_ms": fragment.duration_ms,
        "frames": fragment.n_frames,
        "mime": fragment.mime,
    }
    if fragment.kind == "init":
        header["loop_frame"] = loop_frame
    return binary(header, fragment.data)


def notice(reply: str, code: str, message: str) -> str:
    """Something is not as usual with a reply that goes on."""
    return text("notice", reply=reply, code=code, message=message)


def error(reply: str | None, code: str, message: str, *, retryable: bool = False) -> str:
    """Something that a person should know; ``reply`` is None when it concerns no reply."""
    return text("error", reply=reply, code=code, message=message, retryable=retryable)
