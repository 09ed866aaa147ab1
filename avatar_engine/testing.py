"""An avatar for tests: one small grey picture that never moves."""

from collections.abc import Generator, Iterable

import numpy as np

from tts_engine import Speech

from .audio_frames import whole_frames
from .base import Frames


class StillAvatar:
    """Shows the same grey picture to every sound; no model, no presenter, no files.

    Args:
        fps: Frames per second.
        size: (width, height), pixels; both even, as H.264 wants them.
    """

    def __init__(self, *, fps: int = 25, size: tuple[int, int] = (32, 32)) -> None:
        self.fps = fps
        self.size = size

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Yield as many frames as a piece of speech lasts, as soon as that is known."""
        width, height = self.size
        for piece in whole_frames(speech, self.fps):
            n_frames = len(piece.samples) * self.fps // piece.sample_rate
            pixels = np.full((n_frames, height, width, 3), 128, np.uint8)
            yield Frames(pixels, self.fps, first, piece)
            first += n_frames
