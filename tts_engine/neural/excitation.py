"""The excitation of the source-filter model: harmonics of the pitch, and noise."""

import numpy as np
from numpy.typing import NDArray

from .features import HOP, REFERENCE_HZ, SAMPLE_RATE

_MAX_FREQUENCY = 0.49  # of the sample rate; no harmonic above


def harmonic_excitation(semitones: NDArray[np.float32], phase: float = 0.0) -> NDArray[np.float32]:
    """Return band-limited pulses at the pitch: all harmonics in phase, of power density 1.

    Args:
        semitones: Pitch of each frame above the reference, shape (..., n_frames).
        phase: Where in its period the first sample lies, radians.

    Returns:
        Shape (..., n_frames * HOP).
    """
    hertz = REFERENCE_HZ * 2 ** (_per_sample(semitones) / 12)
    angle = phase + np.cumsum(2 * np.pi * hertz / SAMPLE_RATE, -1)
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    n_harmonics = np.floor(_MAX_FREQUENCY * SAMPLE_RATE / hertz)
    # The sum of cosines in closed form, whose limit at 0 is the number of them.
    half = np.sin(angle / 2)
    safe = np.where(np.abs(half) < 1e-6, 1.0, half)
    summed = (np.sin((n_harmonics + 0.5) * angle) / safe - 1) / 2
    summed = np.where(np.abs(half) < 1e-6, n_harmonics, summed)
    return (summed * np.sqrt(4 * hertz / SAMPLE_RATE)).astype(np.float32)


def noise_excitation(n_frames: int, seed: int = 0) -> NDArray[np.float32]:
    """Return white noise of variance 1, the same for a seed, shape (n_frames * HOP,)."""
    return np.random.default_rng(seed).standard_normal(n_frames * HOP, np.float32)


def _per_sample(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Interpolate between the frames' middles; hold the ends."""
    n_frames = frames.shape[-1]
    place = np.clip((np.arange(n_frames * HOP) + 0.5) / HOP - 0.5, 0, n_frames - 1)
    index = np.minimum(place.astype(np.intp), max(0, n_frames - 2))
    rest = place - index
    following = np.minimum(index + 1, n_frames - 1)
    return frames[..., index] * (1 - rest) + frames[..., following] * rest
