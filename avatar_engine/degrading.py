"""An avatar that becomes simpler when the machine cannot keep up, rather than late."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from tts_engine import Speech

from .base import Avatar, Frames
from .strain import Strain
from .whole_frames import whole_frames


class Patient(Avatar, Protocol):
    """An avatar that can draw fewer pictures than it shows."""

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Generator[Frames, None, None]:
        """As in ``Avatar``; one of ``every()`` pictures is drawn, the others repeat it."""
        ...


class Degrading:
    """An avatar, and what is done in hard times; the sound is the same whoever draws.

    The rate may fall to every second picture at any time, and a light avatar may take over
    in the middle of a sentence; the other comes back with the next one.

    Args:
        avatar: Who draws as long as the machine keeps up.
        light: Of the same size and rate; None where nobody is lighter.
        strain: Shared by all who draw on this machine, with a ladder that fits. Whoever takes the
            frames tells it of their pace.
    """

    def __init__(
        self,
        avatar: Patient,
        light: Avatar | None,
        strain: Strain,
    ) -> None:
        assert not light or (avatar.fps, avatar.size) == (light.fps, light.size)
        self.fps, self.size = avatar.fps, avatar.size
        self.strain = strain
        self._avatar, self._light = avatar, light

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Draw one sentence; see :class:`~avatar_engine.base.Avatar`."""
        pieces = whole_frames(speech, self.fps)
        heard: list[Speech] = []  # of the sentence so far
        n = 0  # frames that were drawn of it
        ease = self.strain.ease
        if not self._light or ease in ("full", "half"):
            known = _kept(pieces, heard)
            with closing(self._avatar.render(known, first=first, every=self._every)) as drawing:
                for frames in drawing:
                    yield replace(frames, is_eased=ease != "full")
                    n += len(frames)
                    ease = self.strain.ease
                    if self._light and ease not in ("full", "half"):
                        break
                else:
                    return
        assert self._light
        rest = itertools.chain(_after(heard, n, self.fps), pieces)
        with closing(self._light.render(rest, first=first + n)) as drawing:
            for frames in drawing:
                yield replace(frames, is_eased=True)

    def _every(self) -> int:
        return 1 if self.strain.ease == "full" else 2


def _kept(pieces: Iterable[Speech], kept: list[Speech]) -> Iterator[Speech]:
    for piece in pieces:
        kept.append(piece)
        yield piece


def _after(pieces: list[Speech], n: int, fps: int) -> Iterator[Speech]:
    """What pieces hold after ``n`` frames; only of whole pieces the phonemes are known."""
    for piece in pieces:
        n_here = len(piece.samples) * fps // piece.sample_rate
        if n < n_here:
            at = n * piece.sample_rate // fps
            yield Speech(piece.samples[at:], piece.sample_rate) if at else piece
        n = max(0, n - n_here)
