"""Everything that decides what a clip looks like."""

import hashlib
import json
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ...face_detection import (
    FACE_SIZE,
    Boxes,
    Face,
    FaceDetector,
    FaceError,
    TrackRules,
    crop_square,
    face_squares,
    load_detector,
    overhang,
    track_face,
)
from ...video.reader import VideoReadError, read_frames
from ...wav2lip.mel import FPS, SAMPLES_PER_FRAME
from .clip import (
    Clip,
    ClipMetadata,
    begin_clip,
    discard_clip,
    finish_clip,
    write_audio,
    write_frames,
    write_metadata,
)
from .speech_segments import SegmentationRules, SpeechSegment

CLIP_FORMAT = 1  # of clips; counts up when the code begins to make other clips of the same settings


@dataclass(frozen=True, slots=True)
class PreparationSettings:
    """How videos are prepared; clips made with other settings are made anew."""

    sentences: SegmentationRules = field(default_factory=SegmentationRules)
    faces: TrackRules = field(default_factory=TrackRules)
    detector: Path | None = None
    """Weights of a face detector; the built-in cascade if None."""
    expert: Path | None = None
    """Weights of a lip-sync expert; without, sync is not checked."""
    max_offset: int = 1
    """Frames by which sound and lips may be apart, if an expert looks at them."""
    max_outside: float = 0.15
    """Part of the square's side that may be outside the picture."""

    def digest(self) -> str:
        """Settings with the same digest make the same clips."""
        text = json.dumps(
            {
                "format": CLIP_FORMAT,
                "size": FACE_SIZE,
                **asdict(self),
                "detector": self.detector and file_hash(self.detector),
                "expert": self.expert and file_hash(self.expert),
            },
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """SHA-256 of what a file holds, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if TYPE_CHECKING:  # it needs torch, which takes seconds to import and is rarely asked for
    from ...wav2lip.discriminators import SyncExpert

MAX_FRAME_DELAY_S = 0.1  # s that a picture may be away from its tick: at least 5 frames a second
SCENE_CUT_CHANGE = 15.0  # grey levels, mean over the picture; heads that move make 1 to 5
SCENE_CUT_RATIO = 8.0  # times the usual change from frame to frame
_THUMBNAIL_SIZE = (32, 32)


@dataclass(frozen=True, slots=True)
class ClipJob:
    """What a worker needs to know to make one clip."""

    video: Path
    video_sha256: str
    sound: Path
    """A WAV file: the whole video's sound, 16 kHz, mono."""
    sentence: SpeechSegment
    folder: Path
    """Where the clip goes."""
    settings: PreparationSettings
    digest: str
    """Of the settings."""


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """What became of one sentence."""

    name: str
    """Of the clip's folder, or of what it would have been."""
    start_s: float
    end_s: float
    reason: str
    """Why it was left out; empty if it was kept."""

    @property
    def kept(self) -> bool:
        return not self.reason


class _ClipRejected(Exception):
    """Carries the reason."""


def extract_clip(job: ClipJob) -> ClipOutcome:
    """Look at the pictures of a sentence, and write the clip if it will do."""
    start, end = job.sentence.start_s, job.sentence.end_s
    try:
        n_frames = _extract_clip(job)
    except (_ClipRejected, FaceError, VideoReadError) as reason:
        discard_clip(job.folder)
        return ClipOutcome(job.folder.name, start, end, str(reason))
    return ClipOutcome(job.folder.name, start, start + n_frames / FPS, "")


def _extract_clip(job: ClipJob) -> int:
    detector = _load_detector_once(job.settings.detector)
    boxes, size = _track_face(job, detector)
    where = face_squares(boxes)
    outside = overhang(where, size)
    if outside > job.settings.max_outside:
        raise _ClipRejected(f"the face is cut off by the edge of the picture by {outside:.0%}")
    n = len(boxes)
    part = begin_clip(job.folder)
    written = write_frames(part, _face_crops(job, where))
    assert written == n, "a file shows the same pictures twice"
    write_audio(part, _read_audio(job.sound, job.sentence.first, n))

    def card(offset: int | None) -> ClipMetadata:
        return ClipMetadata(
            source=str(job.video),
            source_sha256=job.video_sha256,
            start_s=job.sentence.start_s,
            end_s=job.sentence.start_s + n / FPS,
            n_frames=n,
            fps=FPS,
            size=FACE_SIZE,
            detector=detector.name,
            boxes=boxes.round(2).tolist(),
            squares=where.round(3).tolist(),
            offset=offset,
            settings=job.digest,
        )

    write_metadata(part, card(None))
    if job.settings.expert:
        write_metadata(
            part, card(_check_av_offset(part, job.settings.expert, job.settings.max_offset))
        )
    finish_clip(part)
    return n


def _track_face(job: ClipJob, detector: FaceDetector) -> tuple[Boxes, tuple[int, int]]:
    """The face's box in every frame, and (width, height) of the pictures."""
    detections: list[list[Face]] = []
    thumbnails: list[NDArray[np.float32]] = []
    size = (0, 0)
    for picture in read_frames(job.video, FPS, job.sentence.first, job.sentence.n_frames):
        if picture.time_error > MAX_FRAME_DELAY_S:
            raise _ClipRejected("the picture stands still")
        detections.append(detector.detect(picture.pixels))
        thumbnails.append(_thumbnail(picture.pixels))
        size = picture.pixels.shape[1], picture.pixels.shape[0]
    if len(detections) < job.settings.sentences.shortest_s * FPS:
        raise _ClipRejected("the picture ends before the sound")
    at = _scene_cut(np.stack(thumbnails))
    if at is not None:
        raise _ClipRejected(f"the scene changes at {job.sentence.start_s + at / FPS:.2f} s")
    return track_face(detections, job.settings.faces), size


def _scene_cut(thumbnails: NDArray[np.float32]) -> int | None:
    """The first frame that shows something else than the one before."""
    changes = np.abs(np.diff(thumbnails, axis=0)).mean(axis=(1, 2))
    usual = float(np.median(changes)) + 0.5
    cuts = np.flatnonzero((changes > SCENE_CUT_CHANGE) & (changes > SCENE_CUT_RATIO * usual))
    return int(cuts[0]) + 1 if len(cuts) else None


def _thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(pixels, _THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _face_crops(job: ClipJob, where: NDArray[np.float32]) -> Iterator[NDArray[np.uint8]]:
    """Decoded a second time: until the last frame is seen, no square is known."""
    seen = read_frames(job.video, FPS, job.sentence.first, len(where))
    for picture, square in zip(seen, where, strict=False):
        yield crop_square(picture.pixels, square)


def _read_audio(path: Path, first: int, n_frames: int) -> NDArray[np.int16]:
    """The sound of some frames; silence where it ends within the last one."""
    with wave.open(str(path)) as file:
        file.setpos(min(first * SAMPLES_PER_FRAME, file.getnframes()))
        pcm = np.frombuffer(file.readframes(n_frames * SAMPLES_PER_FRAME), "<i2")
    return np.pad(pcm, (0, n_frames * SAMPLES_PER_FRAME - len(pcm))).astype(np.int16)


def _check_av_offset(folder: Path, weights: Path, max_offset: int) -> int:
    from . import av_sync

    found = av_sync.measure_av_offset(Clip(folder), _load_expert_once(weights))
    if abs(found.offset) > max_offset:
        late = "late" if found.offset > 0 else "early"
        raise _ClipRejected(f"the sound is {abs(found.offset)} frames {late}")
    return found.offset


@lru_cache(1)
def _load_detector_once(weights: Path | None) -> FaceDetector:
    """Loaded once for each worker."""
    cv2.setNumThreads(1)
    return load_detector(weights)


@lru_cache(1)
def _load_expert_once(weights: Path) -> "SyncExpert":
    import torch

    from . import av_sync

    torch.set_num_threads(1)
    return av_sync.load_sync_expert(weights)
