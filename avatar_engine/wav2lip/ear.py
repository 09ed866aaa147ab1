"""What the 384x384 generator hears of a sentence while its sound comes in."""

import numpy as np
import soxr
from numpy.typing import NDArray

from .mel import (
    GENERATOR_LEAD,
    N_FFT,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    WINDOW,
    mel_columns,
    samples_for,
    window_start,
    windows,
)


class Ear:
    """The mel windows of frames, as soon as their sound is known.

    A window reaches 105 ms beyond its frame; where the sentence ends, silence follows. However
    the sound is cut into pieces, the windows are the same.

    Args:
        sample_rate: Of the sound that will be heard, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32")
        self._samples: NDArray[np.float32] = np.empty(0, np.float32)
        self._start = 0  # of those kept, in the sentence

    def hear(self, samples: NDArray[np.float32], *, last: bool = False) -> None:
        """Take in more of the sentence, mono, in [-1, 1]; with ``last``, nothing comes after."""
        more = self._resampler.resample_chunk(samples, last=last)
        self._samples = np.concatenate([self._samples, more])
        if last:
            # Enough silence for the windows of the last frames.
            self._samples = np.pad(self._samples, (0, WINDOW * SAMPLES_PER_FRAME))

    @property
    def n_ready(self) -> int:
        """How many frames, counted from the sentence's start, can be drawn."""
        end = self._start + len(self._samples)
        n = max(0, (end - N_FFT // 2) // SAMPLES_PER_FRAME)  # never too few
        while n and _needs(n - 1)[1] > end:
            n -= 1
        return n

    def windows(self, first: int, stop: int) -> NDArray[np.float32]:
        """Of frames ``first`` to ``stop - 1``, (n, 1, 80, 16); earlier ones are then forgotten."""
        begin = max(0, window_start(first - GENERATOR_LEAD))
        end = window_start(stop - 1 - GENERATOR_LEAD) + WINDOW
        mel = mel_columns(self._samples, begin, end, start=self._start)
        frames = range(first - GENERATOR_LEAD, stop - GENERATOR_LEAD)
        made = windows(mel, frames, first_column=begin)
        keep_from = samples_for(max(0, window_start(stop - GENERATOR_LEAD)), 0)[0]
        self._samples = self._samples[max(0, keep_from - self._start) :]
        self._start = max(self._start, keep_from)
        return made


def _needs(frame: int) -> tuple[int, int]:
    """The samples from which to which a frame's window is made."""
    column = window_start(frame - GENERATOR_LEAD)
    return samples_for(max(0, column), column + WINDOW)
