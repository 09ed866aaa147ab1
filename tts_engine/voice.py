"""Speech, and the thing that makes it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One sound of the speech, from its start to the start of the next."""

    symbol: str
    """IPA without tone, stress and length (``"ʈʂʰ"``, ``"au"``, ``"m"``); ``""`` is a pause."""
    start: float
    """Seconds from the first sample of the piece of speech it belongs to."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A piece of spoken audio."""

    samples: NDArray[np.float32]
    """Mono waveform, shape (n_samples,), values in [-1, 1]."""
    sample_rate: int
    """Samples per second, Hz."""
    text: str = ""
    """The words that are over at the end of this piece; empty when none ends in it. The texts
    of a sentence's pieces, joined, are the sentence: so a break tells what is still unsaid."""
    phonemes: tuple[Phoneme, ...] = ()
    """In order of time; empty when the voice does not know them."""
    voice: str = ""
    """Who is heard, when it is not the voice that was asked (``fallback.py``)."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


class Voice(Protocol):
    """Something that can speak.

    Several threads may use one voice at once; where the library underneath
    cannot, the voice holds a lock.
    """

    sample_rate: int
    """Hz; the same for every piece this voice speaks."""

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence, yielding audio as soon as it exists.

        Closing the generator stops the synthesis.

        Raises:
            ValueError: ``text`` is blank.
        """
        ...
