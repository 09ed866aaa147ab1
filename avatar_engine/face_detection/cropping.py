"""The square around a face that the 384x384 networks see.

The reference is the bottom edge of the face box, the chin, as in the paper: the
square stands there, and what a tall box has above it, the forehead, is left out.
Resizing the whole box to a square instead, as the 96x96 original does, would cost the mouth
rows and change its proportions from face to face.

The square is a little wider than the face, and reaches a little below the chin,
because the chin moves down when the mouth opens and detectors do not follow it.
The tip of the nose then lies at about half the height, and the mouth in the lower
half, which the network generates.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .detectors import Boxes

FACE_SIZE = 384  # pixels; height and width of what the networks see
SQUARE_TO_FACE_WIDTH = 1.15  # sides of the square, in widths of the face box
CHIN_MARGIN = 0.08  # of the side, between the bottom edges of box and square

FaceSquares = NDArray[np.float32]
"""(n_frames, 3): left, top, side, pixels."""


def face_squares(boxes: Boxes) -> FaceSquares:
    """Where to cut, for face boxes of shape (n_frames, 4).

    >>> face_squares(np.array([[100, 60, 200, 200]], np.float32)).astype(float).round(1).tolist()
    [[92.5, 94.2, 115.0]]
    """
    left, _, right, bottom = boxes.T
    side = SQUARE_TO_FACE_WIDTH * (right - left)
    top = bottom + CHIN_MARGIN * side - side
    return np.stack([(left + right - side) / 2, top, side], axis=1).astype(np.float32)


def overhang(squares: FaceSquares, size: tuple[int, int]) -> float:
    """The largest part of a side by which a square is outside a picture of (width, height)."""
    left, top, side = squares.T
    width, height = size
    beyond = np.stack([-left, -top, left + side - width, top + side - height])
    return float(np.max(beyond / side, initial=0.0))


def crop_square(picture: NDArray[np.uint8], square: NDArray[np.floating]) -> NDArray[np.uint8]:
    """One square as (384, 384, 3), to a fraction of a pixel; edges go on outside the picture.

    Args:
        picture: (height, width, 3).
        square: (3,), a row of ``face_squares``.
    """
    left, top, side = (float(v) for v in square)
    while side >= 2 * FACE_SIZE:  # halved first, or the interpolation would skip pixels
        height, width = (n // 2 * 2 for n in picture.shape[:2])
        half = cv2.resize(
            picture[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA
        )
        picture = half.astype(np.uint8, copy=False)
        left, top, side = left / 2, top / 2, side / 2
    scale = side / FACE_SIZE
    # Centres of pixels are half a pixel inside their edges, in both pictures.
    to_picture = np.array(
        [[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]], np.float64
    )
    made = cv2.warpAffine(
        picture,
        to_picture,
        (FACE_SIZE, FACE_SIZE),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return made.astype(np.uint8, copy=False)
