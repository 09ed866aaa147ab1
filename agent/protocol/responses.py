"""What the server sends, as types: text messages, and the headers of binary ones."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from avatar_engine import Fragment
from retrievers import Conflict, Passage

from ..service_texts import conflict_text
from ..types import Answer, Caption, MediaKind, Outcome, Turn

PROTOCOL_VERSION: Literal[1] = 1

ErrorCode = Literal[
    "bad_message",
    "unknown_type",
    "empty_question",
    "too_long",
    "not_allowed",
    "not_forgotten",
    "unknown_reply",
    "not_kept",
    "failed",
]


class _ServerPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ServerText(_ServerPart):
    def encode(self) -> str:
        """The text message."""
        return self.model_dump_json()


class PresenterInfo(_ServerPart):
    """Who is seen."""

    name: str
    title: dict[str, str]
    """By BCP 47 language tag."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    fps: int
    idle_mime: Literal["video/mp4"] = "video/mp4"
    idle_bytes: int
    """Size of the idle loop that players are sent next."""


class HelloMessage(_ServerText):
    """The first message on every connection."""

    type: Literal["hello"] = "hello"
    protocol: Literal[1] = PROTOCOL_VERSION
    session: str
    presenter: PresenterInfo
    ai_generated: Literal[True] = True
    label: str
    """The mark that says the picture is made by a machine."""


class StartedMessage(_ServerText):
    """A reply begins."""

    type: Literal["started"] = "started"
    reply: str
    media: MediaKind
    """What is made beside the text; ``none`` also where no connection of the session plays."""


class SentenceMessage(_ServerText):
    """A sentence that is about to be heard."""

    type: Literal["sentence"] = "sentence"
    reply: str
    index: int
    """Counted from 0 within the reply."""
    text: str
    start_ms: int | None
    """Where in the media it is heard; null without media."""


class CitationRecord(_ServerPart):
    """What an answer rests on. Unknown facts are empty strings."""

    id: str
    question: str
    title: str
    """Of the law, document or guide the answer rests on."""
    url: str
    """The address of that document where it is known, otherwise that of the portal."""
    portal: str
    """Name of the portal of the body in charge."""
    portal_url: str
    """Its home page. Where ``url`` is the same, it leads there and not to the document."""
    issuer: str
    number: str
    """Of the document (文号)."""
    date: str
    place: str
    notice: str


class ConflictRecord(_ServerPart):
    """What a question states and an entry contradicts, such as an expired document."""

    kind: str
    """In what they differ, such as ``"document"``, ``"grade"``, ``"date"`` or ``"expired"``."""
    asked: list[str]
    """The question's words for it."""
    about: list[str]
    """The entry's."""
    text: dict[str, str]
    """The same for a person, by language: ``zh`` and ``en``."""


class CandidateRecord(_ServerPart):
    """An entry that was found for a question."""

    id: str
    question: str
    score: float
    """In [0, 1]; higher is closer."""
    conflict: ConflictRecord | None
    """Null if it contradicts nothing; otherwise it is no answer, whatever its score."""


class DebugRecord(_ServerPart):
    """How an answer was found."""

    read_as: str
    """The question as it was read, where it was typed in pinyin or with the wrong characters;
    otherwise empty."""
    candidates: list[CandidateRecord]
    """What was found in the knowledge base, best first."""


class UsageRecord(_ServerPart):
    """What an answer took of a language model."""

    input_tokens: int
    output_tokens: int
    is_estimated: bool
    cost: float | None


class AnswerRecord(_ServerPart):
    """An answer without the id of its reply."""

    text: str
    outcome: Outcome
    score: float
    """In [0, 1]; higher is closer."""
    citations: list[CitationRecord]
    suggestions: list[str]
    act: str = ""
    """What was said that is no question, such as ``"thanks"``, ``"slower"`` or ``"emergency"``;
    empty for questions."""
    numbers: list[str] = []
    """Telephone numbers to call: in an emergency, the most urgent first; the hotline where a
    person is wished for."""
    usage: UsageRecord | None
    """Null if no language model was asked."""


class AnswerMessage(AnswerRecord, _ServerText):
    """The whole answer with its sources."""

    type: Literal["answer"] = "answer"
    reply: str
    debug: DebugRecord


class NoticeMessage(_ServerText):
    """Something is not as usual with a reply that goes on."""

    type: Literal["notice"] = "notice"
    reply: str
    code: Literal["busy", "spare_voice"]
    message: str
    """For a person."""


class ReplyTimings(_ServerPart):
    """Milliseconds since the request; null for what did not happen."""

    first_text_ms: int | None
    first_media_ms: int | None
    total_ms: int


class EndedMessage(_ServerText):
    """A reply is over."""

    type: Literal["ended"] = "ended"
    reply: str
    interrupted: bool
    closing: bool = False
    """The server stops; what was not answered may be asked again when it is back."""
    frames: int
    eased_frames: int
    """How many of the frames are fewer or simpler pictures, as the machine could not keep up."""
    duration_ms: int
    replayed: bool
    """The media were rendered earlier."""
    timings: ReplyTimings


class ErrorMessage(_ServerText):
    """Something that a person should know."""

    type: Literal["error"] = "error"
    reply: str | None
    """Null when it concerns no reply."""
    code: ErrorCode
    message: str
    retryable: bool = False


