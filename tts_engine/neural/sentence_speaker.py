"""A voice made of sentences, Chinese and English: one plan for a whole sentence."""

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from ..audio.filters import EdgeFade, filter_speech
from ..text import closing_pause_seconds
from ..voice import Speech
from .features import HOP, SAMPLE_RATE
from .prosody_plan import ProsodyPlan
from .sentence_phones import Clause, sentence_clauses, sentence_phones, sentence_words
from .sentence_prosody import SentenceProsodyModel, SpeakingStyle, plan_sentence
from .synthesis import FADE_SAMPLES, plan_phonemes, silence, synthesize
from .weights import VoiceNetworks


class SentenceSpeaker:
    """Speaks with networks trained on one speaker's sentences.

    Args:
        models: Networks of a voice made of sentences.
        prosody: Its prosody model.
        style: How everything is said.
        speed: 1 is the speaker's own pace.
    """

    def __init__(
        self,
        models: VoiceNetworks,
        prosody: SentenceProsodyModel,
        style: SpeakingStyle,
        speed: float,
    ) -> None:
        self._models, self._prosody = models, prosody
        self._style, self._speed = style, speed
        self.gain = np.float32(1)
        """What the networks' samples are multiplied by."""

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence.

        Raises:
            ValueError: Nothing in it can be spoken.
        """
        clauses = sentence_clauses(text)
        if not clauses:
            raise ValueError("nothing to speak: the text holds only marks or symbols")
        sentence = sentence_phones(*sentence_words(clauses))
        plan = plan_sentence(sentence, self._prosody, self._style, speed=self._speed)
        ends = np.cumsum(plan.durations)[clause_ends(clauses)]
        pieces = self._pieces(plan, [clause.written for clause in clauses], ends.tolist())
        yield from filter_speech(pieces, EdgeFade(FADE_SAMPLES), SAMPLE_RATE)
        last = clauses[-1].written
        yield replace(silence(closing_pause_seconds(last) / self._speed), text=last)

    def _pieces(
        self, plan: ProsodyPlan, written: list[str], ends: list[int]
    ) -> Generator[Speech, None, None]:
        """Yield the sound; each clause's text but the last's with the frame after which it is over.

        All phonemes come with the first piece: the filter puts them in their places.
        """
        phonemes, n_frames, n_said = plan_phonemes(plan), 0, 0
        for samples in synthesize(plan, self._models):
            n_frames += len(samples) // HOP
            n_over = sum(end <= n_frames for end in ends[:-1])
            text = "".join(written[n_said:n_over])
            n_said = max(n_said, n_over)
            yield Speech(samples * self.gain, SAMPLE_RATE, text, phonemes)
            phonemes = ()


def clause_ends(clauses: list[Clause]) -> list[int]:
    """Return the place of each clause's last pause among the phones of its sentence."""
    ends, n_phones = [], 0
    for clause in clauses:
        words, _ = sentence_words([clause])
        n_phones += sum(len(syllable) for word in words for syllable in word) + len(words)
        ends.append(n_phones)
    return ends
