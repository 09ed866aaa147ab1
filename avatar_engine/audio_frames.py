"""Fit sound to frames."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

import numpy as np

from tts_engine import Phoneme, Speech

from .base import Frames


def whole_frames(speech: Iterable[Speech], fps: int) -> Iterator[Speech]:
    """Re-cut speech so that every piece lasts a whole number of frames.

    Only the end is padded, with silence. ``fps`` divides the sample rate.
    """
    rest = Speech(np.empty(0, np.float32), 0)
    for piece in speech:
        joined = _join_speech(rest, piece) if len(rest.samples) else piece
        per_frame = joined.sample_rate // fps
        whole, rest = _split_speech(joined, len(joined.samples) // per_frame * per_frame)
        if len(whole.samples):
            yield whole
    if len(rest.samples):
        missing = rest.sample_rate // fps - len(rest.samples)
        yield replace(rest, samples=np.pad(rest.samples, (0, missing)))


def take_frames(pieces: list[Speech], n: int, fps: int) -> tuple[Speech, list[Speech]]:
    """The first ``n`` frames of some pieces as one with all their words, and what is left."""
    rate = pieces[0].sample_rate
    samples = np.concatenate([p.samples for p in pieces])
    text = "".join(p.text for p in pieces)
    at = n * rate // fps
    rest = [Speech(samples[at:], rate)] if at < len(samples) else []
    return Speech(samples[:at], rate, text), rest


def _join_speech(first: Speech, second: Speech) -> Speech:
    shifted = tuple(Phoneme(p.symbol, p.start + first.seconds) for p in second.phonemes)
    return Speech(
        np.concatenate([first.samples, second.samples]),
        second.sample_rate,
        first.text + second.text,
        first.phonemes + shifted,
    )


def _split_speech(speech: Speech, n: int) -> tuple[Speech, Speech]:
    """Cut after ``n`` samples; the words go with the first part that has any sound."""
    at = n / speech.sample_rate
    before = tuple(p for p in speech.phonemes if p.start < at)
    after = tuple(Phoneme(p.symbol, p.start - at) for p in speech.phonemes if p.start >= at)
    head = Speech(speech.samples[:n], speech.sample_rate, speech.text if n else "", before)
    tail_text = "" if n else speech.text
    return head, Speech(speech.samples[n:], speech.sample_rate, tail_text, after)


class SoundOnly:
    """Cuts speech into frames whose pictures have no pixels.

    Args:
        fps: Frames per second.
        is_degraded: Whether there should have been pictures.
    """

    size = (0, 0)

    def __init__(self, fps: int, *, is_degraded: bool = False) -> None:
        self.fps = fps
        self._is_degraded = is_degraded

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Pass the sound on; see :class:`~avatar_engine.base.Avatar`."""
        for piece in whole_frames(speech, self.fps):
            n = len(piece.samples) * self.fps // piece.sample_rate
            pixels = np.empty((n, 0, 0, 3), np.uint8)
            yield Frames(pixels, self.fps, first, piece, self._is_degraded)
            first += n
