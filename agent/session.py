"""The one place where the stages meet."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar

import numpy as np

from avatar_engine import Avatar, Encoder, Fragment, SoundOnly
from tts_engine import Speech, Voice
from tts_engine.text import cut

from .base import Answer, Question, ReplyError, Responder, Sentence, Stage

BREATH = 2  # frames
Media = Literal["video", "audio", "none"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence, and where in the media it is heard."""

    sentence: Sentence
    start_ms: int | None
    """From the start of the reply; None when there is no media."""


Event = Caption | Answer | Fragment


class Session:
    """The loaded stages, in order; one Session serves every visitor.

    Raises:
        ValueError: A frame would not hold a whole number of the voice's samples.
    """

    def __init__(self, responder: Responder, voice: Voice, avatar: Avatar) -> None:
        if voice.sample_rate % avatar.fps:
            raise ValueError(
                f"{voice.sample_rate} Hz does not divide into {avatar.fps} frames a second; "
                "choose another fps or resample the voice"
            )
        self._responder = responder
        self._voice = voice
        self._avatars: dict[Media, Avatar] = {"video": avatar, "audio": SoundOnly(avatar.fps)}

    def reply(
        self, question: Question, *, media: Media = "video", first: int = 0
    ) -> Generator[Event, None, None]:
        """Answer, speak and draw, yielding each thing the moment it exists.

        Each caption comes before the fragments it is heard in. Nothing is
        computed before it is asked for, so a slow reader slows the stages down.
        Closing the generator stops them.

        Args:
            question: What was asked.
            media: What to make beside the text.
            first: The frame of the idle loop to go on from.

        Raises:
            ReplyError: A stage failed.
        """
        return self._perform(self._responder.respond(question), media, first)

    def say(
        self, text: str, *, media: Media = "video", first: int = 0
    ) -> Generator[Event, None, None]:
        """Speak a text as it is; otherwise like :meth:`reply`."""
        return self._perform(map(Sentence, *zip(*enumerate(cut(text)), strict=True)), media, first)

    def _perform(
        self, parts: Iterable[Sentence | Answer], media: Media, first: int
    ) -> Generator[Event, None, None]:
        avatar = self._avatars.get(media)
        if avatar is None:
            for part in _named("answer", iter(parts)):
                yield Caption(part, None) if isinstance(part, Sentence) else part
            return
        encoder = Encoder(avatar.size, avatar.fps, self._voice.sample_rate)
        n_frames = 0
        for part in _named("answer", iter(parts)):
            if isinstance(part, Answer):
                yield part
                continue
            yield Caption(part, n_frames * 1000 // avatar.fps)
            if not any(map(str.isalnum, part.text)):
                continue  # marks alone are read, not heard
            speech: Iterator[Speech] = _named("speak", self._voice.speak(part.text))
            if not n_frames:
                speech = chain([self._breath(avatar.fps)], speech)
            for frames in _named("render", avatar.render(speech, first=first + n_frames)):
                n_frames += len(frames)
                yield from _named("encode", encoder.add(frames))
        yield from _named("encode", encoder.close())

    def _breath(self, fps: int) -> Speech:
        """A moment of silence before the first word: the mouth starts closed, as in the idle
        loop, and AAC's first samples, which no decoder gets right, carry no sound."""
        n_samples = BREATH * self._voice.sample_rate // fps
        return Speech(np.zeros(n_samples, np.float32), self._voice.sample_rate)


def _named(stage: Stage, items: Iterator[T]) -> Generator[T, None, None]:
    """Pass items through; say which stage it was if one raises."""
    try:
        yield from items
    except ReplyError:
        raise
    except Exception as exc:
        transient = isinstance(exc, ConnectionError | TimeoutError)
        raise ReplyError(stage, retryable=transient) from exc
