"""The built-in detector: OpenCV's cascade of Haar features, for frontal faces.

It needs no weights beyond OpenCV's own and no network, takes about 20 ms a picture,
misses a face now and then, and its boxes tremble; ``track`` is made for that. It
sees nothing of how far a face is turned, but loses it at about 30 degrees.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Face, FaceError

LONG_SIDE = 480  # pixels that pictures are shrunk to: four times as fast as at 960
SMALLEST = 1 / 10  # of the shorter side; smaller faces are background
SCALE_STEP = 1.1
NEIGHBOURS = 4  # boxes that must agree

# Its square reaches over the ears and ends at the chin or a little above; measured on the
# shipped presenters, whose faces are known, and on people.
NARROWER = 0.79
BELOW = 0.04


class CascadeDetector:
    """Frontal faces, by OpenCV's ``haarcascade_frontalface_alt2``."""

    name = "cascade"

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise FaceError(f"{path} is missing; install opencv-python (below 5) again")

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All frontal faces; see :class:`~avatar_engine.faces.FaceDetector`."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, LONG_SIDE / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        smallest = max(24, int(min(grey.shape) * SMALLEST))
        found = self._cascade.detectMultiScale(
            grey, SCALE_STEP, NEIGHBOURS, minSize=(smallest, smallest)
        )
        return [_face(*(float(v) / scale for v in box)) for box in found]


def _face(left: float, top: float, width: float, height: float) -> Face:
    beside = width * (1 - NARROWER) / 2
    return Face(left + beside, top, left + width - beside, top + height * (1 + BELOW))
