"""A question put to a loaded system, with the times of text, tokens and audible speech."""

import io
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from langchain_core.callbacks import AsyncCallbackHandler

from agent.build import LoadedStages
from agent.grounding.cited_sentences import strip_markup
from agent.settings import Settings
from agent.types import Answer, MediaKind, Question, Responder, Sentence
from avatar_engine import Fragment
from tts_engine.text import split_sentences

AUDIBLE = 0.01  # of full scale: -40 dBFS
FIRST_LOOK_MS = 400  # ms of film after which it is first looked at whether the voice is heard


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """What a visitor was told, and when, ms after the question."""

    answer: Answer
    first_text_ms: float
    """A sentence that may be read, or the whole answer."""
    first_token_ms: float | None
    """A language model began to write; None if none was asked or none answered."""
    sentence_ms: float | None
    """The model had written the first sentence that was given out, to its last mark."""
    first_sound_ms: float | None
    """The fragment was there in which the voice is first heard; None without media."""
    total_ms: float
    """The words were complete."""


class TokenTimer(AsyncCallbackHandler):
    """Notes when a language model's text arrives; LangChain calls it."""

    def __init__(self) -> None:
        self.pieces: list[tuple[float, str]] = []
        """Time (``perf_counter``, s) and text."""

    async def on_llm_new_token(self, token: str | list[Any], **more: Any) -> None:
        """LangChain's own name for a piece of text; other pieces only count tokens."""
        now = time.perf_counter()
        text = token if isinstance(token, str) else str(more["chunk"].text)
        if text:
            self.pieces.append((now, text))

    def on(self, settings: Settings) -> Settings:
        """The same settings, with the language model, if there is one, being watched."""
        if settings.llm is None:
            return settings
        watched = {"options": {**settings.llm.options, "callbacks": [self]}}
        return settings.model_copy(update={"llm": settings.llm.model_copy(update=watched)})

    def when_written(self, sentence: str) -> float | None:
        """When all of a sentence had been written; None if it was not."""
        wanted, written = _bare(sentence), ""
        for at, piece in self.pieces:
            written += piece
            if wanted in _bare(strip_markup(written)):
                return at
        return None


class TimedSession:
    """Puts one question after the other to the stages, as the server does for a visitor.

    Speech and pictures are made until the voice is first heard; the rest of the words is then
    waited for without them.

    Args:
        stages: What answers, speaks and draws; replies kept for replay would distort the times.
        media: What is made beside the words.
        watch: What the stages' language model is watched by.
    """

    def __init__(self, stages: LoadedStages, media: MediaKind, watch: TokenTimer) -> None:
        self._script = _TimestampedResponder(stages.responder)
        self._session = replace(stages, responder=self._script).live_pipeline()
        self._media = media
        self._watch = watch

    def ask(self, question: Question) -> TimedAnswer:
        """Ask, and wait for the answer."""
        self._watch.pieces.clear()
        asked = time.perf_counter()
        heard = self._listen(question)
        for _ in self._script.remaining():
            pass
        [answer] = [part for _, part in self._script.parts if isinstance(part, Answer)]
        first = next(iter(split_sentences(answer.text)), "")

        def ms(moment: float | None) -> float | None:
            return None if moment is None else (moment - asked) * 1000

        begun, _ = self._script.parts[0]
        return TimedAnswer(
            answer,
            first_text_ms=(begun - asked) * 1000,
            first_token_ms=ms(self._watch.pieces[0][0] if self._watch.pieces else None),
            sentence_ms=None if answer.is_verbatim else ms(self._watch.when_written(first)),
            first_sound_ms=ms(heard),
            total_ms=(self._script.parts[-1][0] - asked) * 1000,
        )

    def _listen(self, question: Question) -> float | None:
        """Play until the voice is heard; when that was."""
        film = b""
        arrived: list[tuple[float, int]] = []  # s, and the end of the fragment in the film, ms
        look_at = FIRST_LOOK_MS
        with closing(self._session.reply(question, media=self._media)) as events:
            for event in events:
                if not isinstance(event, Fragment):
                    continue
                film += event.data
                end = event.pts_ms + event.duration_ms
                arrived.append((time.perf_counter(), end))
                if end >= look_at:  # seldom: it takes a while, and fragments wait meanwhile
                    look_at *= 2
                    if (begins := _voice_begins(film)) is not None:
                        return next(at for at, end in arrived if end > begins)
        begins = _voice_begins(film) if film else None
        return None if begins is None else next(at for at, end in arrived if end > begins)


class _TimestampedResponder:
    """A responder whose answer can be read to its end after speech and pictures were stopped."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._coming: Iterator[Sentence | Answer] = iter(())
        self.parts: list[tuple[float, Sentence | Answer]] = []
        """Of the last answer, each with the time at which it was given out (s)."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        self.parts = []
        self._coming = self._responder.respond(question)
        return self.remaining()

    def remaining(self) -> Iterator[Sentence | Answer]:
        """What has not been given out yet."""
        for part in self._coming:
            self.parts.append((time.perf_counter(), part))
            yield part


def _voice_begins(film: bytes) -> float | None:
    """Where the sound of a film is first heard, ms; None if it is silent."""
    with av.open(io.BytesIO(film), "r") as opened:
        rate = opened.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
    heard = np.flatnonzero(np.abs(sound) > AUDIBLE)
    return float(heard[0]) / rate * 1000 if len(heard) else None


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)
