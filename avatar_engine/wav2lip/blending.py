"""Blend generated faces into the frame they were cut from, with a feathered mask.

The mouth, from below the nose to the chin, is taken from the network; towards the eyes,
the cheeks and the neck it fades into the frame. The original puts the
whole rectangle back, edges and all.

Nothing outside the middle of the lower half is seen, so nothing else need be drawn.
"""

from functools import lru_cache
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

BlendRegion = NDArray[np.floating]
"""(4,): left, top, width, height of a face that was cut out, pixels."""

SIDE_MARGIN: Final = 1 / 6
"""Of the width: what lies left and right of the middle, of which nothing is taken. Of what
differs between our presenter speaking and silent, four hundredths lie there."""

BLEND_TOP, BLEND_FULL = (
    0.5,
    0.58,
)  # of the height, where the drawn face begins to show and shows alone
BLEND_EXPONENT = 4  # of what is taken: 2 is an ellipse, more comes nearer to a rectangle
BLEND_FADE = 0.74  # of the way from the middle to the edge, where the drawn face begins to fade


@lru_cache(2)
def blend_mask(size: int) -> NDArray[np.float32]:
    """How much of each pixel of a face of (size, size) is drawn: 1 at the mouth, 0 at all edges."""
    at = (np.arange(size) + 0.5) / size
    across = (np.abs(2 * at - 1) / (1 - 2 * SIDE_MARGIN))[None, :]
    down = np.maximum(2 * at - 1, 0)[:, None]
    radius = (across**BLEND_EXPONENT + down**BLEND_EXPONENT) ** (1 / BLEND_EXPONENT)
    # The outermost pixels are 0 themselves, or interpolation would leave an edge.
    rim = 1 - 1 / size / (1 - 2 * SIDE_MARGIN)
    mask = _smoothstep((at - BLEND_TOP) / (BLEND_FULL - BLEND_TOP))[:, None] * _smoothstep(
        (rim - radius) / (rim - BLEND_FADE)
    )
    mask.setflags(write=False)
    return mask.astype(np.float32)


def blend_face(picture: NDArray[np.uint8], face: NDArray[np.uint8], region: BlendRegion) -> None:
    """Put a drawn face into a picture, in place, to a fraction of a pixel.

    The inverse of ``face_detection.crop_square`` for a square, and of a plain resize for any
    rectangle. What lies outside the picture is left out.

    Args:
        picture: (height, width, 3), C-contiguous.
        face: (size, size, 3), of the same colours.
        region: Where the face was cut.
    """
    left, top, width, height = (float(v) for v in region)
    rows = _pixel_range(top + BLEND_TOP * height, top + height, picture.shape[0])
    columns = _pixel_range(
        left + SIDE_MARGIN * width, left + (1 - SIDE_MARGIN) * width, picture.shape[1]
    )
    below = picture[rows, columns]
    if not below.size:
        return
    mask = blend_mask(len(face))
    while min(len(face) / width, len(face) / height) >= 2:  # or pixels would be skipped
        half = (len(face) // 2, len(face) // 2)
        face = cv2.resize(face, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        mask = cv2.resize(mask, half, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)
    x, y = len(face) / width, len(face) / height
    # Centres of pixels are half a pixel inside their edges, in both pictures.
    to_face = np.array(
        [
            [x, 0, (columns.start + 0.5 - left) * x - 0.5],
            [0, y, (rows.start + 0.5 - top) * y - 0.5],
        ]
    )
    size = (below.shape[1], below.shape[0])
    inverse = cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(
        face, to_face, size, flags=cv2.INTER_CUBIC | inverse, borderMode=cv2.BORDER_REPLICATE
    )
    share = cv2.warpAffine(mask, to_face, size, flags=cv2.INTER_LINEAR | inverse)
    share = cast(NDArray[np.float32], share)
    picture[rows, columns] = cv2.blendLinear(drawn, below, share, 1 - share)


def _pixel_range(start: float, stop: float, size: int) -> slice:
    first = min(max(0, int(np.floor(start))), size)
    return slice(first, min(max(first, int(np.ceil(stop))), size))


def _smoothstep(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """From 0 to 1 without a kink at either end."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))
