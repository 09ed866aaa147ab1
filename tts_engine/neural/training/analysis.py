"""Pitch and spectral envelope of recordings.

Pitch is found as Praat finds it (Boersma 1993): the autocorrelation of each frame, divided
by that of its window, and the cheapest path through all frames. The envelope is read off
the cumulated spectrum, over bands as wide as the pitch or wider: no harmonic is seen.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..features import HOP, POWER_FLOOR, SAMPLE_RATE, band_centres, band_widths

Array = NDArray[np.float32]

_STEPS_PER_SEMITONE = 4
_PERIODS = 3.7  # of the lowest pitch in the window
_SPECTRUM_WINDOW = 512
_UNVOICED = 0.45  # what a frame without pitch scores; a perfect period scores 1
_SILENCE = 0.03  # of the recording's peak
_OCTAVE_COST = 0.02  # a voice an octave lower has the same period twice
_JUMP_COST = 0.30  # for an octave from one frame to the next
_SWITCH_COST = 0.12  # between voice and none
_REACH = 14  # steps between two frames, at most
_BELOW, _ABOVE = 11.0, 13.0  # semitones from a speaker's median to the limits of the range


@dataclass(frozen=True, slots=True)
class PitchRange:
    """Where a speaker's pitch is looked for, Hz."""

    lowest: float
    highest: float

    @property
    def pitches(self) -> NDArray[np.float64]:
        """The pitches tried, a quarter of a semitone apart, shape (n_pitches,)."""
        n = round(12 * _STEPS_PER_SEMITONE * np.log2(self.highest / self.lowest)) + 1
        pitches: NDArray[np.float64] = np.geomspace(self.lowest, self.highest, n)
        return pitches


ANY_SPEAKER = PitchRange(60.0, 500.0)


def speaker_pitch(pitches: Array) -> tuple[float, PitchRange]:
    """Return a speaker's median pitch in Hz and the range to look in.

    Args:
        pitches: What :func:`track_pitch` found in :data:`ANY_SPEAKER`, any shape.

    Raises:
        ValueError: There is no voice.
    """
    voiced = pitches[pitches > 0]
    if not len(voiced):
        raise ValueError("no voice is heard in the recordings")
    median = float(np.median(voiced))
    lowest, highest = median * 2 ** (-_BELOW / 12), median * 2 ** (_ABOVE / 12)
    return median, PitchRange(max(ANY_SPEAKER.lowest, lowest), highest)


def track_pitch(samples: Array, within: PitchRange) -> Array:
    """Return the pitch of each frame in Hz, 0 where there is no voice.

    Args:
        samples: Recordings of one length, shape (n, n_frames * HOP).
        within: Where it is looked for.

    Returns:
        Shape (n, n_frames).
    """
    correlation = _autocorrelation(samples, within.lowest)
    strengths = _strengths(samples, correlation, within.pitches)
    return _refined(correlation, _best_path(strengths, within.pitches))


def spectral_envelope(samples: Array, pitches: Array) -> Array:
    """Return the logarithmic power in each band, shape (n, n_frames, N_BANDS).

    Args:
        samples: Shape (n, n_frames * HOP).
        pitches: Hz, shape (n, n_frames), without gaps (:func:`continuous_semitones`).
    """
    window = np.hanning(_SPECTRUM_WINDOW + 1)[:-1].astype(np.float32)
    spectrum = scipy.fft.rfft(_frames(samples, _SPECTRUM_WINDOW) * window)
    power = np.square(np.abs(spectrum)) / np.square(window).sum()
    # Bin k covers k - 1/2 to k + 1/2; the cumulated power is exact at these edges.
    total = np.concatenate([np.zeros_like(power[..., :1]), np.cumsum(power, -1)], -1)
    total -= power[..., :1] / 2  # so that it is 0 at 0 Hz
    half = np.maximum(band_widths(), pitches[..., None]) / 2
    low, high = band_centres() - half, band_centres() + half
    per_bin = SAMPLE_RATE / _SPECTRUM_WINDOW
    within = (_between(total, high / per_bin) - _between(total, low / per_bin)) * per_bin
    logarithms: Array = np.log(np.maximum(within / (2 * half), POWER_FLOOR)).astype(np.float32)
    return logarithms


def continuous_semitones(pitches: Array, reference_hz: float) -> Array:
    """Return pitch in semitones above the reference without gaps, shape (n_frames,)."""
    voiced = np.flatnonzero(pitches)
    if not len(voiced):
        return np.zeros(len(pitches), np.float32)
    semitones = 12 * np.log2(pitches[voiced] / reference_hz)
    curve: Array = np.interp(np.arange(len(pitches)), voiced, semitones).astype(np.float32)
    return curve


