"""How calm each picture of a video is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...face_detection import (
    Boxes,
    Face,
    FaceDetector,
    FaceError,
    TrackRules,
    crop_square,
    face_squares,
    track_face,
)
from ...lipsync.face_regions import explain_face_error
from ...lipsync.inputs import FaceSource
from ...video.reader import VideoReadError, audio_format, read_audio
from ...wav2lip.mel import SAMPLE_RATE
from ..dataset.speech_segments import SegmentationRules, find_speech_segments, loudness_levels

_FACE_SIZE = 96  # pixels; faces that mouths are looked at in
_MOUTH = np.s_[56:88, 26:70]  # of the small face
_THUMBNAIL_SIDE = 160  # pixels, longer side
_DARK_RATIO = 0.5  # of the brightness of the skin; darker is the inside of a mouth
_SPEECH = SegmentationRules(shortest_s=0.2, pause_s=0.2)


@dataclass(frozen=True, slots=True, eq=False)
class VideoScan:
    """What was seen and heard in consecutive pictures, 25 a second."""

    boxes: Boxes
    """(n, 4): the face."""
    is_silent: NDArray[np.bool_]
    """(n,): whether nobody speaks."""
    motion: NDArray[np.float64]
    """(n,): by how much the mouth changed since the picture before, grey levels."""
    darkness: NDArray[np.float64]
    """(n,): the share of the mouth that is dark, 0 to 1: an open mouth shows its inside."""
    thumbnails: NDArray[np.uint8]
    """(n, height, width), grey."""

    def __len__(self) -> int:
        return len(self.boxes)


def scan_video(
    path: Path,
    source: FaceSource,
    detector: FaceDetector,
    first: int,
    n: int,
    step: Callable[[int], None],
) -> VideoScan:
    """Look at pictures ``first`` to ``first + n - 1``, or up to the end.

    Args:
        path: The video, for its sound.
        source: Its pictures.
        detector: Finds the face.
        first: The first picture.
        n: How many.
        step: Told the number of pictures that the face was looked for in.

    Raises:
        RenderError: There is not one steady face in them.
    """
    detections: list[list[Face]] = []
    thumbnails = []
    width, height = source.size
    scale = min(1.0, _THUMBNAIL_SIDE / max(width, height))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    for picture in source.forwards(first, n):
        detections.append(detector.detect(picture))
        thumb = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        thumbnails.append(cv2.cvtColor(thumb, cv2.COLOR_RGB2GRAY))
        step(len(detections))
    try:
        boxes = track_face(detections, TrackRules())
    except FaceError as error:
        raise explain_face_error(path, error) from error
    motion, darkness = [0.0], []
    before: NDArray[np.float32] | None = None
    pictures = source.forwards(first, len(boxes))
    for picture, square in zip(pictures, face_squares(boxes), strict=True):
        mouth, share = _mouth_crop(crop_square(picture, square))
        if before is not None:
            motion.append(float(np.abs(mouth - before).mean()))
        darkness.append(share)
        before = mouth
    return VideoScan(
        boxes,
        _silent_frames(path, first, len(boxes)),
        np.array(motion[: len(boxes)]),
        np.array(darkness),
        np.asarray(thumbnails, np.uint8),
    )


def _mouth_crop(face: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    small = cv2.resize(face, (_FACE_SIZE, _FACE_SIZE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mouth = grey[_MOUTH]
    return mouth, float((mouth < _DARK_RATIO * np.median(mouth)).mean())


def _silent_frames(path: Path, first: int, n: int) -> NDArray[np.bool_]:
    silent = np.ones(n, np.bool_)
    try:
        audio_format(path)
    except VideoReadError:  # a silent film will do; only its pictures are used
        return silent
    levels = loudness_levels(read_audio(path, SAMPLE_RATE))
    loudness = np.concatenate([np.empty(0, np.float32), *levels])
    for sentence in find_speech_segments(loudness, _SPEECH):
        silent[
            max(0, sentence.first - first) : max(0, sentence.first + sentence.n_frames - first)
        ] = 0
    return silent
