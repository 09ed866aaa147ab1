"""YuNet, a small face detector that OpenCV runs, for users who have its weights.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Face, FaceError

LONG_SIDE = 640  # pixels that pictures are shrunk to
CONFIDENT = 0.7  # of 1


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
            self._net = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), CONFIDENT)
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise FaceError(
                f"{weights} is not YuNet ({error.err or 'it cannot be read'}); name "
                "face_detection_yunet_2023mar.onnx of OpenCV's model zoo"
            ) from error

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All faces; see :class:`~avatar_engine.faces.FaceDetector`."""
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        scale = min(1.0, LONG_SIDE / max(bgr.shape))
        if scale < 1:
            bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._net.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, found = self._net.detect(bgr)
        return [] if found is None else [_face(row / scale) for row in np.asarray(found)]


def _face(row: NDArray[np.floating]) -> Face:
    """Of left, top, width, height, then x and y of right eye, left eye, nose and mouth."""
    left, top, width, height = (float(v) for v in row[:4])
    eyes, nose = row[[4, 6]], row[8]
    apart = max(float(abs(eyes[1] - eyes[0])), 1e-3)
    turn = float(abs(nose - eyes.mean())) / apart
    return Face(left, top, left + width, top + height, turn)