class TurnRecord(_ServerPart):
    """A question of this session and its answer."""

    asked: float
    """Seconds since 1970."""
    question: str
    answer: AnswerRecord


class RecalledMessage(_ServerText):
    """What was asked and answered before, the latest last."""

    type: Literal["recalled"] = "recalled"
    turns: list[TurnRecord]


class ForgottenMessage(_ServerText):
    """What was asked before is forgotten."""

    type: Literal["forgotten"] = "forgotten"


class RatedMessage(_ServerText):
    """What a visitor thinks of an answer is kept."""

    type: Literal["rated"] = "rated"
    reply: str


class PongMessage(_ServerText):
    """The answer to ``ping``."""

    type: Literal["pong"] = "pong"


ServerMessage = Annotated[
    HelloMessage
    | StartedMessage
    | SentenceMessage
    | AnswerMessage
    | NoticeMessage
    | EndedMessage
    | ErrorMessage
    | RecalledMessage
    | ForgottenMessage
    | RatedMessage
    | PongMessage,
    Field(discriminator="type"),
]
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


class _BinaryHeader(_ServerPart):
    seq: int
    """Counted from 0 within the reply."""
    pts_ms: int
    duration_ms: int
    frames: int
    mime: str

    def encode(self, payload: bytes) -> bytes:
        """The binary message: length of the header (4 bytes, big endian), header, payload."""
        header = self.model_dump_json().encode()
        return len(header).to_bytes(4) + header + payload


class IdleLoopHeader(_BinaryHeader):
    """Before the presenter's idle loop, a whole MP4 file."""

    kind: Literal["idle"] = "idle"
    reply: None = None


class InitHeader(_BinaryHeader):
    """Before the initialisation segment of a reply's fragmented MP4."""

    kind: Literal["init"] = "init"
    reply: str
    loop_frame: int
    """The frame of the idle loop at which the reply begins."""


class MediaHeader(_BinaryHeader):
    """Before a fragment of a reply's MP4."""

    kind: Literal["media"] = "media"
    reply: str


BinaryHeader = Annotated[IdleLoopHeader | InitHeader | MediaHeader, Field(discriminator="kind")]
BINARY_HEADER: TypeAdapter[BinaryHeader] = TypeAdapter(BinaryHeader)


def decode_binary(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and payload of a binary message."""
    length = int.from_bytes(message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def fragment_message(reply: str, seq: int, fragment: Fragment, loop_frame: int) -> bytes:
    """A fragment of the reply's film; ``loop_frame`` is where in the idle loop it begins."""
    fields: dict[str, Any] = {
        "reply": reply,
        "seq": seq,
        "pts_ms": fragment.pts_ms,
        "duration_ms": fragment.duration_ms,
        "frames": fragment.n_frames,
        "mime": fragment.mime,
    }
    if fragment.kind == "init":
        return InitHeader(**fields, loop_frame=loop_frame).encode(fragment.data)
    return MediaHeader(**fields).encode(fragment.data)


def sentence_message(reply: str, caption: Caption) -> SentenceMessage:
    """A caption as it is sent."""
    part = caption.sentence
    return SentenceMessage(reply=reply, index=part.index, text=part.text, start_ms=caption.start_ms)


def answer_message(reply: str, answer: Answer) -> AnswerMessage:
    """An answer as it is sent."""
    candidates = [
        CandidateRecord(
            id=passage.entry.faq_id,
            question=passage.entry.question,
            score=round(passage.score, 4),
            conflict=_conflict_record(passage.conflict) if passage.conflict else None,
        )
        for passage in answer.candidates
    ]
    debug = DebugRecord(read_as=answer.read_as, candidates=candidates)
    return AnswerMessage(reply=reply, debug=debug, **_answer_fields(answer))


def answer_record(answer: Answer) -> AnswerRecord:
    """An answer as it is told outside a reply."""
    return AnswerRecord(**_answer_fields(answer))


def recalled_message(turns: Iterable[Turn]) -> RecalledMessage:
    """Turns as they are sent."""
    return RecalledMessage(
        turns=[
            TurnRecord(asked=turn.asked, question=turn.question, answer=answer_record(turn.answer))
            for turn in turns
        ]
    )


def citation_record(passage: Passage) -> CitationRecord:
    """A passage as the source of an answer."""
    entry = passage.entry
    links = entry.links
    return CitationRecord(
        id=entry.faq_id,
        question=entry.question,
        title=entry.source_title,
        url=links.document_url or links.portal_url,
        portal=links.portal,
        portal_url=links.portal_url,
        issuer=entry.department,
        number=entry.document_number,
        date=entry.issued or str(entry.year or ""),
        place=entry.place or entry.region,
        notice=entry.notice,
    )


def _conflict_record(conflict: Conflict) -> ConflictRecord:
    return ConflictRecord(
        kind=conflict.kind,
        asked=list(conflict.asked),
        about=list(conflict.about),
        text={"zh": conflict_text(conflict, "zh"), "en": conflict_text(conflict, "en")},
    )


def _answer_fields(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "text": answer.text,
        "outcome": answer.outcome,
        "score": round(answer.score, 4),
        "citations": [citation_record(passage) for passage in answer.citations],
        "suggestions": list(answer.suggestions),
        "act": answer.act,
        "numbers": list(answer.numbers),
        "usage": UsageRecord(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            is_estimated=usage.is_estimated,
            cost=usage.cost,
        )
        if usage
        else None,
    }
