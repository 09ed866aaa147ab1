"""The pictures a face is in: of a video or of a single picture, forwards and backwards."""

from collections.abc import Iterator
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..footage import pictures
from ..wav2lip.mel import FPS
from .order import Framing, RenderError

PICTURES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
"""How the names of single pictures end; anything else is a video."""
HELD = 64 * 2**20  # bytes of pictures held to be shown backwards; a film can only be read forwards

Pixels = NDArray[np.uint8]


class Source:
    """A video at 25 frames a second, or one picture.

    Args:
        path: The file.
        framing: What of the pictures is used.
        static: Take the first picture of a video only.
        fps: Frames a second, of a picture.

    Raises:
        FootageError: It is no video, or has no pictures.
        RenderError: It is no picture, or the options do not fit it.
    """

    def __init__(
        self, path: Path, framing: Framing, *, static: bool = False, fps: int | None = None
    ) -> None:
        self._path, self._framing = path, framing
        is_picture = path.suffix.lower() in PICTURES
        self.is_still = is_picture or static
        if fps is not None and not self.is_still:
            raise RenderError(
                f"{path} is a video, and becomes {FPS} frames a second; --fps is for pictures"
            )
        self.fps = fps or FPS
        self.first = framing(_read(path)) if is_picture else self._first()
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
        with closing(pictures(self._path, first, n)) as seen:
            for picture in seen:
                framed = self._framing(picture.pixels)
                if framed.shape != self.first.shape:
                    raise RenderError(
                        f"{self._path}: its pictures change their size on the way; export it as "
                        "MP4 first"
                    )
                yield framed

    def there_and_back(self, length: int, n: int, first: int = 0) -> Iterator[tuple[int, Pixels]]:
        """``n`` pictures, with their places, of the ``length`` that begin with ``first``.

        After the last comes the last but one, and so back to the first, and on: nothing
        jumps. Going backwards, only a short piece is held at a time.
        """
        return islice(self._there_and_back(first, length), n)

    def _there_and_back(self, first: int, length: int) -> Iterator[tuple[int, Pixels]]:
        if length == 1:
            picture = next(self.forwards(first, 1))
            while True:
                yield first, picture.copy()
        piece = max(1, HELD // self.first.nbytes)
        for forwards in cycle((True, False)):
            if forwards:
                yield from enumerate(self.forwards(first, length - 1), first)
                continue
            stop = first + length
            while stop > first + 1:
                start = max(first + 1, stop - piece)
                held = list(self.forwards(start, stop - start))
                while held:
                    stop -= 1
                    yield stop, held.pop()

    def _first(self) -> Pixels:
        with closing(pictures(self._path, 0, 1)) as seen:
            for picture in seen:
                return self._framing(picture.pixels)
        raise RenderError(f"{self._path} holds no picture that can be decoded")


def _read(path: Path) -> Pixels:
    try:
        packed = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise RenderError(f"{path} cannot be read: {error.strerror}") from error
    # Upright, as the camera says in the file.
    pixels = cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB) if len(packed) else None
    if pixels is None:
        raise RenderError(f"{path} is damaged or no picture; PNG and JPEG can be read")
    return pixels.astype(np.uint8, copy=False)
