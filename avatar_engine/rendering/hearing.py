"""What the networks hear in a sound file: its mel windows, one for each frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..footage import sound
from ..wav2lip.mel import (
    FPS,
    HOP,
    N_FFT,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    mel_columns,
    samples_for,
    windows,
)
from .order import RenderError

_PIECE = 2000  # columns made at a time, 25 s; the whole of a long sound would take gigabytes


class Hearing:
    """A sound as the networks hear it.

    Args:
        path: Any file with sound.
        fps: Frames a second that windows are made for.

    Raises:
        FootageError: There is no sound.
        RenderError: It is shorter than a frame.
    """

    def __init__(self, path: Path, fps: int = FPS) -> None:
        samples = np.concatenate([np.empty(0, np.int16), *sound(path)])
        if len(samples) < SAMPLES_PER_FRAME:
            raise RenderError(
                f"{path}: its sound lasts {len(samples) * 1000 / SAMPLE_RATE:.0f} ms, less than a "
                f"frame ({1000 // FPS} ms); name a sound in which somebody speaks"
            )
        self._fps = fps
        self.seconds = len(samples) / SAMPLE_RATE
        self.n_frames = -(-len(samples) * fps // SAMPLE_RATE)
        """Frames that the sound lasts; the last one may reach over its end."""
        self._mel = _mel(samples)

    def windows(self, frames: Sequence[int], lead: int, columns: int) -> NDArray[np.float32]:
        """The mel windows of some frames, (n, 1, 80, columns).

        Args:
            frames: Counted from the start.
            lead: How long before its frame a window begins, in frames of 40 ms.
            columns: The length of a window.
        """
        # At 25 frames a second this is windows(mel, (i - lead for i in frames)).
        starts = [(i * FPS - lead * self._fps) * SAMPLES_PER_FRAME // (HOP * self._fps)
                  for i in frames]  # fmt: skip
        return np.concatenate(
            [windows(self._mel, [0], first_column=-start, columns=columns) for start in starts]
        )


def _mel(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """(80, 1 + n // 200)"""
    n_columns = 1 + len(samples) // HOP
    padded = np.pad(samples, (0, N_FFT))
    pieces = []
    for first in range(0, n_columns, _PIECE):
        stop = min(first + _PIECE, n_columns)
        start, end = samples_for(first, stop)
        part = padded[start:end].astype(np.float32) / 32768
        pieces.append(mel_columns(part, first, stop, start=start))
    return np.concatenate(pieces, axis=1)
