"""The mel spectrogram of Wav2Lip, the input of every network, whole or piece by piece.

The numbers and the order of the steps are those of the original's ``audio.py``
(arXiv:2008.10010): pre-emphasis, short-time Fourier transform centred on each
column, 80 Slaney mel bands of the magnitude, decibels, then [-4, 4]. The sound
is mirrored at both ends, as librosa did before 0.9 (the original asks for 0.7;
since 0.9 its default is zeros, which changes the two columns at each end).

numpy alone: importing librosa's filters takes seconds, and a first reply
should not wait for them.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # Hz
N_FFT = 800  # samples in a column, 50 ms; also the length of its Hann window
HOP_LENGTH = 200  # samples between columns, 12.5 ms
N_MELS = 80
F_MIN, F_MAX = 55.0, 7_600.0  # Hz
PREEMPHASIS = 0.97
REF_LEVEL = 20.0  # dB
MIN_LEVEL = -100.0  # dB
SILENCE = -4.0  # what a band without sound is normalised to; the loudest is 4

FPS = 25  # frames a second
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640
MEL_WINDOW = 16  # columns of the input for a frame, 200 ms: five frames
GENERATOR_LEAD = 2
"""Frames by which the 384 generator's window begins before its frame: ``[i - GENERATOR_LEAD]``.

So it covers both sides of the frame, as lips part before their sound and close after it,
and looks ahead only 120 ms; the original begins with the frame and waits
for 200 ms. The expert's window begins with the first of its frames, as the original's.
"""

Mel = NDArray[np.float32]
"""(80, n_columns), in [-4, 4]."""

MEL_SETTINGS = {
    "sample_rate": str(SAMPLE_RATE),
    "n_fft": str(N_FFT),
    "hop": str(HOP_LENGTH),
    "n_mels": str(N_MELS),
    "f_min": str(F_MIN),
    "f_max": str(F_MAX),
    "preemphasis": str(PREEMPHASIS),
    "ref_level_db": str(REF_LEVEL),
    "min_level_db": str(MIN_LEVEL),
    "mel_window": str(MEL_WINDOW),
    "fps": str(FPS),
}
"""What a network was trained with, to be kept beside its weights."""


def melspectrogram(samples: NDArray[np.floating]) -> Mel:
    """The mel spectrogram of a whole sound, as the original computes it.

    Args:
        samples: Mono, (n_samples,), in [-1, 1], 16 kHz. A sound shorter than a
            frame (640 samples), even an empty one, is followed by silence up to
            that length.

    Returns:
        (80, 1 + n_samples // 200), in [-4, 4]; silence is -4.

    Raises:
        ValueError: ``samples`` is not mono, or has values that are no numbers.
    """
    if samples.ndim == 1 and len(samples) < SAMPLES_PER_FRAME:
        samples = np.pad(samples, (0, SAMPLES_PER_FRAME - len(samples)))
    return _normalised_columns(np.pad(_emphasise(samples), N_FFT // 2, mode="reflect"))


def samples_for_columns(first: int, stop: int) -> tuple[int, int]:
    """Where the samples begin and end that columns ``first`` to ``stop - 1`` are made of.

    >>> samples_for_columns(0, 16), samples_for_columns(16, 32)
    ((0, 3400), (2800, 6600))
    """
    return max(0, first * HOP_LENGTH - N_FFT // 2), (stop - 1) * HOP_LENGTH + N_FFT // 2


def mel_columns(samples: NDArray[np.floating], first: int, stop: int, *, start: int = 0) -> Mel:
    """Columns ``first`` to ``stop - 1`` of a sound of which only a part is at hand.

    They equal those of ``melspectrogram`` for the whole sound, but for columns
    that reach over its end: where a sound ends, the caller adds silence.

    Args:
        samples: A part of the sound, mono, in [-1, 1], 16 kHz.
        first: Counted from the start of the whole sound, 0 or more.
        stop: The column after the last; at least ``first``.
        start: The place of ``samples[0]`` in the whole sound.

    Raises:
        ValueError: The part lacks a sample that is needed (``samples_for_columns`` says
            which are), is not mono, or has values that are no numbers.
    """
    if stop == first:
        return np.empty((N_MELS, 0), np.float32)
    needs_from, needs_to = samples_for_columns(first, stop)
    if start > needs_from or start + len(samples) < needs_to:
        raise ValueError(
            f"Columns {first} to {stop - 1} are made of samples {needs_from} to {needs_to - 1}, "
            f"but only {start} to {start + len(samples) - 1} were given."
        )
    begins = first * HOP_LENGTH - N_FFT // 2  # before the sound where negative: mirrored there
    emphasised = _emphasise(samples[needs_from - start : needs_to - start])
    return _normalised_columns(np.pad(emphasised, (max(0, -begins), 0), mode="reflect"))


def window_start(frame: int) -> int:
    """The first of the 16 columns for a frame: 3.2 a frame, rounded down."""
    return frame * SAMPLE_RATE // (HOP_LENGTH * FPS)


def mel_windows(
    mel: Mel, frames: Iterable[int], *, first_column: int = 0, columns: int = MEL_WINDOW
) -> NDArray[np.float32]:
    """The mel windows of some frames, each beginning where its frame begins.

    A window reaches 172.5 ms beyond its own frame. Where it reaches over the
    end of ``mel``, or begins before it, there is silence. (The original shows
    the last window again instead, and stops four frames early.)

    Args:
        mel: (80, n_columns).
        frames: Counted from the start of the sound; negative ones are before it.
        first_column: The place of ``mel[:, 0]`` in the whole sound's columns.
        columns: The length of a window; only LipGAN's is not 16.

    Returns:
        (n_frames, 1, 80, columns), in [-4, 4], ready for the networks.
    """
    starts = [window_start(frame) - first_column for frame in frames]
    made = np.full((len(starts), 1, N_MELS, columns), SILENCE, np.float32)
    for window, start in zip(made, starts, strict=True):
        inside = mel[:, max(0, start) : max(0, start + columns)]
        skipped = max(0, -start)
        window[0, :, skipped : skipped + inside.shape[1]] = inside
    return made


def _emphasise(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each sample less 0.97 times the one before it, which for the first is 0.

    Of a part of a sound this makes the first sample wrong, but there the Hann
    window of the first column is 0.
    """
    if samples.ndim != 1:
        raise ValueError(
            f"A mono sound was expected, of shape (n_samples,); this one is {samples.shape}."
        )
    if not np.isfinite(samples).all():
        raise ValueError("The sound has values that are not numbers (NaN or infinite).")
    sound = samples.astype(np.float64)
    return sound - PREEMPHASIS * np.concatenate([[0.0], sound])[:-1]


def _normalised_columns(padded: NDArray[np.float64]) -> Mel:
    """Normalised mel columns of sound that begins half a column before the first.

    In double precision: next to a loud sound, single precision cannot tell
    what is 100 dB below.
    """
    pieces = sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    magnitudes = np.abs(np.fft.rfft(pieces * _hann(), axis=1))
    bands = _mel_filters() @ magnitudes.T
    decibels = 20 * np.log10(np.maximum(10 ** (MIN_LEVEL / 20), bands)) - REF_LEVEL
    levels = 2 * -SILENCE * (decibels - MIN_LEVEL) / -MIN_LEVEL + SILENCE
    return np.clip(levels, SILENCE, -SILENCE).astype(np.float32)


@lru_cache(1)
def _hann() -> NDArray[np.float64]:
    """A periodic Hann window, (800,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)


@lru_cache(1)
def _mel_filters() -> NDArray[np.float64]:
    """Triangular bands of equal area, evenly spaced on Slaney's mel scale, (80, 401)."""
    edges = _mel_to_hertz(np.linspace(_hertz_to_mel(F_MIN), _hertz_to_mel(F_MAX), N_MELS + 2))
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT
    slopes = (bins - edges[:, None]) / np.diff(edges, append=np.inf)[:, None]  # 0 to 1 upwards
    bands = np.maximum(0, np.minimum(slopes[:-2], 1 - slopes[1:-1]))
    return bands * (2 / (edges[2:] - edges[:-2]))[:, None]


# Slaney's scale: linear up to 1 kHz (15 mel), then 27 mel for every factor of 6.4.
_MEL_PER_OCTAVE_OF_6_4 = 27 / np.log(6.4)


def _hertz_to_mel(frequency: float) -> float:
    if frequency < 1_000:
        return frequency * 3 / 200
    return float(15 + np.log(frequency / 1_000) * _MEL_PER_OCTAVE_OF_6_4)


def _mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1_000 * np.exp((mel - 15) / _MEL_PER_OCTAVE_OF_6_4))


