"""Loudness normalization of streams: measurement (LUFS), gain, and a true-peak limiter.

Loudness is that of ITU-R BS.1770-4 (EBU R 128), for one channel. Both filters work on
hops of 40 ms whatever the size of the pieces they are given, so that a stream and a
whole recording come out as the same samples.
"""

import math
import threading
from collections import deque
from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import firwin, resample_poly, sosfilt

TARGET_LUFS = -19.0
"""LUFS."""
TRUE_PEAK_CEILING = 10 ** (-1.3 / 20)
"""What no true peak exceeds, full scale 1; below the promised -1 dBFS, for what a codec adds."""

HOP_SECONDS = 0.04
_BLOCK_HOPS = 10  # the standard's window of 400 ms
_ABSOLUTE_GATE = 10 ** ((-70 + 0.691) / 10)  # -70 LUFS as power
_RELATIVE_GATE = 0.1  # of the mean power: -10 LU
_SOUND = -55.0  # LUFS; a hop above it is not silence
_MEMORY = 125  # blocks: 5 s, less than a long sentence and more than its ups and downs
_MAX_GAIN = 24.0  # dB
_SLEW = 0.4  # dB a hop
_LOOKAHEAD_SECONDS = 0.01
_OVERSAMPLING = 4
_INTERPOLATOR = firwin(20 * _OVERSAMPLING + 1, 1 / _OVERSAMPLING, window=("kaiser", 5.0))

Samples = NDArray[np.float32]


def integrated_loudness(samples: Samples, sample_rate: int) -> float:
    """Return the loudness of a recording, LUFS; ``-inf`` for silence.

    What is shorter than a window of 400 ms is measured as one.
    """
    weighted = sosfilt(_k_weighting(sample_rate), samples.astype(np.float64))
    hop = round(HOP_SECONDS * sample_rate)
    n_hops = len(weighted) // hop
    if n_hops < _BLOCK_HOPS:
        return _lufs(float(np.mean(weighted**2))) if len(weighted) else -math.inf
    powers = np.mean(weighted[: n_hops * hop].reshape(n_hops, hop) ** 2, axis=1)
    blocks = np.lib.stride_tricks.sliding_window_view(powers, _BLOCK_HOPS).mean(axis=1)
    return _gated(blocks.tolist())


def true_peak(samples: Samples) -> float:
    """Return the highest peak between and at the samples, full scale 1."""
    if not len(samples):
        return 0.0
    return float(_envelope(samples.astype(np.float64)).max())


class LoudnessHistory:
    """How loud a voice has been lately; several threads may use it at once."""

    def __init__(self) -> None:
        self._blocks: deque[float] = deque(maxlen=_MEMORY)
        self._lock = threading.Lock()

    def recall(self) -> list[float]:
        """Return the power of the last windows, oldest first."""
        with self._lock:
            return list(self._blocks)

    def learn(self, blocks: Iterable[float]) -> None:
        """Add the windows of a sentence."""
        with self._lock:
            self._blocks.extend(blocks)


class LoudnessNormalizer:
    """Bring one sentence of a voice to the common loudness, and its peaks below the ceiling.

    The gain follows the loudness of the voice in the last seconds, earlier sentences
    included. A voice without history is buffered until 400 ms of it can be measured.
    The latency is up to 80 ms; no sample moves in time.

    Args:
        sample_rate: Hz; a multiple of 25.
        loudness: The measured history of this voice; the sentence is added at its end.
    """

    def __init__(self, sample_rate: int, loudness: LoudnessHistory) -> None:
        self._filter = _k_weighting(sample_rate)
        self._filter_state = np.zeros((len(self._filter), 2))
        self._hops = _HopBuffer(sample_rate)
        self._limiter = TruePeakLimiter(sample_rate)
        self._loudness = loudness
        self._recent: deque[float] = deque(loudness.recall(), maxlen=_MEMORY)
        self._powers: list[float] = []  # of each hop, from the first with sound
        self._blocks: list[float] = []
        self._buffered: list[Samples] = []  # buffered until there is a gain
        self._gain: float | None = _gain(self._recent)  # dB

    def push(self, samples: Samples) -> Samples:
        """Take sound, return the sound that is ready."""
        hops = self._hops.push(samples)
        return self._limiter.push(_joined([self._normalize(hop) for hop in hops]))

    def flush(self) -> Samples:
        """Return the rest; the sentence is over."""
        normalized = []
        if self._buffered:  # shorter than the 400 ms that BS.1770 measures
            self._gain = _gain(deque(self._powers))
            normalized.append(self._flush_buffered())
        rest = self._hops.flush()
        normalized.append(_amplified(rest, self._gain or 0.0, self._gain or 0.0))
        self._loudness.learn(self._blocks)
        self._blocks = []
        return np.concatenate([self._limiter.push(_joined(normalized)), self._limiter.flush()])

    def _normalize(self, hop: Samples) -> Samples:
        weighted, self._filter_state = sosfilt(
            self._filter, hop.astype(np.float64), zi=self._filter_state
        )
        power = float(np.mean(weighted**2))
        if self._powers or _lufs(power) > _SOUND:
            self._powers.append(power)
        if len(self._powers) >= _BLOCK_HOPS:
            block = sum(self._powers[-_BLOCK_HOPS:]) / _BLOCK_HOPS
            self._blocks.append(block)
            self._recent.append(block)
        wanted = _gain(self._recent)
        if self._gain is None:
            self._buffered.append(hop)
            if wanted is None:
                return hop[:0]
            self._gain = wanted
            return self._flush_buffered()
        before, after = self._gain, self._gain
        if wanted is not None:
            after += min(_SLEW, max(-_SLEW, wanted - before))
        self._gain = after
        return _amplified(hop, before, after)

    def _flush_buffered(self) -> Samples:
        buffered, self._buffered = _joined(self._buffered), []
        return _amplified(buffered, self._gain or 0.0, self._gain or 0.0)


