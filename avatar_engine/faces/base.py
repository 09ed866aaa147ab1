"""A face, and the thing that finds it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""(n_frames, 4): left, top, right, bottom of one face, pixels."""


class FaceError(ValueError):
    """There is no face to work with; the text says why."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face from hairline to chin and from cheek to cheek, as in a presenter's ``track.npz``.

    Detectors draw their boxes differently; each converts its own to this.
    """

    left: float
    """Pixels from the left edge of the picture; the others likewise."""
    top: float
    right: float
    bottom: float
    turn: float | None = None
    """How far the nose is from the middle between the eyes, in distances between the
    eyes: about 0 in front, 0.5 at 45 degrees. None if the detector cannot tell."""

    @property
    def width(self) -> float:
        """From cheek to cheek, pixels."""
        return self.right - self.left

    def overlap(self, other: "Face") -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self._area + other._area - shared)

    @property
    def _area(self) -> float:
        return self.width * (self.bottom - self.top)


class FaceDetector(Protocol):
    """Finds the faces in one picture."""

    name: str
    """What reports call it."""

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All faces in a picture of shape (height, width, 3), RGB, in any order."""
        ...
