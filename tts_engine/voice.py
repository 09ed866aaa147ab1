"""The value that leaves this package, :class:`Speech`, and the protocol of what makes it."""

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
    """The words whose audio ends with this piece; empty when none does. The texts of a sentence's
    pieces, joined, are the sentence: after a failure the rest is known to be unsaid."""
    phonemes: tuple[Phoneme, ...] = ()
    """In order of time; empty when the voice does not know them."""
    voice: str = ""
    """The name of the spare voice when that one speaks (``fallback.py``); else empty."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class VoiceCapabilities:
    """What a voice can do beyond speaking, and what it has to be told.

    A plug-in's class or factory function declares it as the attribute ``capabilities``; one
    without the attribute has none of them (:func:`voice_capabilities`).
    """

    chooses_gender: bool = False
    """The factory takes ``gender``, ``"female"`` or ``"male"``; the presenter's is given."""
    knows_phonemes: bool = False
    """Every piece of Mandarin comes with its :attr:`Speech.phonemes`."""
    takes_speed: bool = False
    """The factory takes ``speed``, 1 being natural; ``voice.yaml`` has a key for it."""
    reference_seconds: tuple[float, float] | None = None
    """How short and how long the clip may be whose speaker is imitated; None for a voice that
    takes no clip. One that does takes ``reference_audio`` (a path), ``reference_text``,
    ``reference_language`` and ``language``."""
    folder_paths: frozenset[str] = frozenset()
    """Options that name a file or folder, which in ``voice.yaml`` are relative to its folder."""


class Voice(Protocol):
    """Something that can speak.

    Several threads may use one voice at once; where the library underneath
    cannot, the voice holds a lock. Its class may also have the attribute ``capabilities``,
    a :class:`VoiceCapabilities`.
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


def voice_capabilities(voice: object) -> VoiceCapabilities:
    """Return what a voice, or the class or function that makes one, declares.

    Plug-ins that declare nothing, as those for version 0.1, have the defaults.

    Raises:
        TypeError: ``capabilities`` is something else than :class:`VoiceCapabilities`.
    """
    declared = getattr(voice, "capabilities", VoiceCapabilities())
    if not isinstance(declared, VoiceCapabilities):
        raise TypeError(
            f"{voice!r} declares its capabilities as {type(declared).__name__}; "
            "use tts_engine.VoiceCapabilities"
        )
    return declared