class TruePeakLimiter:
    """Turn the sound down smoothly around each peak above the ceiling; nothing else changes.

    The sound leaves up to 80 ms after it came, in its place.

    Args:
        sample_rate: Hz; a multiple of 25.
    """

    def __init__(self, sample_rate: int) -> None:
        self._hops = _HopBuffer(sample_rate)
        self._reach = round(_LOOKAHEAD_SECONDS * sample_rate)
        silence = np.zeros(self._hops.size, np.float32)
        self._before, self._now = silence, silence
        self._started = False

    def push(self, samples: Samples) -> Samples:
        """Take sound, return the sound that is ready."""
        return _joined([self._limit(hop) for hop in self._hops.push(samples)])

    def flush(self) -> Samples:
        """Return the rest."""
        rest = self._hops.flush()
        silence = np.zeros(self._hops.size, np.float32)
        padded = silence.copy()
        padded[: len(rest)] = rest
        last = self._limit(padded)
        return np.concatenate([last, self._limit(silence)[: len(rest)]])

    def _limit(self, following: Samples) -> Samples:
        """Return the hop before ``following``."""
        context = np.concatenate([self._before, self._now, following]).astype(np.float64)
        limited = self._now
        if (
            np.abs(context).max() > TRUE_PEAK_CEILING / 2
        ):  # between samples it may reach twice as far
            allowed = np.minimum(
                1, TRUE_PEAK_CEILING / np.maximum(_envelope(context), TRUE_PEAK_CEILING / 2)
            )
            # The lowest of a window and then its mean: as low as each peak needs, and smooth.
            width = 2 * self._reach + 1
            gain = uniform_filter1d(minimum_filter1d(allowed, width), width)
            middle = slice(len(self._now), 2 * len(self._now))
            limited = (context[middle] * gain[middle]).astype(np.float32)
        started, self._started = self._started, True
        self._before, self._now = self._now, following
        return limited if started else limited[:0]


class _HopBuffer:
    """Re-cut sound into hops of one size."""

    def __init__(self, sample_rate: int) -> None:
        if sample_rate % 25:
            raise ValueError(f"the sample rate is {sample_rate} Hz; it must be a multiple of 25")
        self.sample_rate = sample_rate
        self.size = round(HOP_SECONDS * sample_rate)
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[Samples]:
        waiting = np.concatenate([self._rest, samples])
        n_whole = len(waiting) - len(waiting) % self.size
        self._rest = waiting[n_whole:]
        return list(waiting[:n_whole].reshape(-1, self.size))

    def flush(self) -> Samples:
        rest, self._rest = self._rest, self._rest[:0]
        return rest


def _joined(pieces: list[Samples]) -> Samples:
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _amplified(samples: Samples, before_db: float, after_db: float) -> Samples:
    """Apply a gain that moves evenly, in dB, from one value to another."""
    if before_db == after_db:
        return samples * np.float32(10 ** (after_db / 20))
    steps = np.arange(1, len(samples) + 1) / len(samples)
    gains = 10 ** ((before_db + (after_db - before_db) * steps) / 20)
    return (samples * gains).astype(np.float32)


def _gain(blocks: deque[float]) -> float | None:
    """Return the gain in dB that these windows ask for; None when they are silent."""
    loudness = _gated(list(blocks))
    if loudness == -math.inf:
        return None
    return min(_MAX_GAIN, max(-_MAX_GAIN, TARGET_LUFS - loudness))


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else -math.inf


def _gated(blocks: list[float]) -> float:
    """Return the loudness of windows without the pauses among them, LUFS."""
    powers = np.array(blocks)
    powers = powers[powers > _ABSOLUTE_GATE]
    if not len(powers):
        return -math.inf
    return _lufs(float(powers[powers > _RELATIVE_GATE * powers.mean()].mean()))


def _envelope(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest peak at each sample and on the way to the next."""
    fine = np.abs(resample_poly(samples, _OVERSAMPLING, 1, window=_INTERPOLATOR))
    peaks: NDArray[np.float64] = fine.reshape(-1, _OVERSAMPLING).max(axis=1)
    return np.maximum(peaks, np.abs(samples))


@cache
def _k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Return the standard's two filters, a shelf and a high-pass, at any sample rate."""
    shelf_gain, shelf_q, shelf_hz = 3.999843853973347, 0.7071752369554196, 1681.974450955533
    pass_q, pass_hz = 0.5003270373238773, 38.13547087602444

    k = math.tan(math.pi * shelf_hz / sample_rate)
    high = 10 ** (shelf_gain / 20)
    middle = high**0.4996667741545416
    scale = 1 + k / shelf_q + k * k
    shelf = [
        (high + middle * k / shelf_q + k * k) / scale,
        2 * (k * k - high) / scale,
        (high - middle * k / shelf_q + k * k) / scale,
        1.0,
        2 * (k * k - 1) / scale,
        (1 - k / shelf_q + k * k) / scale,
    ]
    k = math.tan(math.pi * pass_hz / sample_rate)
    scale = 1 + k / pass_q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / scale, (1 - k / pass_q + k * k) / scale]
    return np.array([shelf, high_pass])