class MelExtractor:
    """The mel windows of frames, as soon as their sound is known.

    A window reaches 105 ms beyond its frame; where the sentence ends, silence follows. However
    the sound is cut into pieces, the windows are the same.

    Args:
        sample_rate: Of the audio that will be added, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32")
        self._samples: NDArray[np.float32] = np.empty(0, np.float32)
        self._start = 0  # of those kept, in the sentence

    def add(self, samples: NDArray[np.float32], *, last: bool = False) -> None:
        """Take in more of the sentence, mono, in [-1, 1]; with ``last``, nothing comes after."""
        more = self._resampler.resample_chunk(samples, last=last)
        self._samples = np.concatenate([self._samples, more])
        if last:
            # Enough silence for the windows of the last frames.
            self._samples = np.pad(self._samples, (0, MEL_WINDOW * SAMPLES_PER_FRAME))

    @property
    def n_ready(self) -> int:
        """How many frames, counted from the sentence's start, can be drawn."""
        end = self._start + len(self._samples)
        n = max(0, (end - N_FFT // 2) // SAMPLES_PER_FRAME)  # never too few
        while n and _samples_for_frame(n - 1)[1] > end:
            n -= 1
        return n

    def windows(self, first: int, stop: int) -> NDArray[np.float32]:
        """Of frames ``first`` to ``stop - 1``, (n, 1, 80, 16); earlier ones are then forgotten."""
        begin = max(0, window_start(first - GENERATOR_LEAD))
        end = window_start(stop - 1 - GENERATOR_LEAD) + MEL_WINDOW
        mel = mel_columns(self._samples, begin, end, start=self._start)
        frames = range(first - GENERATOR_LEAD, stop - GENERATOR_LEAD)
        made = mel_windows(mel, frames, first_column=begin)
        keep_from = samples_for_columns(max(0, window_start(stop - GENERATOR_LEAD)), 0)[0]
        self._samples = self._samples[max(0, keep_from - self._start) :]
        self._start = max(self._start, keep_from)
        return made


def _samples_for_frame(frame: int) -> tuple[int, int]:
    """The samples from which to which a frame's window is made."""
    column = window_start(frame - GENERATOR_LEAD)
    return samples_for_columns(max(0, column), column + MEL_WINDOW)
