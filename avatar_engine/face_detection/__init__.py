"""Face detection, tracking from frame to frame, and cropping to squares."""

from .cropping import FACE_SIZE, crop_square, face_squares, overhang
from .detectors import Boxes, Face, FaceDetector, FaceError, load_detector
from .tracking import TrackRules, track_face

__all__ = [
    "FACE_SIZE",
    "Boxes",
    "Face",
    "FaceDetector",
    "FaceError",
    "TrackRules",
    "crop_square",
    "face_squares",
    "load_detector",
    "overhang",
    "track_face",
]
