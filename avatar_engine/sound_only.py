"""An avatar without a face, for listeners."""

from collections.abc import Generator, Iterable

import numpy as np

from tts_engine import Speech

from .base import Frames
from .whole_frames import whole_frames


class SoundOnly:
    """Cuts speech into frames whose pictures have no pixels.

    Args:
        fps: Frames per second.
        is_eased: Whether there should have been pictures.
    """

    size = (0, 0)

    def __init__(self, fps: int, *, is_eased: bool = False) -> None:
        self.fps = fps
        self._is_eased = is_eased

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Pass the sound on; see :class:`~avatar_engine.base.Avatar`."""
        for piece in whole_frames(speech, self.fps):
            n = len(piece.samples) * self.fps // piece.sample_rate
            pixels = np.empty((n, 0, 0, 3), np.uint8)
            yield Frames(pixels, self.fps, first, piece, self._is_eased)
            first += n
