"""Where the faces are cut out of the pictures, and put back."""

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..face_detection import (
    Boxes,
    Face,
    FaceError,
    TrackRules,
    crop_square,
    face_squares,
    load_detector,
    track_face,
)
from .errors import RenderError
from .inputs import FaceSource
from .request import RenderRequest

MAX_UPSCALING = 6  # times at most: smaller faces hold too little detail


def find_face(
    source: FaceSource, request: RenderRequest, n: int, size: int, step: Callable[[int], None]
) -> tuple[Boxes, bool]:
    """The box of the face in the first ``n`` pictures, or in all if they are fewer.

    Args:
        source: The pictures.
        request: How to look for it.
        n: Pictures that are needed.
        size: Of the faces that the network draws, pixels.
        step: Called with the number of pictures looked at.

    Returns:
        The boxes, and whether the source has more pictures.

    Raises:
        FaceError: The detector's weights cannot be used.
        RenderError: There is no face, or not one steady face.
    """
    if request.box:
        top, bottom, left, right = request.box
        width, height = source.size
        if bottom > height or right > width:
            raise RenderError("box_outside", box=request.box, width=width, height=height)
        n_seen = _count_frames(source.forwards(0, n + 1), step)
        fixed = np.array([left, top, right, bottom], np.float32)
        return np.tile(fixed, (min(n_seen, n), 1)), n_seen > n
    detector = load_detector(request.detector)
    detections: list[list[Face]] = []
    has_more = False
    for picture in source.forwards(0, n + 1):
        if len(detections) == n:
            has_more = True
            break
        detections.append(detector.detect(picture))
        step(len(detections))
    rules = TrackRules(min_width=size / MAX_UPSCALING)
    try:
        boxes = track_face(detections, rules, smoothed=request.smoothed)
    except FaceError as error:
        raise explain_face_error(request.face, error) from error
    return boxes, has_more


def pad_boxes(boxes: Boxes, pads: tuple[int, int, int, int]) -> Boxes:
    """Boxes made larger at the top, bottom, left and right, pixels."""
    top, bottom, left, right = pads
    return boxes + np.array([-left, -top, right, bottom], np.float32)


def crop_regions(boxes: Boxes, size: tuple[int, int], *, square: bool) -> NDArray[np.float32]:
    """What to cut out: (n, 4) of left, top, width, height.

    Args:
        boxes: Of the faces.
        size: (width, height) of the pictures.
        square: Squares that stand on the chin, to a fraction of a pixel, as the 384x384
            networks see; else whole boxes in whole pixels, within the picture, as the
            original does.
    """
    if square:
        left, top, side = face_squares(boxes).T
        return np.stack([left, top, side, side], axis=1)
    within = np.clip(np.rint(boxes), 0, np.array([*size, *size])).astype(np.float32)
    return np.concatenate([within[:, :2], within[:, 2:] - within[:, :2]], axis=1)


def crop_region(
    picture: NDArray[np.uint8], region: NDArray[np.float32], size: int, *, square: bool
) -> NDArray[np.uint8]:
    """The face of a region as (size, size, 3)."""
    if square:
        return crop_square(picture, region[:3])
    left, top, width, height = (int(v) for v in region)
    box = picture[top : top + height, left : left + width]
    return cv2.resize(box, (size, size)).astype(np.uint8, copy=False)


def _count_frames(pictures: Iterable[object], step: Callable[[int], None]) -> int:
    n = 0
    for n, _ in enumerate(pictures, 1):
        step(n)
    return n


def explain_face_error(path: Path, error: FaceError) -> RenderError:
    """Why there is not one steady face in a file, and what to do."""
    return RenderError(error.code, path=path, **error.params)
