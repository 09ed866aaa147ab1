"""From a video to a presenter's folder."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from ...face_detection import Boxes, load_detector
from ...lipsync.inputs import FaceSource, Pixels
from ...lipsync.request import FrameTransform
from ...presenter import Presenter, PresenterCard
from ...video import watermark
from ...video.mp4_file import Mp4File
from ...wav2lip.mel import FPS
from .loop_selection import (
    CROSS_FADE_FRAMES,
    MIN_LOOP_FRAMES,
    LoopSegment,
    calmest_segment,
    close_loop,
)
from .scan import VideoScan, scan_video

SEARCHED_S = 120.0  # of a long video, for a calm stretch
MAX_SEGMENT_S = 20.0
DEFAULT_SECONDS, DEFAULT_HEIGHT = 5.0, 720
DEFAULT_ATTRIBUTION = "made from a video of a real person"
_NAME = re.compile(r"[\w-]+")


class PresenterBuildError(ValueError):
    """No presenter can be made; the text says why, and what would do."""


@dataclass(frozen=True, slots=True)
class PresenterOptions:
    """What a presenter is to be."""

    name: str
    """Of the folder."""
    consent: str
    """On what grounds this likeness may speak words its owner never said."""
    licence: str
    """Under which terms the pictures may be shown."""
    title: str = ""
    """What visitors call the presenter; by default the name."""
    voice: str = "female"
    """``male`` or ``female``."""
    attribution: str = DEFAULT_ATTRIBUTION
    start_s: float | None = None
    """Where the loop's stretch begins; by default the calmest is looked for."""
    seconds: float = DEFAULT_SECONDS
    """How long the stretch is."""
    height: int = DEFAULT_HEIGHT
    """Of the pictures, at most."""
    framing: FrameTransform = field(default_factory=FrameTransform)
    detector: Path | None = None
    """YuNet's weights; by default OpenCV's cascade looks for faces."""

    def __post_init__(self) -> None:
        if not self.consent.strip():
            raise PresenterBuildError(
                "nobody's likeness may be used without their consent; say on what grounds it is, "
                "for instance --consent 'written consent of Wang Fang, 3 May 2026'"
            )
        if not self.licence.strip():
            raise PresenterBuildError(
                "say under which terms the pictures may be shown, for instance --licence "
                "'internal use only'"
            )
        if not _NAME.fullmatch(self.name):
            raise PresenterBuildError(
                f"the name {self.name!r} is of a folder: letters, digits, - and _"
            )
        if self.voice not in ("female", "male"):
            raise PresenterBuildError(f"the voice is female or male, not {self.voice!r}")
        if not MIN_LOOP_FRAMES / FPS <= self.seconds <= MAX_SEGMENT_S:
            raise PresenterBuildError(
                f"{self.seconds:g} s: a stretch lasts "
                f"{MIN_LOOP_FRAMES / FPS:g} to {MAX_SEGMENT_S:g} s"
            )
        if self.start_s is not None and self.start_s < 0:
            raise PresenterBuildError(f"the stretch cannot start at {self.start_s:g} s")
        if self.height < 64:
            raise PresenterBuildError(f"{self.height} pixels are too few; 720 are usual")


@dataclass(frozen=True, slots=True)
class BuiltPresenter:
    """What came of it."""

    folder: Path
    start_s: float
    """Where the stretch is in the video."""
    end_s: float
    join: str
    """How its end is joined to its beginning."""
    n_frames: int
    """Of the loop."""
    size: tuple[int, int]


