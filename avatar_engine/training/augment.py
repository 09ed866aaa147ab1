"""Faces and sounds as they might as well have been: an expert must not know them by heart."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ..wav2lip.mel import MIN_LEVEL, SILENCE

Pixels = NDArray[np.uint8]

_DEGREES, _SCALE, _SHIFT = 4.0, 0.05, 0.03  # the most, the last two as parts of the side
_BRIGHTNESS, _CONTRAST, _COLOUR = 0.1, 0.2, 0.08
_PER_DB = 2 * -SILENCE / -MIN_LEVEL  # of what mel levels are normalised to


@dataclass(frozen=True, slots=True)
class Change:
    """One change for all pictures of a sample: what moves between them is the mouth alone."""

    mirror: bool
    degrees: float
    scale: float
    shift: tuple[float, float]
    """To the right and downwards, parts of the side."""
    tones: NDArray[np.uint8]
    """What becomes of each value of each colour, (1, 256, 3)."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Any change."""
        levels = np.linspace(0, 1, 256)[None, :, None]
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        brightness = rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
        colour = 1 + rng.uniform(-_COLOUR, _COLOUR, 3)
        tones = ((levels - 0.5) * contrast + 0.5 + brightness) * colour
        return cls(
            bool(rng.integers(2)),
            float(rng.uniform(-_DEGREES, _DEGREES)),
            float(1 + rng.uniform(-_SCALE, _SCALE)),
            (float(rng.uniform(-_SHIFT, _SHIFT)), float(rng.uniform(-_SHIFT, _SHIFT))),
            np.clip(tones * 255 + 0.5, 0, 255).astype(np.uint8),
        )

    def __call__(self, pictures: Pixels) -> Pixels:
        """(n, side, side, 3) to the same; what comes in at the edge is mirrored."""
        return np.stack([self._one(picture) for picture in pictures])

    def _one(self, picture: Pixels) -> Pixels:
        side = picture.shape[0]
        move = cv2.getRotationMatrix2D((side / 2, side / 2), self.degrees, self.scale)
        move[:, 2] += side * np.array(self.shift)
        if self.mirror:
            move = move @ np.array([[-1.0, 0, side - 1], [0, 1, 0], [0, 0, 1]])
        moved = cv2.warpAffine(picture, move, (side, side), borderMode=cv2.BORDER_REFLECT_101)
        return cv2.LUT(moved, self.tones).astype(np.uint8, copy=False)


def louder(mel: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """A mel spectrogram in [-4, 4] as if its sound were louder; silence stays silence.

    The levels are logarithms, so a gain moves all of them alike. (The floor of 20 dB under
    the reference that the logarithm has moves too, where a recording would keep it.)
    """
    moved = np.clip(mel + np.float32(decibels * _PER_DB), SILENCE, -SILENCE)
    return np.where(mel > SILENCE, moved, np.float32(SILENCE))
