"""A voice made of single words: rules make sentences of them, English is eSpeak's."""

import re
from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np

from ..audio.filters import EdgeFade, filter_speech
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
from ..voice import Speech
from .features import SAMPLE_RATE
from .networks import ProsodyModel
from .phrasing import plan_phrases
from .prosody_plan import plan_prosody
from .synthesis import FADE_SAMPLES, plan_phonemes, silence, synthesize
from .weights import VoiceNetworks

_RUN = re.compile(
    "(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+)"
    r"|(?P<letters>(?:(?!VISA|WIFI|COVID)[A-Z]{1,5}(?![A-Z])|[Aa]pp)(?![A-Za-z'’.&-]*[a-z]))"
    r"|(?P<english>[A-Za-z](?:[A-Za-z'’&-]|[.](?=[A-Za-z])| (?=[A-Za-z]))*)"
)
_QUESTION = re.compile(r"[？?]\s*$")


class WordSpeaker:
    """Speaks Mandarin with networks trained on one speaker's recordings of single words.

    Args:
        models: Networks of a voice made of words.
        prosody: Its prosody model.
        speed: 1 is about 4.3 syllables a second.
    """

    def __init__(self, models: VoiceNetworks, prosody: ProsodyModel, speed: float) -> None:
        self._models, self._prosody, self._speed = models, prosody, speed
        self._english = EspeakVoice()
        self.gain = np.float32(1)
        """What the networks' samples are multiplied by."""

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence.

        Raises:
            ValueError: Nothing in it can be spoken.
        """
        language = spoken_language(text)
        if language == "en":
            yield from self._english.speak(text)
            return
        clauses = spoken_clauses(text, language, lambda spoken: bool(_RUN.search(spoken)))
        if not clauses:
            raise ValueError("nothing to speak: the text holds only marks or symbols")
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
                    yield silence(pause)
            yield replace(silence(closing_pause_seconds(written)), text=written)

    def _speak_breath_group(
        self, words: list[Word], *, question: bool
    ) -> Generator[Speech, None, None]:
        plan = plan_prosody(
            plan_phrases(words), self._prosody, question=question, speed=self._speed
        )

        def pieces() -> Generator[Speech, None, None]:
            phonemes = plan_phonemes(plan)
            for samples in synthesize(plan, self._models):
                yield Speech(samples * self.gain, SAMPLE_RATE, "", phonemes)
                phonemes = ()  # all came with the first; the filter puts them in their places

        yield from filter_speech(pieces(), EdgeFade(FADE_SAMPLES), SAMPLE_RATE)


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
