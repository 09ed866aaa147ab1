"""Filters for speech on its way out: what they change is the sound, never what is said."""

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from ..voice import Phoneme, Speech

Samples = NDArray[np.float32]


class AudioFilter(Protocol):
    """Sound in, sound out, some of it later; for one stream."""

    def push(self, samples: Samples) -> Samples:
        """Take sound, return the sound that is ready."""
        ...

    def flush(self) -> Samples:
        """Return the rest; nothing is pushed after it."""
        ...


class Resampler:
    """Another sample rate; a stream comes out as the whole would."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        resampled: Samples = self._stream.resample_chunk(samples)
        return resampled

    def flush(self) -> Samples:
        rest: Samples = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        return rest


class EdgeFade:
    """Start from silence and end in it, however the sound was cut off: no click at a join.

    Args:
        n_samples: How long each of the two fades is.
    """

    def __init__(self, n_samples: int) -> None:
        self._rise = np.linspace(0, 1, n_samples, endpoint=False, dtype=np.float32)
        self._n_faded = 0
        self._held = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Samples:
        rise = self._rise[self._n_faded : self._n_faded + len(samples)]
        faded = np.concatenate([samples[: len(rise)] * rise, samples[len(rise) :]])
        self._n_faded += len(rise)
        waiting = np.concatenate([self._held, faded])
        n_ready = max(0, len(waiting) - len(self._rise))
        self._held = waiting[n_ready:]
        return waiting[:n_ready]

    def flush(self) -> Samples:
        fall = self._rise[::-1][len(self._rise) - len(self._held) :]
        return self._held * fall


def filter_speech(
    speech: Generator[Speech, None, None], through: AudioFilter, sample_rate: int
) -> Generator[Speech, None, None]:
    """Pass one sentence or clause through a filter, words and phonemes in their places.

    When the speech breaks off with an error, what the filter still holds is given out
    before the error is raised.

    Args:
        speech: What is spoken; closed when this is.
        through: A filter that nothing has been through yet.
        sample_rate: Of what comes out of the filter, Hz.
    """
    placed = _PendingSpeech(sample_rate)
    with closing(speech):
        try:
            for piece in speech:
                placed.add(piece)
                yield from placed.give(through.push(piece.samples))
        except Exception:
            yield from placed.give(through.flush())
            raise
        yield from placed.give(through.flush(), last=True)


def resample_speech(
    speech: Generator[Speech, None, None], sample_rate: int
) -> Generator[Speech, None, None]:
    """Bring speech of one sample rate to another; it may be the same."""
    with closing(speech):
        first = next(speech, None)
        if first is None:
            return
        whole = _chain(first, speech)
        if first.sample_rate == sample_rate:
            yield from whole
        else:
            yield from filter_speech(whole, Resampler(first.sample_rate, sample_rate), sample_rate)


def _chain(first: Speech, rest: Iterable[Speech]) -> Generator[Speech, None, None]:
    yield first
    yield from rest


class _PendingSpeech:
    """The words and phonemes of the sound that is still in the filter."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._seconds_in = 0.0
        self._n_out = 0
        self._text = self._voice = ""
        self._phonemes: list[Phoneme] = []  # from the start of the speech

    def add(self, piece: Speech) -> None:
        self._text += piece.text
        self._voice = piece.voice
        self._phonemes += [Phoneme(p.symbol, self._seconds_in + p.start) for p in piece.phonemes]
        self._seconds_in += piece.seconds

    def give(self, samples: Samples, *, last: bool = False) -> Generator[Speech, None, None]:
        if not len(samples):
            return
        start = self._n_out / self._sample_rate
        self._n_out += len(samples)
        latest = (len(samples) - 1) / self._sample_rate
        n_placed = sum(last or p.start <= start + latest for p in self._phonemes)
        phonemes = tuple(
            Phoneme(p.symbol, min(latest, max(0.0, p.start - start)))
            for p in self._phonemes[:n_placed]
        )
        text, self._text = self._text, ""
        del self._phonemes[:n_placed]
        yield Speech(samples, self._sample_rate, text, phonemes, self._voice)
