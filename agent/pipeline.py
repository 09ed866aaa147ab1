"""The one place where the stages meet."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np

from avatar_engine import Avatar, Encoder, Fragment, SoundOnly
from avatar_engine.adaptive import LoadMonitor, RealtimeBudget
from tts_engine import Speech, Voice
from tts_engine.text import split_for_speech

from .cache.reply_cache import CachedReply, ReplyCache
from .types import (
    Answer,
    Caption,
    MediaKind,
    Notice,
    Opening,
    Question,
    ReplyError,
    ReplyEvent,
    Responder,
    Sentence,
    Stage,
)

LEADING_SILENCE_FRAMES = 2  # frames
T = TypeVar("T")
RenderPermission = Callable[[], bool]
"""Whether a reply may be rendered now; may block for a while."""


def always_permitted() -> bool:
    """Nothing stands against it."""
    return True


class AnswerPipeline:
    """The loaded stages, in order; one pipeline serves every visitor.

    Args:
        responder: Answers.
        voice: Speaks.
        avatar: Draws.
        replays: Where verbatim answers are kept once they were rendered; None renders each time.
        load_monitor: Of the avatar: whether the machine keeps up with rendering; if not even with
            every other frame, a reply is sound alone.

    Raises:
        ValueError: A frame would not hold a whole number of the voice's samples.
    """

    def __init__(
        self,
        responder: Responder,
        voice: Voice,
        avatar: Avatar,
        replays: ReplyCache | None = None,
        load_monitor: LoadMonitor | None = None,
    ) -> None:
        if voice.sample_rate % avatar.fps:
            raise ValueError(
                f"{voice.sample_rate} Hz does not divide into {avatar.fps} frames a second; "
                "choose another fps or resample the voice"
            )
        self._responder = responder
        self._voice = voice
        self._replays = replays
        self._load_monitor = load_monitor
        self._avatars: dict[MediaKind, Avatar] = {"video": avatar, "audio": SoundOnly(avatar.fps)}
        self._without_pictures = SoundOnly(avatar.fps, is_degraded=True)

    def reply(
        self,
        question: Question,
        *,
        media: MediaKind = "video",
        first: int = 0,
        admit: RenderPermission = always_permitted,
    ) -> Generator[ReplyEvent, None, None]:
        """Answer, speak and draw, yielding each thing the moment it exists.

        Each caption comes before the fragments it is heard in, and is what is heard: of an
        answer with a spoken form, that; without media, the answer's own sentences. Nothing is
        computed before it is asked for, so a slow reader slows the stages down.
        Closing the generator stops them.

        Args:
            question: What was asked.
            media: What to make beside the text.
            first: The frame of the idle loop to go on from.
            admit: Asked before anything is rendered; if it says no, there is the text alone.
                What is only replayed needs no leave.

        Raises:
            ReplyError: A stage failed.
        """
        parts = _with_stage("answer", iter(self._responder.respond(question)))
        known = next(parts, None)
        if media != "none" and isinstance(known, Answer) and known.is_verbatim:
            yield known
            # A generated answer comes behind its sentences; here, all that will be said is known.
            sentences = [p for p in parts if isinstance(p, Sentence)]
            if known.spoken:
                sentences = _sentences(known.spoken)
            yield from self._replay_or_record(sentences, media, first, admit)
        elif known:
            yield from self._render(chain([known], parts), media, first, admit)

    def say(
        self,
        text: str,
        *,
        media: MediaKind = "video",
        first: int = 0,
        admit: RenderPermission = always_permitted,
    ) -> Generator[ReplyEvent, None, None]:
        """Speak a text as it is; otherwise like :meth:`reply`. A blank text makes nothing."""
        sentences = _sentences(text) if text.strip() else []
        return self._render(sentences, media, first, admit)

    def record(
        self,
        sentences: Sequence[Sentence],
        *,
        media: MediaKind = "video",
        first: int = 0,
        admit: RenderPermission = always_permitted,
    ) -> Generator[ReplyEvent, None, None]:
        """Speak and draw sentences that anybody may hear, and keep the result for replay.

        Nothing is kept of what is interrupted or fails, was drawn simpler than usual because the
        machine could not keep up, or spoken by a voice that stood in.

        Args:
            sentences: All of the reply.
            media: What to make.
            first: The frame of the idle loop to go on from, or from one near to it.

        Raises:
            ReplyError: A stage failed.
        """
        start = self._replays.start(media, first) if self._replays else first
        made: list[Caption | Fragment] = []
        is_usual = True
        for event in self._render(sentences, media, start, admit):
            if isinstance(event, Caption | Fragment):
                made.append(event)
            if isinstance(event, Notice) or (isinstance(event, Fragment) and event.n_degraded):
                is_usual = False
            yield event
        if made and self._replays and is_usual:
            self._replays.keep(sentences, media, CachedReply(start, tuple(made)))

    def _replay_or_record(
        self, sentences: Sequence[Sentence], media: MediaKind, first: int, admit: RenderPermission
    ) -> Generator[ReplyEvent, None, None]:
        replay = self._replays.find(sentences, media, first) if self._replays else None
        if replay:
            yield Opening(replay.start, is_replay=True)
            yield from replay.events
        else:
            yield from self.record(sentences, media=media, first=first, admit=admit)

    def _render(
        self,
        parts: Iterable[Sentence | Answer],
        media: MediaKind,
        first: int,
        admit: RenderPermission,
    ) -> Generator[ReplyEvent, None, None]:
        avatar = self._avatars.get(media)
        budget: RealtimeBudget | None = None
        if media == "video" and self._load_monitor:
            if self._load_monitor.quality_level == "sound":
                avatar = self._without_pictures
            else:
                budget = RealtimeBudget(self._load_monitor)
        encoder: Encoder | None = None
        fallback_notice = _FallbackVoiceNotice()
        n_frames = 0
        for part in _with_stage("answer", iter(parts)):
            if isinstance(part, Answer):
                yield part
                continue
            if avatar and not encoder:
                if admit():
                    encoder = Encoder(avatar.size, avatar.fps, self._voice.sample_rate)
                    yield Opening(first)
                else:
                    avatar = None
                    yield Notice("busy")
            if not avatar or not encoder:
                yield Caption(part, None)
                continue
            yield Caption(part, n_frames * 1000 // avatar.fps)
            if not any(map(str.isalnum, part.text)):
                continue  # marks alone are read, not heard
            spoken = TimedIterator(
                fallback_notice.noted(_with_stage("speak", self._voice.speak(part.text)))
            )
            speech = spoken if n_frames else chain([self._breath(avatar.fps)], spoken)
            drawn = TimedIterator(
                _with_stage("render", avatar.render(speech, first=first + n_frames))
            )
            for frames in drawn:
                if fallback_notice.is_news():
                    yield Notice("spare_voice")
                n_frames += len(frames)
                encoded = TimedIterator(_with_stage("encode", encoder.add(frames)))
                yield from encoded
                took = drawn.lap() - spoken.lap() + encoded.lap()
                if budget:
                    budget.spend(len(frames) / avatar.fps, took)
        if encoder:
            yield from _with_stage("encode", encoder.close())

    def _breath(self, fps: int) -> Speech:
        """A moment of silence before the first word.

        The mouth starts closed, as in the idle loop, and AAC's first samples, which no decoder
        gets right, carry no sound.
        """
        n_samples = LEADING_SILENCE_FRAMES * self._voice.sample_rate // fps
        return Speech(np.zeros(n_samples, np.float32), self._voice.sample_rate)


class _FallbackVoiceNotice:
    """Whether a voice speaks that stands in for another."""

    def __init__(self) -> None:
        self._speaks = self._was_told = False

    def noted(self, speech: Iterator[Speech]) -> Iterator[Speech]:
        """The same speech."""
        for piece in speech:
            self._speaks = self._speaks or bool(piece.voice)
            yield piece

    def is_news(self) -> bool:
        """Once, after it began to speak."""
        is_news = self._speaks and not self._was_told
        self._was_told = self._speaks
        return is_news


def _sentences(text: str) -> list[Sentence]:
    return [Sentence(index, part) for index, part in enumerate(split_for_speech(text))]


def _with_stage(stage: Stage, items: Iterator[T]) -> Generator[T, None, None]:
    """Pass items through; say which stage it was if one raises."""
    try:
        yield from items
    except ReplyError:
        raise
    except Exception as exc:
        transient = isinstance(exc, ConnectionError | TimeoutError)
        raise ReplyError(stage, retryable=transient) from exc


Item = TypeVar("Item")


class TimedIterator(Iterator[Item]):
    """The same items. What whoever takes them does in between is not counted.

    Args:
        items: May be a generator; it ends when this is let go.
        clock: Seconds, from anywhere.
    """

    def __init__(self, items: Iterator[Item], clock: Callable[[], float] = time.monotonic) -> None:
        self._items, self._clock = items, clock
        self._waited = 0.0

    def __next__(self) -> Item:
        started = self._clock()
        try:
            return next(self._items)
        finally:
            self._waited += self._clock() - started

    def lap(self) -> float:
        """How long, in seconds, since it was last asked."""
        waited, self._waited = self._waited, 0.0
        return waited
