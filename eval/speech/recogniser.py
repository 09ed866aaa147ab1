"""A speech recogniser and its character error rate.

Substitutions, deletions and insertions that turn what was recognised into what was said, over the
number of characters said (Levenshtein 1966). Numbers are put into words on both sides first, and
punctuation is not counted.
"""

import importlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import soundfile  # type: ignore[import-untyped]

from tts_engine.text import normalize_text, words_with_pinyin

from .recordings import SAMPLE_RATE, Samples

Recogniser = Callable[[Samples], str]
"""From mono speech at 16 kHz, shape (n_samples,), to its words."""

_TIMEOUT = 60.0  # seconds for a sentence


def load(name: str, model: str) -> Recogniser:
    """Return a recogniser.

    Args:
        name: ``whisper`` (:mod:`.whisper`); ``module:function``, which is a :data:`Recogniser`; or
            the address of an OpenAI-compatible service up to ``/v1``.
        model: What to ask the service for.

    Raises:
        ValueError: There is no such function.
    """
    if name.startswith(("http://", "https://")):
        return lambda samples: _ask(f"{name.rstrip('/')}/audio/transcriptions", model, samples)
    if name == "whisper":
        name = "eval.speech.whisper:transcribe"
    module, _, function = name.partition(":")
    try:
        found: Recogniser = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the recogniser {name!r} cannot be loaded ({error}); "
            "give http://HOST:PORT/v1 or module:function"
        ) from error
    return found


@dataclass(frozen=True, slots=True)
class RecognitionErrors:
    """Errors over some sentences, each a part of what was said; they can be above 1."""

    characters: float
    syllables: float
    """Without tones: homophones are no errors."""


def recognition_errors(pairs: Sequence[tuple[str, str]]) -> RecognitionErrors:
    """Return the errors of pairs of what was said and what was heard.

    >>> recognition_errors([("请到3号窗口。", "请到三号窗户")]).characters
    0.16666666666666666
    """
    return RecognitionErrors(
        _error_rate([(_characters(said), _characters(heard)) for said, heard in pairs]),
        _error_rate([(_syllables(said), _syllables(heard)) for said, heard in pairs]),
    )


def _error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    n_wrong = sum(_distance(wanted, got) for wanted, got in pairs)
    return n_wrong / max(1, sum(len(wanted) for wanted, _ in pairs))


def _distance(wanted: Sequence[str], got: Sequence[str]) -> int:
    row = np.arange(len(got) + 1)
    for i, symbol in enumerate(wanted, 1):
        before, row[0] = row.copy(), i
        for j, other in enumerate(got, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (symbol != other))
    return int(row[-1])


def _syllables(text: str) -> list[str]:
    return [
        syllable[:-1]
        for word in words_with_pinyin(normalize_text(text))
        for syllable in word.syllables
    ]


def _characters(text: str) -> str:
    return "".join(filter(str.isalnum, normalize_text(text))).lower()


def _ask(url: str, model: str, samples: Samples) -> str:
    sound = io.BytesIO()
    soundfile.write(sound, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    speech = ("speech.wav", sound.getvalue(), "audio/wav")
    try:
        # trust_env: a service on one's own machine is not reached through a proxy.
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            reply = client.post(url, data={"model": model}, files={"file": speech})
        reply.raise_for_status()
        found: Any = reply.json()
        return str(found["text"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise OSError(f"the recogniser at {url} gave no text: {error}") from error
