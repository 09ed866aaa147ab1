"""Acoustic features between acoustic model and vocoder: envelope, pitch and voicing per frame.

The envelope is free of pitch (every band is at least as wide as the pitch), so that rules
may move the pitch of a sentence far from that of the recorded words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050
"""Hz; that of the embedded eSpeak voice too, so that English joins without resampling."""
HOP = 256
"""Samples of one frame; frame t is centred on sample (t + 1/2) * HOP."""
FRAMES_PER_SECOND = SAMPLE_RATE / HOP

N_BANDS = 80
POWER_FLOOR = 1e-7
"""Least power of a band; digital silence and the noise of MP3 are one."""
REFERENCE_HZ = 240.0
"""Pitch is given in semitones above the speaker's median; this is that of the voice of format 1."""


@dataclass(frozen=True, slots=True, eq=False)
class AcousticFeatures:
    """The features of some consecutive frames."""

    envelope: NDArray[np.float32]
    """Natural logarithm of the power density in each band, shape (n_frames, N_BANDS); white
    noise of variance 1 has 0 everywhere."""
    semitones: NDArray[np.float32]
    """Pitch above the speaker's median, shape (n_frames,); goes on through unvoiced sounds."""
    voicing: NDArray[np.float32]
    """0 (noise) to 1 (voice), shape (n_frames,)."""


def band_centres() -> NDArray[np.float64]:
    """Return the bands' middles in Hz, shape (N_BANDS,), even on the mel scale."""
    return _hertz(_edges()[1:-1])


def band_widths() -> NDArray[np.float64]:
    """Return the bands' widths in Hz, shape (N_BANDS,); each reaches to its neighbours' middles."""
    edges = _hertz(_edges())
    return (edges[2:] - edges[:-2]) / 2


def interpolation(n_bins: int) -> NDArray[np.float32]:
    """Return the matrix from bands to equally spaced bins up to half the sample rate.

    Shape (N_BANDS, n_bins); linear between the bands' middles on the mel scale.
    """
    bins = _mel(np.linspace(0, SAMPLE_RATE / 2, n_bins))
    middles = _edges()[1:-1]
    columns = [np.interp(bins, middles, row) for row in np.eye(N_BANDS)]
    return np.stack(columns).astype(np.float32)


def _edges() -> NDArray[np.float64]:
    low, high = _mel(np.array([20.0, 10_500.0]))
    return np.linspace(low, high, N_BANDS + 2)


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 2595 * np.log10(1 + hertz / 700)
    return mel


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hertz: NDArray[np.float64] = 700 * (10 ** (mel / 2595) - 1)
    return hertz