def build_presenter(
    video: Path,
    out: Path,
    options: PresenterOptions,
    *,
    force: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> BuiltPresenter:
    """Make a presenter's folder in ``out``; all of it or nothing.

    Args:
        video: One person who looks into the camera, with some seconds of silence.
        out: The folder of presenters.
        options: What it is to be.
        force: Whether one of the same name is replaced.
        step: Told how many pictures were looked at, of how many at most.

    Raises:
        PresenterBuildError: There is no calm stretch, or one of that name is there already.
        RenderError: There is no face, or the framing does not fit.
        FaceError: The weights of the detector cannot be used.
        VideoReadError: The file cannot be read as a video.
    """
    if not video.is_file():
        raise PresenterBuildError(f"there is no file {video}")
    folder = out / options.name
    if folder.exists() and not force:
        raise PresenterBuildError(
            f"{folder} is there already; choose another --name, or add --force"
        )
    source = FaceSource(video, options.framing)
    if source.is_still:
        raise PresenterBuildError(f"{video} is a picture; a presenter is made from a video")
    first, n = 0, round(SEARCHED_S * FPS)
    if options.start_s is not None:
        first, n = round(options.start_s * FPS), round(options.seconds * FPS)
    seen = scan_video(
        video, source, load_detector(options.detector), first, n, lambda done: step(done, n)
    )
    loop = _choose_loop(video, seen, options)
    size = _output_size(source.size, options.height)
    part = out / f".{options.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        n_frames = _write_presenter(part, source, seen, loop, first, size, options)
        Presenter(part)
        _replace_folder(folder, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    start = first + loop.first
    return BuiltPresenter(folder, start / FPS, (start + loop.n) / FPS, loop.join, n_frames, size)


def _choose_loop(video: Path, seen: VideoScan, options: PresenterOptions) -> LoopSegment:
    """In places of the scan."""
    if options.start_s is not None:
        if len(seen) < MIN_LOOP_FRAMES:
            raise PresenterBuildError(
                f"{video} has only {len(seen) / FPS:.1f} s from {options.start_s:g} s on; at least "
                f"{MIN_LOOP_FRAMES / FPS:g} s are needed"
            )
        return close_loop(seen, 0, len(seen))
    found = calmest_segment(seen, round(options.seconds * FPS))
    if found is None:
        raise PresenterBuildError(
            f"{video}: nowhere is it silent for {MIN_LOOP_FRAMES / FPS:g} s. "
            "Film some seconds in which "
            "the person listens with the mouth closed, or name a stretch with --start and "
            "--seconds"
        )
    return close_loop(seen, *found)


def _write_presenter(
    folder: Path,
    source: FaceSource,
    seen: VideoScan,
    loop: LoopSegment,
    offset: int,
    size: tuple[int, int],
    options: PresenterOptions,
) -> int:
    places = loop.places()
    with Mp4File(folder / "idle.mp4", size, FPS, comment=watermark.LABEL, fine=True) as film:
        for picture in _loop_frames(source, loop, offset):
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            shown = small.astype(np.uint8, copy=False)
            watermark.burn_in(shown)
            film.add(shown)
    scale = size[0] / source.size[0], size[1] / source.size[1]
    np.savez_compressed(folder / "track.npz", face=_face_track(seen.boxes, places) * (scale * 2))
    card = PresenterCard(
        name=options.name,
        title={"zh-CN": options.title or options.name, "en": options.name},
        licence=options.licence.strip(),
        attribution=options.attribution,
        consent=options.consent.strip(),
        voice=options.voice,
        label=watermark.LABEL,
        width=size[0],
        height=size[1],
        fps=FPS,
        frames=len(places),
    )
    text = yaml.safe_dump(card.model_dump(), allow_unicode=True, sort_keys=False, width=100)
    (folder / "presenter.yaml").write_text(text, "utf-8")
    return len(places)


def _loop_frames(source: FaceSource, loop: LoopSegment, offset: int) -> Iterator[Pixels]:
    """The loop's pictures in order; of a cross-fade only the fading ones are held."""
    first = offset + loop.first
    if loop.join == "there and back":
        for _, picture in source.ping_pong(loop.n, loop.length, first):
            yield picture
        return
    start: list[Pixels] = []
    for index, picture in enumerate(source.forwards(first, loop.n)):
        if index < CROSS_FADE_FRAMES:
            start.append(picture)
        elif index < loop.n - CROSS_FADE_FRAMES:
            yield picture
        else:
            k = index - (loop.n - CROSS_FADE_FRAMES)
            share = (k + 1) / (CROSS_FADE_FRAMES + 1)
            mixed = cv2.addWeighted(picture, 1 - share, start[k], share, 0)
            yield mixed.astype(np.uint8, copy=False)


def _face_track(boxes: Boxes, places: list[tuple[int, int, float]]) -> NDArray[np.float32]:
    one, other, share = zip(*places, strict=True)
    shares = np.array(share, np.float32)[:, None]
    return boxes[list(one)] * (1 - shares) + boxes[list(other)] * shares


def _output_size(size: tuple[int, int], height: int) -> tuple[int, int]:
    """(width, height), both even, no higher than asked for."""
    scale = min(1.0, height / size[1])
    return max(2, round(size[0] * scale / 2) * 2), max(2, int(size[1] * scale / 2) * 2)


def _replace_folder(folder: Path, part: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
