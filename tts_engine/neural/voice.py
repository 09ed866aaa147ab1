"""The embedded neural Mandarin voice; English words inside a text are eSpeak NG's."""

import re
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.assets import asset

from ..audio.filters import EdgeFade, filter_speech
from ..audio.loudness import TARGET_LUFS, TruePeakLimiter, integrated_loudness
from ..espeak.voice import EspeakVoice
from ..text import (
    Word,
    closing_pause_seconds,
    pause_seconds,
    spoken_clauses,
    spoken_language,
    words_with_pinyin,
)
from ..text.pinyin import letter_pinyin
from ..voice import Phoneme, Speech, VoiceCapabilities
from .features import FRAMES_PER_SECOND, SAMPLE_RATE
from .phones import phone_to_ipa
from .phrasing import plan_phrases
from .prosody_plan import ProsodyPlan, plan_prosody
from .synthesis import synthesize
from .weights import load_weights

SHIPPED_WEIGHTS = asset("voice", "voice.safetensors")

_FADE_SECONDS = 0.005
_RUN = re.compile(
    "(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+)"
    r"|(?P<letters>(?:(?!VISA|WIFI|COVID)[A-Z]{1,5}|[Aa]pp)(?![A-Za-z'’.&-]*[a-z]))"
    r"|(?P<english>[A-Za-z](?:[A-Za-z'’&-]|[.](?=[A-Za-z])| (?=[A-Za-z]))*)"
)
_QUESTION = re.compile(r"[？?]\s*$")
_CALIBRATION = "请您带好本人身份证原件到窗口办理"


class NeuralVoice:
    """Speaks Mandarin with networks trained on one woman's recordings of single words.

    Args:
        weights: A voice that ``python -m tts_engine.neural train`` wrote.
        speed: 0.5 to 2; 1 is about 4.3 syllables a second.

    Raises:
        ValueError: ``speed`` is out of range, or the weights are not such a voice.
    """

    sample_rate = SAMPLE_RATE
    capabilities = VoiceCapabilities(knows_phonemes=True, takes_speed=True)

    def __init__(self, *, weights: Path | str = SHIPPED_WEIGHTS, speed: float = 1.0) -> None:
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed is {speed}; it can be 0.5 to 2")
        self._models = load_weights(Path(weights))
        self._speed = speed
        self._english = EspeakVoice()
        self._gain = np.float32(1)
        self._gain = self._calibration_gain()

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence, about a quarter of a second of it at first.

        A clause's text comes with the pause behind it.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken (only marks or emoji).
        """
        language = spoken_language(text)
        if language == "en":
            yield from self._english.speak(text)
            return
        clauses = spoken_clauses(text, language, lambda spoken: bool(_RUN.search(spoken)))
        if not clauses:
            raise ValueError("nothing to speak: the text holds only marks or symbols")
        yield from filter_speech(
            self._speak_clauses(clauses), TruePeakLimiter(SAMPLE_RATE), SAMPLE_RATE
        )

    def _speak_clauses(self, clauses: list[tuple[str, str]]) -> Generator[Speech, None, None]:
        for written, spoken in clauses:
            question = bool(_QUESTION.search(written))
            groups = list(_breath_groups(spoken))
            for i, (group, pause) in enumerate(groups):
                if isinstance(group, str):
                    yield from (replace(p, text="") for p in self._english.speak(group))
                else:
                    rises = question and i == len(groups) - 1
                    yield from self._speak_breath_group(group, question=rises)
                if pause and i < len(groups) - 1:
                    yield _silence(pause)
            yield replace(_silence(closing_pause_seconds(written)), text=written)

    def _speak_breath_group(
        self, words: list[Word], *, question: bool
    ) -> Generator[Speech, None, None]:
        plan = plan_prosody(
            plan_phrases(words), self._models.prosody, question=question, speed=self._speed
        )

        def pieces() -> Generator[Speech, None, None]:
            phonemes = _phonemes(plan)
            for samples in synthesize(plan, self._models):
                yield Speech(samples * self._gain, SAMPLE_RATE, "", phonemes)
                phonemes = ()  # all came with the first; the filter puts them in their places

        yield from filter_speech(
            pieces(), EdgeFade(round(_FADE_SECONDS * SAMPLE_RATE)), SAMPLE_RATE
        )

    def _calibration_gain(self) -> np.float32:
        """Return the gain that brings this voice to the common level."""
        pieces = [
            piece.samples
            for piece in self._speak_breath_group(words_with_pinyin(_CALIBRATION), question=False)
        ]
        loudness = integrated_loudness(np.concatenate(pieces), SAMPLE_RATE)
        return np.float32(10 ** ((TARGET_LUFS - loudness) / 20) if np.isfinite(loudness) else 1.0)


def _breath_groups(spoken: str) -> Iterator[tuple[list[Word] | str, float]]:
    """Yield runs without a pause, Mandarin words or English text, and the pause after, seconds."""
    group: list[Word] = []
    runs = list(_RUN.finditer(spoken))
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        pause = pause_seconds(spoken[run.end() : following.start() if following else len(spoken)])
        if run.lastgroup == "english":
            yield run[0], pause
            continue
        group += words_with_pinyin(run[0]) if run["han"] else [Word(run[0], letter_pinyin(run[0]))]
        if group and (pause or not following or following["english"]):
            yield group, pause
            group = []


def _phonemes(plan: ProsodyPlan) -> tuple[Phoneme, ...]:
    ends = np.cumsum(plan.durations) / FRAMES_PER_SECOND
    starts = ends - plan.durations / FRAMES_PER_SECOND
    return tuple(
        Phoneme(symbol, at)
        for phone, start, end in zip(plan.phones, starts, ends, strict=True)
        for symbol, at in phone_to_ipa(phone, float(start), float(end))
    )


def _silence(seconds: float) -> Speech:
    samples: NDArray[np.float32] = np.zeros(max(1, round(seconds * SAMPLE_RATE)), np.float32)
    return Speech(samples, SAMPLE_RATE, "", (Phoneme("", 0.0),))
