"""Where the time of a reply goes, stage by stage."""

import statistics
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rich.table import Table

from agent.pipeline import AnswerPipeline, TimedIterator
from agent.types import Answer, Question, Responder, Sentence
from avatar_engine import Avatar, Fragment, Frames
from tts_engine import Speech, Voice

T = TypeVar("T")
STAGES = ("answer", "speak", "draw", "encode")


@dataclass(slots=True)
class StageTimes:
    """Of one reply, in the order of its stages, ms of wall-clock time."""

    until_picture: dict[str, float]
    """Spent in each stage when the first fragment was there."""
    whole: dict[str, float]
    """Spent in each stage when the reply was done."""
    media_s: float
    """How long the reply plays."""


def profile_stages(
    responder: Responder,
    voice: Voice,
    avatar: Avatar,
    questions: Iterable[str],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[StageTimes]:
    """Answer the questions one after the other, in this thread; nothing is sent or kept.

    Args:
        responder: Answers.
        voice: Speaks.
        avatar: Draws, every picture.
        questions: The first of them warms all up, and is not reported.
        clock: Seconds, from anywhere.
    """
    watch = _StageTimer(clock)
    session = AnswerPipeline(
        _TimedResponder(responder, watch),
        _TimedVoice(voice, watch),
        _TimedAvatar(avatar, watch),
        None,
    )
    for n, question in enumerate(questions):
        watch.begin()
        until_picture: dict[str, float] = {}
        media_s = 0.0
        for event in session.reply(Question(question)):
            if isinstance(event, Fragment) and event.kind == "media":
                until_picture = until_picture or watch.stages()
                media_s += event.duration_ms / 1000
        if n:
            yield StageTimes(until_picture, watch.stages(), media_s)


def profile_table(profiles: Sequence[StageTimes], avatar: str) -> Table:
    """Medians, as a person reads them."""
    shown = Table(title=f"Where the time of {len(profiles)} replies goes, ms; avatar {avatar}")
    for heading in ("", "until the first picture", "for a second of media"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for stage in STAGES:
        first = statistics.median(p.until_picture[stage] for p in profiles)
        later = statistics.median(p.whole[stage] / p.media_s for p in profiles)
        shown.add_row(stage, f"{first:.1f}", f"{later:.1f}")
    shown.add_section()
    first = statistics.median(sum(p.until_picture.values()) for p in profiles)
    later = statistics.median(sum(p.whole.values()) / p.media_s for p in profiles)
    shown.add_row("in all", f"{first:.1f}", f"{later:.1f}")
    return shown


@dataclass(slots=True)
class _StageTimer:
    """How long each stage took, of the reply that began last."""

    clock: Callable[[], float]
    spent: dict[str, float] = field(default_factory=dict)  # s; drawing with its sound in it
    began: float = 0.0

    def begin(self) -> None:
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.began = self.clock()

    def during(self, stage: str, items: Iterable[T]) -> Generator[T, None, None]:
        """The same items; what was waited for them is the stage's."""
        waited = TimedIterator(iter(items), self.clock)
        for item in waited:
            self.spent[stage] += waited.lap()
            yield item
        self.spent[stage] += waited.lap()

    def stages(self) -> dict[str, float]:
        """ms; what no other stage took is encoding."""
        taken = {**self.spent, "draw": self.spent["draw"] - self.spent["speak"]}
        encoding = self.clock() - self.began - sum(taken.values())
        return {stage: 1000 * taken[stage] for stage in STAGES} | {"encode": 1000 * encoding}


class _TimedResponder:
    def __init__(self, responder: Responder, watch: _StageTimer) -> None:
        self._responder, self._watch = responder, watch

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        return self._watch.during("answer", self._responder.respond(question))


class _TimedVoice:
    def __init__(self, voice: Voice, watch: _StageTimer) -> None:
        self._voice, self._watch = voice, watch
        self.sample_rate = voice.sample_rate

    def speak(self, text: str) -> Generator[Speech, None, None]:
        return self._watch.during("speak", self._voice.speak(text))


class _TimedAvatar:
    def __init__(self, avatar: Avatar, watch: _StageTimer) -> None:
        self._avatar, self._watch = avatar, watch
        self.fps, self.size = avatar.fps, avatar.size

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        return self._watch.during("draw", self._avatar.render(speech, first=first))
