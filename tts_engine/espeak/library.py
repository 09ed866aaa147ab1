"""The eSpeak NG library from the wheel ``espeakng-loader``, called through ctypes.

The library keeps one state per process, so there is one lock, and each call sets
the voice it wants.
"""

import ctypes
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22050
"""Hz; the rate of the library's formant voices."""

# Names and numbers are those of speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS, _INITIALIZE_PHONEME_IPA, _INITIALIZE_DONT_EXIT = 0x1, 0x2, 0x8000
_CHARS_UTF8, _PHONEMES = 0x1, 0x100
_IPA_WITH_TIES = 0x2 | 0x80 | ord("^") << 8
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_QUIET = 60  # of 100; at full volume some variants clip inside the library
_EVENT_LIST_TERMINATED, _EVENT_PHONEME = 0, 7
_POS_CHARACTER = 1


class _EventId(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class EspeakSettings:
    """How the library is to speak."""

    voice: str
    """A voice and perhaps a variant: ``"cmn-latn-pinyin+f2"``."""
    rate: int
    """Words per minute of the library's own reckoning, 80 to 450."""
    pitch: int
    """0 to 99; 50 is the voice's own."""
    pitch_range: int
    """0 to 99; 50 is the voice's own, 0 is a monotone."""


@dataclass(frozen=True, slots=True, eq=False)
class EspeakOutput:
    """What the library said."""

    samples: NDArray[np.float32]
    """Mono at :data:`SAMPLE_RATE`, shape (n_samples,), values in [-1, 1]."""
    phonemes: tuple[tuple[str, float], ...]
    """The library's phoneme names with their start in seconds; pauses are ``""``."""


class EspeakLibrary:
    """The library, initialised. There is one per process: :func:`library`."""

    def __init__(self) -> None:
        import espeakng_loader  # type: ignore[import-untyped]

        data = espeakng_loader.get_data_path()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS,
            0,
            data.encode(),
            _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_PHONEME_IPA | _INITIALIZE_DONT_EXIT,
        )
        if rate != SAMPLE_RATE:
            raise OSError(
                f"eSpeak NG could not start with its data in {data} (answer {rate}). The library "
                "accepts a path of at most about 160 characters: a Python environment in a "
                "shorter path helps, as does reinstalling espeakng-loader."
            )
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lock = threading.Lock()
        self._sound: list[NDArray[np.int16]] = []
        self._phonemes: list[tuple[str, float]] = []
        self._callback = _Callback(self._receive)  # the library keeps only a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, manner: EspeakSettings) -> EspeakOutput:
        """Speak ``text``; other threads wait. ``[[…]]`` encloses the library's phoneme names.

        Raises:
            ValueError: The library has no such voice.
        """
        encoded = text.encode() + b"\0"
        with self._lock:
            self._sound.clear()
            self._phonemes.clear()
            if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
                raise ValueError(f"eSpeak NG has no voice {manner.voice!r}")
            self._library.espeak_SetParameter(_RATE, manner.rate, 0)
            self._library.espeak_SetParameter(_VOLUME, _QUIET, 0)
            self._library.espeak_SetParameter(_PITCH, manner.pitch, 0)
            self._library.espeak_SetParameter(_RANGE, manner.pitch_range, 0)
            self._library.espeak_Synth(
                encoded, len(encoded), 0, _POS_CHARACTER, 0, _CHARS_UTF8 | _PHONEMES, None, None
            )
            sound = np.concatenate(self._sound) if self._sound else np.zeros(0, np.int16)
            samples = sound.astype(np.float32) / np.float32(32768)
            return EspeakOutput(samples, tuple(self._phonemes))

    def phonemize(self, text: str, voice: str) -> str:
        """Return how ``text`` is said: IPA with stress, words apart, ``^`` within a double sound.

        Args:
            text: Written text.
            voice: The library's name of a voice: ``"en-us"``.

        Raises:
            ValueError: The library has no such voice.
        """
        rest = ctypes.c_char_p(text.encode())
        clauses: list[str] = []
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"eSpeak NG has no voice {voice!r}")
            while rest.value:  # the library moves the pointer past one clause at a time
                spoken: bytes = self._library.espeak_TextToPhonemes(
                    ctypes.byref(rest), _CHARS_UTF8, _IPA_WITH_TIES
                )
                clauses.append(spoken.decode())
        return " ".join(clauses)

    def _receive(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        if wave and count:
            self._sound.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while (event := events[index]).type != _EVENT_LIST_TERMINATED:  # type: ignore[index]
            if event.type == _EVENT_PHONEME:
                name = bytes(event.id)[: ctypes.sizeof(_EventId)].split(b"\0")[0]
                self._phonemes.append((name.decode(errors="ignore"), event.audio_position / 1000))
            index += 1
        return 0  # go on


@cache
def variants() -> tuple[str, ...]:
    """Return the names that may follow a voice's name and a plus sign."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return tuple(sorted(path.name for path in folder.iterdir()))


@cache
def _library() -> EspeakLibrary:
    return EspeakLibrary()


_starting = threading.Lock()


def library() -> EspeakLibrary:
    """Return the process's library; the first call loads it (about 15 ms).

    Raises:
        OSError: The library or its data cannot be loaded.
    """
    with _starting:  # cache alone would let two threads initialise at once
        return _library()
