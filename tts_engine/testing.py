"""A voice for tests: a plain tone, of a length that can be known beforehand."""

from collections.abc import Generator

import numpy as np

from .voice import Phoneme, Speech


class ToneVoice:
    """Speaks every character as the same short tone; no model, no library, no files.

    Args:
        sample_rate: Hz.
        seconds_per_character: How long each character sounds, seconds.
        frequency: Of the tone, Hz.
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16_000,
        seconds_per_character: float = 0.04,
        frequency: float = 220.0,
    ) -> None:
        self.sample_rate = sample_rate
        self._n_samples = round(seconds_per_character * sample_rate)
        times = np.arange(self._n_samples) / sample_rate
        self._tone = (0.2 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Yield one piece for each character.

        Raises:
            ValueError: ``text`` is blank.
        """
        if not text.strip():
            raise ValueError("nothing to speak: text is blank")
        for character in text:
            yield Speech(self._tone.copy(), self.sample_rate, character, (Phoneme("a", 0.0),))