def _frames(samples: Array, length: int) -> Array:
    """Return the surroundings of each frame, shape (n, n_frames, length)."""
    before = (length - HOP) // 2
    padded = np.pad(samples, ((0, 0), (before, length - HOP - before)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)
    return windows[:, ::HOP]


def _between(total: Array, edge: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read a cumulated spectrum at fractional bins, odd below 0 Hz."""
    place = np.clip(np.abs(edge) + 0.5, 0.5, total.shape[-1] - 1.001)
    index = place.astype(np.intp)
    rest = place - index
    below = np.take_along_axis(total, index, -1)
    above = np.take_along_axis(total, index + 1, -1)
    value: NDArray[np.float64] = np.sign(edge) * (below + rest * (above - below))
    return value


def _autocorrelation(samples: Array, lowest: float) -> Array:
    """Return each frame's normalised autocorrelation, shape (n, n_frames, n_lags)."""
    length, n_lags = round(_PERIODS * SAMPLE_RATE / lowest), round(1.1 * SAMPLE_RATE / lowest) + 3
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    frames = _frames(samples, length)
    frames = (frames - frames.mean(-1, keepdims=True)) * window
    own = _correlation(window[None], n_lags)
    found = _correlation(frames, n_lags)
    normal = found[..., :1] * (own / own[:, :1]) + 1e-9
    result: Array = (found / normal).astype(np.float32)
    return result


def _correlation(frames: Array, n_lags: int) -> Array:
    size = scipy.fft.next_fast_len(frames.shape[-1] + n_lags, real=True)
    spectrum = scipy.fft.rfft(frames, size)
    result: Array = scipy.fft.irfft(np.square(np.abs(spectrum)), size)[..., :n_lags]
    return result


def _strengths(samples: Array, correlation: Array, pitches: NDArray[np.float64]) -> Array:
    """Score every pitch, and none at all in the last place: (n, n_frames, n_pitches + 1)."""
    lags = SAMPLE_RATE / pitches
    index = lags.astype(np.intp)
    rest = (lags - index).astype(np.float32)
    score = correlation[..., index] * (1 - rest) + correlation[..., index + 1] * rest
    score += (_OCTAVE_COST * np.log2(pitches / pitches[0])).astype(np.float32)
    peak = np.abs(_frames(samples, HOP)).max(-1)
    level = peak / np.maximum(peak.max(-1, keepdims=True), 1e-6)
    none = _UNVOICED + np.maximum(0, 2 - level / (_SILENCE / (1 + _UNVOICED)))
    result: Array = np.concatenate([score, none[..., None].astype(np.float32)], -1)
    return result


def _best_path(strength: Array, pitches: NDArray[np.float64]) -> Array:
    """Return the cheapest path's pitches in Hz, 0 for none, shape (n, n_frames)."""
    n, n_frames, n_states = strength.shape
    shifts = np.arange(-_REACH, _REACH + 1)
    costs = (_JUMP_COST * np.abs(np.log2(pitches[1] / pitches[0]) * shifts)).astype(np.float32)
    came_from = np.zeros((n_frames, n, n_states), np.int16)
    total = strength[:, 0].copy()
    for t in range(1, n_frames):
        padded = np.pad(total[:, :-1], ((0, 0), (_REACH, _REACH)), constant_values=-np.inf)
        best = np.full((n, n_states - 1), -np.inf, np.float32)
        source = np.zeros((n, n_states - 1), np.int16)
        for shift, cost in zip(shifts, costs, strict=True):
            offered = padded[:, _REACH + shift : _REACH + shift + n_states - 1] - cost
            better = offered > best
            best = np.where(better, offered, best)
            source = np.where(better, np.int16(shift), source)
        source += np.arange(n_states - 1, dtype=np.int16)
        starts = total[:, -1:] - _SWITCH_COST
        source = np.where(starts > best, np.int16(n_states - 1), source)
        best = np.maximum(best, starts)
        ends = total[:, :-1] - _SWITCH_COST
        last = ends.argmax(-1)
        stop = ends.max(-1)
        silent = np.where(stop > total[:, -1], last, n_states - 1)
        came_from[t] = np.concatenate([source, silent[:, None].astype(np.int16)], -1)
        total = np.concatenate([best, np.maximum(stop, total[:, -1])[:, None]], -1)
        total += strength[:, t]
    path = np.zeros((n, n_frames), np.intp)
    path[:, -1] = total.argmax(-1)
    for t in range(n_frames - 1, 0, -1):
        path[:, t - 1] = came_from[t][np.arange(n), path[:, t]]
    return np.append(pitches, 0.0).astype(np.float32)[path]


def _refined(correlation: Array, pitches: Array) -> Array:
    """Move each pitch to the top of the parabola through its lag and the two beside it."""
    hertz = np.where(pitches > 0, pitches, pitches.max() or 100.0)
    lag = np.round(SAMPLE_RATE / hertz).astype(np.intp)
    around = np.stack([lag - 1, lag, lag + 1], -1)
    left, middle, right = np.moveaxis(np.take_along_axis(correlation, around, -1), -1, 0)
    bend = left - 2 * middle + right
    top = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    refined = SAMPLE_RATE / (lag + np.clip(top, -1, 1))
    return np.where(pitches > 0, refined, 0).astype(np.float32)
