"""What clients send, as types; parsing checks every message against them."""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..types import MediaKind

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


class _ClientRequest(BaseModel):
    # Unknown fields are ignored, so that newer clients can talk to older servers.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    def encode(self) -> str:
        """The text message, with only the fields that were given."""
        return self.model_dump_json(exclude_unset=True)


class SearchFilter(_ClientRequest):
    """Search only here."""

    field: str | None = None
    region: str | None = None


class AskRequest(_ClientRequest):
    """A question; it interrupts a reply in progress."""

    type: Literal["ask"]
    text: str
    reply: ReplyId | None = None
    language: str = "zh-CN"
    media: MediaKind = "video"
    filter: SearchFilter = SearchFilter()


class SayRequest(_ClientRequest):
    """Speak this text as it is."""

    type: Literal["say"]
    text: str
    reply: ReplyId | None = None
    language: str = "zh-CN"
    media: MediaKind = "video"


class StopRequest(_ClientRequest):
    """Interrupt."""

    type: Literal["stop"]


class PlayedReport(_ClientRequest):
    """How far the page has played a reply."""

    type: Literal["played"]
    reply: ReplyId
    position_ms: float = Field(ge=0)


class IdleReport(_ClientRequest):
    """Where the page is in the idle loop at this moment."""

    type: Literal["idle"]
    position_ms: float = Field(ge=0)


class FeedbackRequest(_ClientRequest):
    """What a visitor thinks of an answer."""

    type: Literal["feedback"]
    reply: ReplyId
    rating: Literal[1, -1]
    comment: str = Field("", max_length=1000)


class RecallRequest(_ClientRequest):
    """What was asked before in this session? Answered by ``recalled``."""

    type: Literal["recall"]


class ForgetRequest(_ClientRequest):
    """Interrupt, and forget what was asked before. Answered by ``forgotten``."""

    type: Literal["forget"]


class PingRequest(_ClientRequest):
    """Answered by ``pong``."""

    type: Literal["ping"]


ClientMessage = Annotated[
    AskRequest
    | SayRequest
    | StopRequest
    | PlayedReport
    | IdleReport
    | FeedbackRequest
    | RecallRequest
    | ForgetRequest
    | PingRequest,
    Field(discriminator="type"),
]
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse(message: str | bytes) -> ClientMessage:
    """A client's message.

    Raises:
        ProtocolError: It is not JSON, lacks a field, or is of an unknown type.
    """
    if isinstance(message, bytes):
        raise ProtocolError("bad_message")
    try:
        return CLIENT_MESSAGE.validate_python(json.loads(message))
    except ValidationError as error:
        unknown = any(e["type"] == "union_tag_invalid" for e in error.errors())
        raise ProtocolError("unknown_type" if unknown else "bad_message") from error
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_message") from error
