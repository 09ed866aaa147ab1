"""How much of each viseme a mouth has, frame by frame: finer than the light avatar draws.

The light avatar chooses between pictures; here a mouth is a point among the visemes,
so that how far it opens follows how loud the voice is.
"""

import numpy as np
from numpy.typing import NDArray

from tts_engine import Phoneme

from ..coarticulation import VISEMES, holds, mouth_at

Mixtures = NDArray[np.float32]
"""(n_frames, 15): shares of the visemes in the order of ``VISEMES``; a row sums to 1."""

_SIL, _AA, _E = (VISEMES.index(name) for name in ("sil", "aa", "E"))
_VOWELS = np.array([name in ("aa", "E", "I", "O", "U") for name in VISEMES])
_SHOUT = 0.5  # of "aa" at usual loudness; the whole of it is a shout
_DB_PER_DOUBLING = 14.0  # lips open less than the voice grows
_SPAN = (0.55, 1.5)  # of the opening, times the usual


def mixtures(
    phonemes: tuple[Phoneme, ...], samples: NDArray[np.float32], sample_rate: int, fps: int
) -> Mixtures:
    """The mouths of a sentence.

    Args:
        phonemes: In order of time, seconds from the first sample.
        samples: Mono, in [-1, 1]; a whole number of frames.
        sample_rate: Hz, a multiple of ``fps``.
        fps: Frames a second; frame i shows the time (i + 0.5) / fps.
    """
    n_frames = len(samples) * fps // sample_rate
    made = np.zeros((n_frames, len(VISEMES)), np.float32)
    held = holds(phonemes, len(samples) / sample_rate, fps)
    for row, i in zip(made, range(n_frames), strict=True):
        mouth = mouth_at(held, (i + 0.5) / fps)
        row[VISEMES.index(mouth.start)] += 1 - mouth.progress
        row[VISEMES.index(mouth.end)] += mouth.progress
    opening = _openings(samples, sample_rate // fps)
    closing = np.minimum(opening, 1)[:, None] * _VOWELS + ~_VOWELS
    made *= closing.astype(np.float32)
    shout = np.clip(_SHOUT * opening, 0, 1)
    made[:, _E] += made[:, _AA] * (1 - shout)
    made[:, _AA] *= shout
    made[:, _SIL] += 1 - made.sum(axis=1)
    return made


def _openings(samples: NDArray[np.float32], per_frame: int) -> NDArray[np.float32]:
    """How far lips open in each frame, times the usual, (n_frames,)."""
    power = (samples.reshape(-1, per_frame).astype(np.float64) ** 2).mean(axis=1) + 1e-10
    smooth = np.convolve(np.pad(power, 2, mode="edge"), np.hanning(7)[1:-1] / 3, mode="valid")
    level = 10 * np.log10(smooth)
    usual = np.median(level[level > level.max() - 25])
    opening = np.clip(2 ** ((level - usual) / _DB_PER_DOUBLING), *_SPAN)
    return np.asarray(opening, np.float32)
