"""A speech recogniser and its character error rate.

Substitutions, deletions and insertions that turn what was recognised into what was said, over the
number of characters said (Levenshtein 1966). Numbers are put into words on both sides first, and
punctuation is not counted.
"""

import importlib
import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import soundfile  # type: ignore[import-untyped]

from tts_engine.text import normalize_text

from .recordings import SAMPLE_RATE, Samples

Recogniser = Callable[[Samples], str]
"""From mono speech at 16 kHz, shape (n_samples,), to its words."""

_TIMEOUT = 60.0  # seconds for a sentence


def load(name: str, model: str) -> Recogniser:
    """Return a recogniser.

    Args:
        name: ``module:function``, which is a :data:`Recogniser`; or the address of an
            OpenAI-compatible service up to ``/v1``.
        model: What to ask the service for.

    Raises:
        ValueError: There is no such function.
    """
    if name.startswith(("http://", "https://")):
        return lambda samples: _ask(f"{name.rstrip('/')}/audio/transcriptions", model, samples)
    module, _, function = name.partition(":")
    try:
        found: Recogniser = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the recogniser {name!r} cannot be loaded ({error}); "
            "give http://HOST:PORT/v1 or module:function"
        ) from error
    return found


def error_rate(said: str, heard: str) -> float:
    """Return the character error rate; it can be above 1.

    >>> error_rate("请到3号窗口。", "请到三号窗户")
    0.16666666666666666
    """
    wanted, got = _characters(said), _characters(heard)
    row = np.arange(len(got) + 1)
    for i, character in enumerate(wanted, 1):
        before, row[0] = row.copy(), i
        for j, other in enumerate(got, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (character != other))
    return float(row[-1] / max(1, len(wanted)))


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
