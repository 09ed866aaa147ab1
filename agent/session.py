"""The one place where the stages meet."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np

from avatar_engine import Avatar, Encoder, Fragment, SoundOnly
from avatar_engine.strain import Pace, Strain
from tts_engine import Speech, Voice
from tts_engine.text import cut

from .base import Answer, Question, ReplyError, Responder, Sentence, Stage
from .events import Caption, Event, Media, Notice, Opening
from .replay import Replay, Replays
from .timed import Timed

BREATH = 2  # frames
T = TypeVar("T")
Admit = Callable[[], bool]
"""Whether a reply may be rendered now; may block for a while."""


def always() -> bool:
    """Nothing stands against it."""
    return True


class Session:
    """The loaded stages, in order; one Session serves every visitor.

    Args:
        responder: Answers.
        voice: Speaks.
        avatar: Draws.
        replays: Where verbatim answers are kept once they were rendered; None renders each time.
        strain: Of the avatar: whether the machine keeps up with pictures; if not even with half
            of them, a reply is sound alone.

    Raises:
        ValueError: A frame would not hold a whole number of the voice's samples.
    """

    def __init__(
        self,
        responder: Responder,
        voice: Voice,
        avatar: Avatar,
        replays: Replays | None = None,
        strain: Strain | None = None,
    ) -> None:
        if voice.sample_rate % avatar.fps:
            raise ValueError(
                f"{voice.sample_rate} Hz does not divide into {avatar.fps} frames a second; "
                "choose another fps or resample the voice"
            )
        self._responder = responder
        self._voice = voice
        self._replays = replays
        self._strain = strain
        self._avatars: dict[Media, Avatar] = {"video": avatar, "audio": SoundOnly(avatar.fps)}
        self._without_pictures = SoundOnly(avatar.fps, is_eased=True)

    def reply(
        self,
        question: Question,
        *,
        media: Media = "video",
        first: int = 0,
        admit: Admit = always,
    ) -> Generator[Event, None, None]:
        """Answer, speak and draw, yielding each thing the moment it exists.

        Each caption comes before the fragments it is heard in. Nothing is
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
        parts = _named("answer", iter(self._responder.respond(question)))
        known = next(parts, None)
        if media != "none" and isinstance(known, Answer) and known.is_verbatim:
            yield known
            # A generated answer comes behind its sentences; here, all that will be said is known.
            sentences = [p for p in parts if isinstance(p, Sentence)]
            yield from self._recite(sentences, media, first, admit)
        elif known:
            yield from self._perform(chain([known], parts), media, first, admit)

    def say(
        self, text: str, *, media: Media = "video", first: int = 0, admit: Admit = always
    ) -> Generator[Event, None, None]:
        """Speak a text as it is; otherwise like :meth:`reply`."""
        sentences = map(Sentence, *zip(*enumerate(cut(text)), strict=True))
        return self._perform(sentences, media, first, admit)

    def record(
        self,
        sentences: Sequence[Sentence],
        *,
        media: Media = "video",
        first: int = 0,
        admit: Admit = always,
    ) -> Generator[Event, None, None]:
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
        for event in self._perform(sentences, media, start, admit):
            if isinstance(event, Caption | Fragment):
                made.append(event)
            if isinstance(event, Notice) or (isinstance(event, Fragment) and event.n_eased):
                is_usual = False
            yield event
        if made and self._replays and is_usual:
            self._replays.keep(sentences, media, Replay(start, tuple(made)))

    def _recite(
        self, sentences: Sequence[Sentence], media: Media, first: int, admit: Admit
    ) -> Generator[Event, None, None]:
        replay = self._replays.find(sentences, media, first) if self._replays else None
        if replay:
            yield Opening(replay.start, is_replay=True)
            yield from replay.events
        else:
            yield from self.record(sentences, media=media, first=first, admit=admit)

    def _perform(
        self, parts: Iterable[Sentence | Answer], media: Media, first: int, admit: Admit
    ) -> Generator[Event, None, None]:
        avatar = self._avatars.get(media)
        pace: Pace | None = None
        if media == "video" and self._strain:
            if self._strain.ease == "sound":
                avatar = self._without_pictures
            else:
                pace = Pace(self._strain)
        encoder: Encoder | None = None
        spare = _Spare()
        n_frames = 0
        for part in _named("answer", iter(parts)):
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
            spoken = Timed(spare.noted(_named("speak", self._voice.speak(part.text))))
            speech = spoken if n_frames else chain([self._breath(avatar.fps)], spoken)
            drawn = Timed(_named("render", avatar.render(speech, first=first + n_frames)))
            for frames in drawn:
                if spare.is_news():
                    yield Notice("spare_voice")
                n_frames += len(frames)
                encoded = Timed(_named("encode", encoder.add(frames)))
                yield from encoded
                took = drawn.lap() - spoken.lap() + encoded.lap()
                if pace:
                    pace.made(len(frames) / avatar.fps, took)
        if encoder:
            yield from _named("encode", encoder.close())

    def _breath(self, fps: int) -> Speech:
        """A moment of silence before the first word: the mouth starts closed, as in the idle
        loop, and AAC's first samples, which no decoder gets right, carry no sound."""
        n_samples = BREATH * self._voice.sample_rate // fps
        return Speech(np.zeros(n_samples, np.float32), self._voice.sample_rate)


class _Spare:
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


def _named(stage: Stage, items: Iterator[T]) -> Generator[T, None, None]:
    """Pass items through; say which stage it was if one raises."""
    try:
        yield from items
    except ReplyError:
        raise
    except Exception as exc:
        transient = isinstance(exc, ConnectionError | TimeoutError)
        raise ReplyError(stage, retryable=transient) from exc
