"""The value that leaves this package, :class:`Speech`, and the protocol of what makes it."""

import inspect
import warnings
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

    Plug-ins that declare nothing have the defaults. In version 0.1 nothing was declared and the
    parameter ``gender`` was looked for: it still is where there is no declaration, with a
    DeprecationWarning if it is found.

    Raises:
        TypeError: ``capabilities`` is something else than :class:`VoiceCapabilities`.
    """
    declared = getattr(voice, "capabilities", None)
    if declared is None:
        return _undeclared_capabilities(voice)
    if not isinstance(declared, VoiceCapabilities):
        raise TypeError(
            f"{voice!r} declares its capabilities as {type(declared).__name__}; "
            "use tts_engine.VoiceCapabilities"
        )
    return declared


def _undeclared_capabilities(voice: object) -> VoiceCapabilities:
    if not callable(voice) or "gender" not in inspect.signature(voice).parameters:
        return VoiceCapabilities()
    found = VoiceCapabilities(chooses_gender=True)
    name = getattr(voice, "__name__", type(voice).__name__)
    warnings.warn(f"{name} should declare: capabilities = {found}", DeprecationWarning, 3)
    return found
