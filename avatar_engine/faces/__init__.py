"""Faces in pictures: found, followed from frame to frame, and cut out as squares."""

from .base import Boxes, Face, FaceDetector, FaceError
from .crop import SIZE, cut, overhang, squares
from .detectors import load_detector
from .track import TrackRules, follow

__all__ = [
    "SIZE",
    "Boxes",
    "Face",
    "FaceDetector",
    "FaceError",
    "TrackRules",
    "cut",
    "follow",
    "load_detector",
    "overhang",
    "squares",
]
