"""What the official SyncNet hears: mel cepstra as python_speech_features makes them.

``python_speech_features.mfcc(samples, 16000)`` with its default settings, which is what
``SyncNetInstance.py`` calls: 25 ms every 10 ms without a taper, 26 bands up to 8 kHz on the
2595 log10(1 + f / 700) scale, 13 coefficients, liftered, the first replaced by the energy.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import dct

N_CEPSTRA = 13
_RATE = 16_000  # Hz
_LENGTH, _STEP, _N_FFT = 400, 160, 512  # samples
_N_BANDS = 26
_LIFTER = 22
_PREEMPHASIS = 0.97
_EPS = np.finfo(float).eps


def cepstra(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """Mel cepstra of a sound.

    Args:
        pcm: Mono, 16 kHz, as whole numbers up to 32767; the network was trained with those.

    Returns:
        (13, n): a column for each 10 ms.
    """
    sound = pcm.astype(np.float64)
    sound = np.append(sound[:1], sound[1:] - _PREEMPHASIS * sound[:-1])
    n = 1 + max(0, -(-(len(sound) - _LENGTH) // _STEP))
    padded = np.pad(sound, (0, max(0, (n - 1) * _STEP + _LENGTH - len(sound))))
    pieces = sliding_window_view(padded, _LENGTH)[::_STEP][:n]
    power = np.abs(np.fft.rfft(pieces, _N_FFT)) ** 2 / _N_FFT
    energy, bands = power.sum(1), power @ _filters().T
    energy[energy == 0] = bands[bands == 0] = _EPS
    made: NDArray[np.float64] = dct(np.log(bands), norm="ortho")[:, :N_CEPSTRA]
    made *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(N_CEPSTRA) / _LIFTER)
    made[:, 0] = np.log(energy)
    return made.T


@lru_cache(1)
def _filters() -> NDArray[np.float64]:
    """Triangles whose corners lie on whole FFT bins, (26, 257)."""
    mels = np.linspace(0, 2595 * np.log10(1 + _RATE / 2 / 700), _N_BANDS + 2)
    corners = np.floor((_N_FFT + 1) * 700 * (10 ** (mels / 2595) - 1) / _RATE).astype(int)
    made = np.zeros((_N_BANDS, _N_FFT // 2 + 1))
    for band, (low, top, high) in zip(made, sliding_window_view(corners, 3), strict=True):
        band[low:top] = (np.arange(low, top) - low) / (top - low)
        band[top:high] = (high - np.arange(top, high)) / (high - top)
    return made
