"""What betrays a picture that was put in: flicker, and another colour where it ends."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from .pictures import MOUTH, Pixels

BAND = 12  # pixels along the edge of a square of 384


def flicker(frames: Pixels) -> float:
    """Mean absolute change from frame to frame outside the mouth region, of 255.

    The head's own movement is in it: it says something beside the real clip's only.
    """
    if len(frames) < 2:
        return 0.0
    still = np.ones(frames.shape[1:], np.uint8)
    MOUTH.of(still)[:] = 0
    changes = [cv2.absdiff(a, b) for a, b in pairwise(frames)]
    return float(np.mean([(change * still).sum() for change in changes]) / still.sum())


def edge_colour(drawn: Pixels, real: Pixels) -> float:
    """How much the colour changes where the drawn lower half meets the real picture, of 255.

    A difference of colour is a difference of means: in a band of 12 pixels along the left,
    right and bottom edge, each colour's mean difference in each frame, taken absolutely.
    Fine detail that differs cancels out; a tint does not.
    """
    band = _band(drawn.shape[1])
    steps = [
        np.abs((d[band].astype(np.float64) - r[band]).mean(0)).mean()
        for d, r in zip(drawn, real, strict=True)
    ]
    return float(np.mean(steps))


def _band(side: int) -> NDArray[np.bool_]:
    width = round(BAND * side / 384)
    band = np.zeros((side, side), bool)
    band[side // 2 :] = True
    band[side // 2 : side - width, width : side - width] = False
    return band
