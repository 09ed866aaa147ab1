"""The pictures a face is in: of a video or of a single picture, forwards and backwards."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..video.reader import VideoReadError, read_audio, read_frames
from ..wav2lip.mel import (
    FPS,
    HOP_LENGTH,
    N_FFT,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    mel_columns,
    mel_windows,
    samples_for_columns,
)
from .errors import RenderError
from .request import FrameTransform

IMAGE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
"""How the names of single pictures end; anything else is a video."""
MAX_BUFFERED_BYTES = 64 * 2**20
"""Of frames buffered in memory to be shown backwards: a video can only be decoded forwards."""

Pixels = NDArray[np.uint8]


class FaceSource:
    """A video at 25 frames a second, or one picture.

    Args:
        path: The file.
        framing: What of the pictures is used.
        static: Take the first picture of a video only.
        fps: Frames a second, of a picture.

    Raises:
        VideoReadError: It is no video, or has no pictures.
        RenderError: It is no picture, or the options do not fit it.
    """

    def __init__(
        self, path: Path, framing: FrameTransform, *, static: bool = False, fps: int | None = None
    ) -> None:
        self._path, self._framing = path, framing
        is_picture = path.suffix.lower() in IMAGE_SUFFIXES
        self.is_still = is_picture or static
        if fps is not None and not self.is_still:
            raise RenderError("fps_of_video", path=path, fps=FPS)
        self.fps = fps or FPS
        self.first = framing(_read_image(path)) if is_picture else self._first()
        """The first picture, (height, width, 3), RGB."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), pixels, both even."""
        return self.first.shape[1], self.first.shape[0]

    def forwards(self, first: int = 0, n: int | None = None) -> Iterator[Pixels]:
        """Pictures ``first`` to ``first + n - 1``; fewer where the video ends before."""
        if self.is_still:
            if first == 0:
                yield self.first.copy()
            return
        with closing(read_frames(self._path, FPS, first, n)) as seen:
            for picture in seen:
                framed = self._framing(picture.pixels)
                if framed.shape != self.first.shape:
                    raise RenderError("frame_size_changes", path=self._path)
                yield framed

    def ping_pong(self, length: int, n: int, first: int = 0) -> Iterator[tuple[int, Pixels]]:
        """``n`` pictures, with their places, of the ``length`` that begin with ``first``.

        After the last comes the last but one, and so back to the first, and on: nothing
        jumps. Going backwards, only a short piece is buffered at a time.
        """
        return islice(self._frames_ping_pong(first, length), n)

    def _frames_ping_pong(self, first: int, length: int) -> Iterator[tuple[int, Pixels]]:
        if length == 1:
            picture = next(self.forwards(first, 1))
            while True:
                yield first, picture.copy()
        piece = max(1, MAX_BUFFERED_BYTES // self.first.nbytes)
        for forwards in cycle((True, False)):
            if forwards:
                yield from enumerate(self.forwards(first, length - 1), first)
                continue
            stop = first + length
            while stop > first + 1:
                start = max(first + 1, stop - piece)
                buffered = list(self.forwards(start, stop - start))
                while buffered:
                    stop -= 1
                    yield stop, buffered.pop()

    def _first(self) -> Pixels:
        with closing(read_frames(self._path, FPS, 0, 1)) as seen:
            for picture in seen:
                return self._framing(picture.pixels)
        raise RenderError("no_frames", path=self._path)


def _read_image(path: Path) -> Pixels:
    try:
        packed = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise RenderError("image_not_read", path=path, reason=error.strerror) from error
    # Upright, as the camera says in the file.
    pixels = cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB) if len(packed) else None
    if pixels is None:
        raise RenderError("image_damaged", path=path)
    return pixels.astype(np.uint8, copy=False)


_CHUNK_COLUMNS = 2000  # of mel, 25 s; for a long recording in one piece it would be gigabytes


class AudioWindows:
    """The mel windows of a recording.

    Args:
        path: Any file with sound.
        fps: Frames a second that windows are made for.

    Raises:
        VideoReadError: There is no sound.
        RenderError: It is shorter than a frame.
    """

    def __init__(self, path: Path, fps: int = FPS) -> None:
        samples = np.concatenate([np.empty(0, np.int16), *read_audio(path, SAMPLE_RATE)])
        if len(samples) < SAMPLES_PER_FRAME:
            ms = round(len(samples) * 1000 / SAMPLE_RATE)
            raise VideoReadError("audio_too_short", path=path, ms=ms, frame_ms=1000 // FPS)
        self._fps = fps
        self.seconds = len(samples) / SAMPLE_RATE
        self.n_frames = -(-len(samples) * fps // SAMPLE_RATE)
        """Frames that the sound lasts; the last one may reach over its end."""
        self._mel = _mel_in_chunks(samples)

    def windows(self, frames: Sequence[int], lead: int, columns: int) -> NDArray[np.float32]:
        """The mel windows of some frames, (n, 1, 80, columns).

        Args:
            frames: Counted from the start.
            lead: How long before its frame a window begins, in frames of 40 ms.
            columns: The length of a window.
        """
        # At 25 frames a second this is mel_windows(mel, (i - lead for i in frames)).
        starts = [(i * FPS - lead * self._fps) * SAMPLES_PER_FRAME // (HOP_LENGTH * self._fps)
                  for i in frames]  # fmt: skip
        return np.concatenate(
            [mel_windows(self._mel, [0], first_column=-start, columns=columns) for start in starts]
        )


def _mel_in_chunks(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Log mel bands as the lip networks read them, (80, 1 + n // 200)."""
    n_columns = 1 + len(samples) // HOP_LENGTH
    padded = np.pad(samples, (0, N_FFT))
    chunks = []
    for first in range(0, n_columns, _CHUNK_COLUMNS):
        stop = min(first + _CHUNK_COLUMNS, n_columns)
        start, end = samples_for_columns(first, stop)
        part = padded[start:end].astype(np.float32) / 32768
        chunks.append(mel_columns(part, first, stop, start=start))
    return np.concatenate(chunks, axis=1)
