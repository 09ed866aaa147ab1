"""Face detectors: OpenCV's cascade, and YuNet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import CodedError

Boxes = NDArray[np.float32]
"""(n_frames, 4): left, top, right, bottom of one face, pixels."""


class FaceError(CodedError):
    """There is not one steady face, or the detector's weights cannot be used."""

    MESSAGES: ClassVar[Mapping[str, str]] = {
        "no_face": "no face",
        "several_faces": "several faces",
        "face_lost": "no steady face: lost for {longest} frames, seen in {seen} of {total}",
        "face_small": "the face is too small: {width} pixels wide, {needed} are needed",
        "face_turned": "the face is turned away",
        "face_jumps": "the face jumps: a cut, or two people",
        "detector_missing": "there is no file {path}; without one, OpenCV's cascade is used",
        "detector_unknown": "{path} is of no known detector; YuNet's weights end in .onnx",
        "not_yunet": "{path} is not YuNet ({reason}); name face_detection_yunet_2023mar.onnx of "
        "OpenCV's model zoo",
        "cascade_missing": "{path} is missing; install opencv-python (below 5) again",
    }


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


CASCADE_LONG_SIDE = 480  # pixels that pictures are shrunk to: four times as fast as at 960
CASCADE_MIN_FACE = 1 / 10  # of the shorter side; smaller faces are background
CASCADE_SCALE_STEP = 1.1
CASCADE_MIN_NEIGHBOURS = 4  # boxes that must agree

# Its square reaches over the ears and ends at the chin or a little above; measured on the
# shipped presenters, whose faces are known, and on people.
CASCADE_WIDTH_RATIO = 0.79
CASCADE_CHIN_MARGIN = 0.04


class CascadeDetector:
    """Frontal faces, by OpenCV's ``haarcascade_frontalface_alt2``."""

    name = "cascade"

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise FaceError("cascade_missing", path=path)

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All frontal faces; see :class:`~avatar_engine.face_detection.FaceDetector`."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, CASCADE_LONG_SIDE / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        smallest = max(24, int(min(grey.shape) * CASCADE_MIN_FACE))
        found = self._cascade.detectMultiScale(
            grey, CASCADE_SCALE_STEP, CASCADE_MIN_NEIGHBOURS, minSize=(smallest, smallest)
        )
        return [_cascade_face(*(float(v) / scale for v in box)) for box in found]


def _cascade_face(left: float, top: float, width: float, height: float) -> Face:
    beside = width * (1 - CASCADE_WIDTH_RATIO) / 2
    return Face(left + beside, top, left + width - beside, top + height * (1 + CASCADE_CHIN_MARGIN))


YUNET_LONG_SIDE = 640  # pixels that pictures are shrunk to
YUNET_MIN_CONFIDENCE = 0.7  # of 1


class YuNetDetector:
    """Faces at any angle, with the places of eyes and nose.

    Args:
        weights: ``face_detection_yunet_….onnx`` of OpenCV's model zoo.

    Raises:
        FaceError: The file is not YuNet.
    """

    name = "yunet"

    def __init__(self, weights: Path) -> None:
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(weights), "", (320, 320), YUNET_MIN_CONFIDENCE
            )
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            reason = error.err or "it cannot be read"
            raise FaceError("not_yunet", path=weights, reason=reason) from error

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All faces; see :class:`~avatar_engine.face_detection.FaceDetector`."""
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        scale = min(1.0, YUNET_LONG_SIDE / max(bgr.shape))
        if scale < 1:
            bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._net.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, found = self._net.detect(bgr)
        return [] if found is None else [_yunet_face(row / scale) for row in np.asarray(found)]


def _yunet_face(row: NDArray[np.floating]) -> Face:
    """Of left, top, width, height, then x and y of right eye, left eye, nose and mouth."""
    left, top, width, height = (float(v) for v in row[:4])
    eyes, nose = row[[4, 6]], row[8]
    apart = max(float(abs(eyes[1] - eyes[0])), 1e-3)
    turn = float(abs(nose - eyes.mean())) / apart
    return Face(left, top, left + width, top + height, turn)


def load_detector(weights: Path | None = None) -> FaceDetector:
    """The built-in cascade, or YuNet if its ``.onnx`` file is named.

    Raises:
        FaceError: There is no such file, or no detector that it fits.
    """
    if weights is None:
        return CascadeDetector()
    if not weights.is_file():
        raise FaceError("detector_missing", path=weights)
    if weights.suffix.lower() == ".onnx":
        return YuNetDetector(weights)
    raise FaceError("detector_unknown", path=weights)
