"""One sentence of a video becomes one clip, or is left out with the reason."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces import (
    SIZE,
    Boxes,
    Face,
    FaceDetector,
    FaceError,
    cut,
    follow,
    load_detector,
    overhang,
    squares,
)
from ..footage import FootageError, pictures
from ..wav2lip.mel import FPS, SAMPLES_PER_FRAME
from .clip import Card, Clip, begin, discard, finish, write_card, write_pictures, write_sound
from .sentences import Sentence
from .settings import Settings

if TYPE_CHECKING:  # it needs torch, which takes seconds to import and is rarely asked for
    from ..wav2lip.expert import Expert

STANDS_STILL = 0.1  # s that a picture may be away from its tick: at least 5 frames a second
CUT_CHANGE = 15.0  # grey levels, mean over the picture; heads that move make 1 to 5
CUT_CONTRAST = 8.0  # times the usual change from frame to frame
_THUMBNAIL = (32, 32)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know to make one clip."""

    video: Path
    video_sha256: str
    sound: Path
    """A WAV file: the whole video's sound, 16 kHz, mono."""
    sentence: Sentence
    folder: Path
    """Where the clip goes."""
    settings: Settings
    digest: str
    """Of the settings."""


@dataclass(frozen=True, slots=True)
class Outcome:
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


class _LeftOut(Exception):
    """Carries the reason."""


def make(job: Job) -> Outcome:
    """Look at the pictures of a sentence, and write the clip if it will do."""
    start, end = job.sentence.start_s, job.sentence.end_s
    try:
        n_frames = _make(job)
    except (_LeftOut, FaceError, FootageError) as reason:
        discard(job.folder)
        return Outcome(job.folder.name, start, end, str(reason))
    return Outcome(job.folder.name, start, start + n_frames / FPS, "")


def _make(job: Job) -> int:
    detector = _detector(job.settings.detector)
    boxes, size = _find_face(job, detector)
    where = squares(boxes)
    outside = overhang(where, size)
    if outside > job.settings.max_outside:
        raise _LeftOut(f"the face is cut off by the edge of the picture by {outside:.0%}")
    n = len(boxes)
    part = begin(job.folder)
    written = write_pictures(part, _crops(job, where))
    assert written == n, "a file shows the same pictures twice"
    write_sound(part, _sound(job.sound, job.sentence.first, n))

    def card(offset: int | None) -> Card:
        return Card(
            source=str(job.video),
            source_sha256=job.video_sha256,
            start_s=job.sentence.start_s,
            end_s=job.sentence.start_s + n / FPS,
            n_frames=n,
            fps=FPS,
            size=SIZE,
            detector=detector.name,
            boxes=boxes.round(2).tolist(),
            squares=where.round(3).tolist(),
            offset=offset,
            settings=job.digest,
        )

    write_card(part, card(None))
    if job.settings.expert:
        write_card(part, card(_offset(part, job.settings.expert, job.settings.max_offset)))
    finish(part)
    return n


def _find_face(job: Job, detector: FaceDetector) -> tuple[Boxes, tuple[int, int]]:
    """The face's box in every frame, and (width, height) of the pictures."""
    detections: list[list[Face]] = []
    thumbnails: list[NDArray[np.float32]] = []
    size = (0, 0)
    for picture in pictures(job.video, job.sentence.first, job.sentence.n_frames):
        if picture.late > STANDS_STILL:
            raise _LeftOut("the picture stands still")
        detections.append(detector.detect(picture.pixels))
        thumbnails.append(_thumbnail(picture.pixels))
        size = picture.pixels.shape[1], picture.pixels.shape[0]
    if len(detections) < job.settings.sentences.shortest_s * FPS:
        raise _LeftOut("the picture ends before the sound")
    at = _scene_cut(np.stack(thumbnails))
    if at is not None:
        raise _LeftOut(f"the scene changes at {job.sentence.start_s + at / FPS:.2f} s")
    return follow(detections, job.settings.faces), size


def _scene_cut(thumbnails: NDArray[np.float32]) -> int | None:
    """The first frame that shows something else than the one before."""
    changes = np.abs(np.diff(thumbnails, axis=0)).mean(axis=(1, 2))
    usual = float(np.median(changes)) + 0.5
    cuts = np.flatnonzero((changes > CUT_CHANGE) & (changes > CUT_CONTRAST * usual))
    return int(cuts[0]) + 1 if len(cuts) else None


def _thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(pixels, _THUMBNAIL, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _crops(job: Job, where: NDArray[np.float32]) -> Iterator[NDArray[np.uint8]]:
    """Decoded a second time: until the last frame is seen, no square is known."""
    seen = pictures(job.video, job.sentence.first, len(where))
    for picture, square in zip(seen, where, strict=False):
        yield cut(picture.pixels, square)


def _sound(path: Path, first: int, n_frames: int) -> NDArray[np.int16]:
    """The sound of some frames; silence where it ends within the last one."""
    with wave.open(str(path)) as file:
        file.setpos(min(first * SAMPLES_PER_FRAME, file.getnframes()))
        pcm = np.frombuffer(file.readframes(n_frames * SAMPLES_PER_FRAME), "<i2")
    return np.pad(pcm, (0, n_frames * SAMPLES_PER_FRAME - len(pcm))).astype(np.int16)


def _offset(folder: Path, weights: Path, max_offset: int) -> int:
    from . import sync

    found = sync.measure(Clip(folder), _expert(weights))
    if abs(found.offset) > max_offset:
        late = "late" if found.offset > 0 else "early"
        raise _LeftOut(f"the sound is {abs(found.offset)} frames {late}")
    return found.offset


@lru_cache(1)
def _detector(weights: Path | None) -> FaceDetector:
    """Loaded once for each worker."""
    cv2.setNumThreads(1)
    return load_detector(weights)


@lru_cache(1)
def _expert(weights: Path) -> "Expert":
    import torch

    from . import sync

    torch.set_num_threads(1)
    return sync.load_expert(weights)
