"""Which detector: the built-in one, or the one that a weights file belongs to."""

from pathlib import Path

from .base import FaceDetector, FaceError
from .cascade import CascadeDetector
from .yunet import YuNetDetector


def load_detector(weights: Path | None = None) -> FaceDetector:
    """The built-in cascade, or YuNet if its ``.onnx`` file is named.

    Raises:
        FaceError: There is no such file, or no detector that it fits.
    """
    if weights is None:
        return CascadeDetector()
    if not weights.is_file():
        raise FaceError(f"there is no file {weights}; without one, OpenCV's cascade is used")
    if weights.suffix.lower() == ".onnx":
        return YuNetDetector(weights)
    raise FaceError(f"{weights} is of no known detector; YuNet's weights end in .onnx")
