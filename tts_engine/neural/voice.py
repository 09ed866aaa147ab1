"""The embedded neural voice: one speaker's networks, of sentences or of single words."""

from collections.abc import Generator
from pathlib import Path

import numpy as np

from zhengwen.assets import asset

from ..audio.filters import filter_speech
from ..audio.loudness import TARGET_LUFS, TruePeakLimiter, integrated_loudness
from ..voice import Speech, VoiceCapabilities
from .features import SAMPLE_RATE
from .sentence_prosody import STYLES, SentenceProsodyModel
from .sentence_speaker import SentenceSpeaker
from .weights import load_weights
from .word_speaker import WordSpeaker

SHIPPED_WEIGHTS = asset("voice", "voice.safetensors")

_CALIBRATION = "请您带好本人身份证原件到窗口办理"


class NeuralVoice:
    """Speaks with networks trained on one speaker's recordings.

    Args:
        weights: A voice that ``python -m tts_engine.neural train`` wrote.
        speed: 0.5 to 2; 1 is the speaker's own pace, about 4.3 syllables a second.
        style: ``calm``, ``warm`` or ``careful``; a voice made of single words has the first only.

    Raises:
        ValueError: ``speed`` is out of range, there is no such style, or the weights are not such
            a voice.
    """

    sample_rate = SAMPLE_RATE
    capabilities = VoiceCapabilities(
        knows_phonemes=True, takes_speed=True, folder_paths=frozenset({"weights"})
    )

    def __init__(
        self, *, weights: Path | str = SHIPPED_WEIGHTS, speed: float = 1.0, style: str = "calm"
    ) -> None:
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed is {speed}; it can be 0.5 to 2")
        if style not in STYLES:
            raise ValueError(f"style is {style!r}; it can be {', '.join(STYLES)}")
        models = load_weights(Path(weights))
        self._speaker: SentenceSpeaker | WordSpeaker
        if isinstance(models.prosody, SentenceProsodyModel):
            self._speaker = SentenceSpeaker(models, models.prosody, STYLES[style], speed)
        else:
            self._speaker = WordSpeaker(models, models.prosody, speed)
        self._speaker.gain = _calibration_gain(self._speaker)

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence, about a quarter of a second of it at first.

        A clause's text comes with the pause behind it.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken (only marks or emoji).
        """
        yield from filter_speech(
            self._speaker.speak(text), TruePeakLimiter(SAMPLE_RATE), SAMPLE_RATE
        )


def _calibration_gain(speaker: SentenceSpeaker | WordSpeaker) -> np.float32:
    """Return the gain that brings a voice to the common level."""
    samples = np.concatenate([piece.samples for piece in speaker.speak(_CALIBRATION)])
    loudness = integrated_loudness(samples, SAMPLE_RATE)
    return np.float32(10 ** ((TARGET_LUFS - loudness) / 20) if np.isfinite(loudness) else 1.0)
