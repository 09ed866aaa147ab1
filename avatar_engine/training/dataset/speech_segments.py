"""Where a sound is cut into sentences: at its silences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...wav2lip.mel import FPS, SAMPLE_RATE

LEVEL_INTERVAL_S = 0.01  # seconds that a level is measured over
_PER_LEVEL = round(SAMPLE_RATE * LEVEL_INTERVAL_S)
_PER_FRAME = round(1 / FPS / LEVEL_INTERVAL_S)
_DIGITAL_SILENCE = -96.0  # dB; digital silence

_PREEMPHASIS = 0.97  # a room rumbles below 100 Hz, often louder than soft consonants are
_SMOOTHED_LEVELS = 5  # levels, 50 ms
_MIN_SPEECH_LEVEL = -80.0  # dB; sound as soft as that is nobody's speech
_MIN_ABOVE_NOISE = 8.0  # dB by which speech is louder than the room at least

LoudnessLevels = NDArray[np.float32]
"""Loudness of each 10 ms after pre-emphasis, dB relative to full scale."""


@dataclass(frozen=True, slots=True)
class SegmentationRules:
    """What counts as a silence and as a sentence."""

    shortest_s: float = 0.8
    """Seconds; shorter ones are left out. The networks look at 0.2 s at a time."""
    longest_s: float = 8.0
    """Seconds; longer ones are cut again, at their longest pause."""
    silence_db: float = -30.0
    """dB, relative to how loud the sound is where somebody speaks; softer is silence."""
    pause_s: float = 0.3
    """Seconds; shorter silences belong to the sentence."""
    margin_s: float = 0.12
    """Seconds of silence kept before and after: three frames, for lips part before they sound."""

    def __post_init__(self) -> None:
        if not 0.2 <= self.shortest_s <= self.longest_s:
            raise ValueError(
                f"sentences of {self.shortest_s} to {self.longest_s} s: at least 0.2 s are "
                "needed, and the longest cannot be shorter than the shortest"
            )
        if self.silence_db >= 0 or self.pause_s <= 0 or self.margin_s < 0:
            raise ValueError(
                "silence_db must be below 0 dB, pause_s above 0 s, and margin_s not below 0 s"
            )


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of a video, counted in frames of 40 ms."""

    first: int
    n_frames: int

    @property
    def start_s(self) -> float:
        return self.first / FPS

    @property
    def end_s(self) -> float:
        return (self.first + self.n_frames) / FPS


def loudness_levels(pieces: Iterable[NDArray[np.int16]]) -> Iterator[LoudnessLevels]:
    """The loudness of a sound, piece by piece as it comes (mono, 16 kHz)."""
    rest = np.empty(0)
    last = 0.0
    for piece in pieces:
        if not len(piece):
            continue
        samples = piece / 32768
        emphasised = samples - _PREEMPHASIS * np.concatenate([[last], samples[:-1]])
        last = float(samples[-1])
        rest = np.concatenate([rest, emphasised])
        n = len(rest) // _PER_LEVEL
        power = np.mean(rest[: n * _PER_LEVEL].reshape(n, _PER_LEVEL) ** 2, axis=1)
        rest = rest[n * _PER_LEVEL :]
        yield (10 * np.log10(np.maximum(power, 10 ** (_DIGITAL_SILENCE / 10)))).astype(np.float32)


def find_speech_segments(levels: LoudnessLevels, rules: SegmentationRules) -> list[SpeechSegment]:
    """The sentences of a sound, in order; empty if nobody speaks."""
    if not len(levels):
        return []
    padded = np.pad(levels, _SMOOTHED_LEVELS // 2, mode="edge")
    levels = np.convolve(padded, np.full(_SMOOTHED_LEVELS, 1 / _SMOOTHED_LEVELS), "valid").astype(
        np.float32
    )
    speech = levels > _speech_threshold(levels, rules.silence_db)
    margin = round(rules.margin_s / LEVEL_INTERVAL_S)
    found = []
    for start, stop in _speech_runs(speech, round(rules.pause_s / LEVEL_INTERVAL_S)):
        for a, b in _split_long_run(
            levels, start, stop, round(rules.longest_s / LEVEL_INTERVAL_S) - 2 * margin
        ):
            first = max(0, a - margin) // _PER_FRAME
            last = -(-min(len(levels), b + margin) // _PER_FRAME)
            n_frames = min(last - first, int(rules.longest_s * FPS))
            if n_frames >= rules.shortest_s * FPS:
                found.append(SpeechSegment(first, n_frames))
    return found


def _speech_threshold(levels: LoudnessLevels, silence_db: float) -> float:
    """The level, dB, below which it is silent.

    How loud speech is, is measured as in EBU R 128: the mean of what is no more than
    10 dB below the mean of all, so that pauses do not count. Where the room itself is
    louder than the threshold would be, the threshold is 8 dB above the room.
    """
    power = 10 ** (levels.astype(np.float64) / 10)
    loud = power[power >= power.mean() / 10] if len(power) else power
    speech = 10 * np.log10(loud.mean()) if loud.size else _DIGITAL_SILENCE
    if speech < _MIN_SPEECH_LEVEL:
        return float("inf")
    room = float(np.percentile(levels, 10))
    return float(min(max(speech + silence_db, room + _MIN_ABOVE_NOISE), speech - _MIN_ABOVE_NOISE))


def _speech_runs(speech: NDArray[np.bool_], pause: int) -> list[tuple[int, int]]:
    """Runs of speech, those joined that have less than ``pause`` between them."""
    edges = np.flatnonzero(np.diff(speech.astype(np.int8), prepend=0, append=0))
    joined: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if joined and start - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def _split_long_run(
    levels: LoudnessLevels, start: int, stop: int, longest: int
) -> list[tuple[int, int]]:
    """Cut at the softest tenth of a second in the middle half until no piece is too long."""
    if stop - start <= longest:
        return [(start, stop)]
    quarter = (stop - start) // 4
    inner = np.convolve(levels[start + quarter : stop - quarter], np.full(10, 0.1), "valid")
    cut = start + quarter + int(np.argmin(inner)) + 5
    return _split_long_run(levels, start, cut, longest) + _split_long_run(
        levels, cut, stop, longest
    )
