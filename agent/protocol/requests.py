"""What clients send, as types; parsing checks every message against them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..types import MediaKind

MAX_REPLY_ID = 64  # characters
MAX_POSITION_MS = 86_400_000  # a day; no reply and no idle loop is that long
MAX_LANGUAGE_TAG = 35  # characters; RFC 5646, section 4.4.1
MAX_FILTER_VALUE = 100  # characters
MAX_COMMENT = 1_000  # characters

ReplyId = Annotated[str, Field(max_length=MAX_REPLY_ID)]
PositionMs = Annotated[float, Field(ge=0, le=MAX_POSITION_MS, allow_inf_nan=False)]
LanguageTag = Annotated[str, Field(max_length=MAX_LANGUAGE_TAG)]
FilterValue = Annotated[str, Field(max_length=MAX_FILTER_VALUE)]


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

    field: FilterValue | None = None
    region: FilterValue | None = None


class AskRequest(_ClientRequest):
    """A question; it interrupts a reply in progress."""

    type: Literal["ask"]
    text: str
    reply: ReplyId | None = None
    language: LanguageTag = "zh-CN"
    media: MediaKind = "video"
    filter: SearchFilter = SearchFilter()


class SayRequest(_ClientRequest):
    """Speak this text as it is."""

    type: Literal["say"]
    text: str
    reply: ReplyId | None = None
    language: LanguageTag = "zh-CN"
    media: MediaKind = "video"


class StopRequest(_ClientRequest):
    """Interrupt."""

    type: Literal["stop"]


class PlayedReport(_ClientRequest):
    """How far the page has played a reply."""

    type: Literal["played"]
    reply: ReplyId
    position_ms: PositionMs


class IdleReport(_ClientRequest):
    """Where the page is in the idle loop at this moment."""

    type: Literal["idle"]
    position_ms: PositionMs


class FeedbackRequest(_ClientRequest):
    """What a visitor thinks of an answer that was given. Answered by ``rated``."""

    type: Literal["feedback"]
    reply: ReplyId
    rating: Literal[1, -1]
    comment: str = Field("", max_length=MAX_COMMENT)


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

    It is read by pydantic's JSON parser and not by Python's, which takes half of a surrogate pair
    for text: such a text can be neither stored nor sent.

    Raises:
        ProtocolError: It is not JSON, lacks a field, is of an unknown type, or a value is out of
            its range.
    """
    if isinstance(message, bytes):
        raise ProtocolError("bad_message")
    try:
        return CLIENT_MESSAGE.validate_json(message)
    except ValidationError as error:
        unknown = any(e["type"] == "union_tag_invalid" for e in error.errors())
        raise ProtocolError("unknown_type" if unknown else "bad_message") from error
