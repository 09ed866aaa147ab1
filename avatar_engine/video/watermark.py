"""The visible watermark 「AI生成」 on generated faces, as GB 45438-2025 demands it."""

from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

LABEL = "AI生成"
_PICTURE = Path(__file__).with_name("mark.png")
_HEIGHT, _MARGIN = 33 / 720, 16 / 720  # of the height of the picture
_SMALLEST = 20  # pixels; below that the letters cannot be read


def burn_in(picture: NDArray[np.uint8]) -> None:
    """Draw the mark into the lower right corner of (height, width, 3), RGB, in place."""
    height, width = picture.shape[:2]
    colour, share = _scaled(max(_SMALLEST, round(height * _HEIGHT)))
    margin = round(height * _MARGIN)
    bottom, right = height - margin, width - margin
    top, left = max(0, bottom - len(share)), max(0, right - share.shape[1])
    size = np.s_[-(bottom - top) :, -(right - left) :]
    below = picture[top:bottom, left:right]
    below[:] = np.rint(colour[size] * share[size] + below * (1 - share[size]))


@lru_cache(4)
def _scaled(height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Its colours, (height, width, 3), and how much of them shows, (height, width, 1)."""
    packed = np.frombuffer(_PICTURE.read_bytes(), np.uint8)
    pixels = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
    assert pixels is not None and pixels.shape[2] == 4
    width = round(pixels.shape[1] * height / pixels.shape[0])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small[..., 2::-1], cast(NDArray[np.float32], small[..., 3:] / 255)
