"""What goes into a reply and what comes out of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as field_  # Question has a field called field
from threading import Event
from typing import Literal, Protocol

from avatar_engine import Fragment
from retrievers import Passage

from .steady_clock import steady_time

Stage = Literal["answer", "speak", "render", "encode"]
Outcome = Literal["answered", "suggested", "refused", "greeted"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing a citizen asked."""

    text: str
    session_id: str = ""
    language: str = "zh-CN"
    """BCP 47 tag of the page; it decides the language of refusals and greetings."""
    field: str | None = None
    """Search only this field of public service."""
    region: str | None = None
    """Search only what holds in this region or in the whole country."""
    history: tuple["Turn", ...] = ()
    """What was asked and answered before in this session, the latest last."""
    withdrawn: Event = field_(default_factory=Event, compare=False, repr=False)
    """Set when nobody waits for the answer any more; whoever waits for something then gives up."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took of a language model, in tokens."""

    input_tokens: int
    output_tokens: int
    is_estimated: bool = False
    """The service did not say; both are guesses."""
    cost: float | None = None
    """In the currency of the prices in the settings; None without prices."""

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.is_estimated or other.is_estimated,
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of the answer that can be spoken now."""

    index: int
    """Counted from 0 within the reply."""
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer, given out as soon as it is known."""

    text: str
    outcome: Outcome
    """A refusal is an answer that everybody can see, neither an error nor a magic string."""
    score: float = 0.0
    """How well the best passage matched, in [0, 1]; 0 when nothing was looked up."""
    citations: tuple[Passage, ...] = ()
    """What the text rests on, best first; empty unless ``answered``."""
    suggestions: tuple[str, ...] = ()
    """Questions nearby that the store can answer, best first."""
    act: str = ""
    """What was said that is no question to look up, as a table of ``assets/dialogue`` calls it,
    or ``"emergency"``; empty for questions. The outcome is then ``greeted``."""
    numbers: tuple[str, ...] = ()
    """Telephone numbers to call: in an emergency, the most urgent first; the hotline where a
    person is wished for."""
    is_verbatim: bool = False
    """The text is word for word an entry's, or a phrase of the service: anybody may be given
    it, so its media may be kept on disk. Never True where a visitor's words may be in it."""
    usage: Usage | None = None
    """What a language model took for it; None if none was asked."""
    spoken: str = ""
    """What the voice says instead of the text, of a verbatim answer. Empty: the text."""
    read_as: str = ""
    """The question as it was read, where it was typed in pinyin or with the wrong characters."""
    candidates: tuple[Passage, ...] = ()
    """What was found for it, best first, with what each contradicts; for debugging."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what was answered."""

    question: str
    answer: Answer
    asked: float = field_(default_factory=steady_time, compare=False)
    """When, in seconds since 1970."""


class Responder(Protocol):
    """Something that answers in words."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield sentences as they are ready, and exactly one Answer as soon as it is known.

        A curated answer is known before its first sentence is spoken, a
        generated one only after its last.
        """
        ...


class ReplyError(Exception):
    """A stage failed; the original exception is ``__cause__``.

    Attributes:
        stage: Which stage failed.
        retryable: Whether asking again may help.
    """

    def __init__(self, stage: Stage, *, retryable: bool = False) -> None:
        super().__init__(f"the {stage} stage failed")
        self.stage = stage
        self.retryable = retryable


MediaKind = Literal["video", "audio", "none"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Media follow; comes before the first caption, and not at all where there is only text."""

    loop_frame: int
    """The frame of the idle loop they go on from."""
    is_replay: bool = False
    """They were rendered before and cost nothing now."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something is not as usual with this reply, though it goes on."""

    code: Literal["busy", "spare_voice"]
    """There are only words, because too much is being rendered; or another voice speaks."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence, and where in the media it is heard."""

    sentence: Sentence
    start_ms: int | None
    """From the start of the reply; None when there is no media."""


ReplyEvent = Answer | Opening | Notice | Caption | Fragment
