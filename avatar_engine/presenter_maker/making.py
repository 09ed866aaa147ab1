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

from .. import mark
from ..faces import Boxes, load_detector
from ..presenter import Card, Presenter
from ..rendering.film import Film
from ..rendering.order import Framing
from ..rendering.source import Pixels, Source
from ..wav2lip.mel import FPS
from .loop import FADE, SHORTEST, Loop, calmest, join
from .scan import Scan, scan

LOOKED_THROUGH_S = 120.0  # of a long video, for a calm stretch
LONGEST_S = 20.0
SECONDS, HEIGHT = 5.0, 720
ATTRIBUTION = "made from a video of a real person"
_NAME = re.compile(r"[\w-]+")


class MakerError(ValueError):
    """No presenter can be made; the text says why, and what would do."""


@dataclass(frozen=True, slots=True)
class Wishes:
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
    attribution: str = ATTRIBUTION
    start_s: float | None = None
    """Where the loop's stretch begins; by default the calmest is looked for."""
    seconds: float = SECONDS
    """How long the stretch is."""
    height: int = HEIGHT
    """Of the pictures, at most."""
    framing: Framing = field(default_factory=Framing)
    detector: Path | None = None
    """YuNet's weights; by default OpenCV's cascade looks for faces."""

    def __post_init__(self) -> None:
        if not self.consent.strip():
            raise MakerError(
                "nobody's likeness may be used without their consent; say on what grounds it is, "
                "for instance --consent 'written consent of Wang Fang, 3 May 2026'"
            )
        if not self.licence.strip():
            raise MakerError(
                "say under which terms the pictures may be shown, for instance --licence "
                "'internal use only'"
            )
        if not _NAME.fullmatch(self.name):
            raise MakerError(f"the name {self.name!r} is of a folder: letters, digits, - and _")
        if self.voice not in ("female", "male"):
            raise MakerError(f"the voice is female or male, not {self.voice!r}")
        if not SHORTEST / FPS <= self.seconds <= LONGEST_S:
            raise MakerError(
                f"{self.seconds:g} s: a stretch lasts {SHORTEST / FPS:g} to {LONGEST_S:g} s"
            )
        if self.start_s is not None and self.start_s < 0:
            raise MakerError(f"the stretch cannot start at {self.start_s:g} s")
        if self.height < 64:
            raise MakerError(f"{self.height} pixels are too few; 720 are usual")


@dataclass(frozen=True, slots=True)
class Made:
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


def make(
    video: Path,
    out: Path,
    wishes: Wishes,
    *,
    force: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Made:
    """Make a presenter's folder in ``out``; all of it or nothing.

    Args:
        video: One person who looks into the camera, with some seconds of silence.
        out: The folder of presenters.
        wishes: What it is to be.
        force: Whether one of the same name is replaced.
        step: Told how many pictures were looked at, of how many at most.

    Raises:
        MakerError: There is no calm stretch, or one of that name is there already.
        RenderError: There is no face, or the framing does not fit.
        FaceError: The weights of the detector cannot be used.
        FootageError: The file cannot be read as a video.
    """
    if not video.is_file():
        raise MakerError(f"there is no file {video}")
    folder = out / wishes.name
    if folder.exists() and not force:
        raise MakerError(f"{folder} is there already; choose another --name, or add --force")
    source = Source(video, wishes.framing)
    if source.is_still:
        raise MakerError(f"{video} is a picture; a presenter is made from a video")
    first, n = 0, round(LOOKED_THROUGH_S * FPS)
    if wishes.start_s is not None:
        first, n = round(wishes.start_s * FPS), round(wishes.seconds * FPS)
    seen = scan(video, source, load_detector(wishes.detector), first, n, lambda done: step(done, n))
    loop = _loop(video, seen, wishes)
    size = _size(source.size, wishes.height)
    part = out / f".{wishes.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        n_frames = _write(part, source, seen, loop, first, size, wishes)
        Presenter(part)
        _replace(folder, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    start = first + loop.first
    return Made(folder, start / FPS, (start + loop.n) / FPS, loop.join, n_frames, size)


def _loop(video: Path, seen: Scan, wishes: Wishes) -> Loop:
    """In places of the scan."""
    if wishes.start_s is not None:
        if len(seen) < SHORTEST:
            raise MakerError(
                f"{video} has only {len(seen) / FPS:.1f} s from {wishes.start_s:g} s on; at least "
                f"{SHORTEST / FPS:g} s are needed"
            )
        return join(seen, 0, len(seen))
    found = calmest(seen, round(wishes.seconds * FPS))
    if found is None:
        raise MakerError(
            f"{video}: nowhere is it silent for {SHORTEST / FPS:g} s. Film some seconds in which "
            "the person listens with the mouth closed, or name a stretch with --start and "
            "--seconds"
        )
    return join(seen, *found)


def _write(
    folder: Path,
    source: Source,
    seen: Scan,
    loop: Loop,
    offset: int,
    size: tuple[int, int],
    wishes: Wishes,
) -> int:
    places = loop.places()
    with Film(folder / "idle.mp4", size, FPS, comment=mark.LABEL, fine=True) as film:
        for picture in _pictures(source, loop, offset):
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            shown = small.astype(np.uint8, copy=False)
            mark.burn_in(shown)
            film.add(shown)
    scale = size[0] / source.size[0], size[1] / source.size[1]
    np.savez_compressed(folder / "track.npz", face=_faces(seen.boxes, places) * (scale * 2))
    card = Card(
        name=wishes.name,
        title={"zh-CN": wishes.title or wishes.name, "en": wishes.name},
        licence=wishes.licence.strip(),
        attribution=wishes.attribution,
        consent=wishes.consent.strip(),
        voice=wishes.voice,
        label=mark.LABEL,
        width=size[0],
        height=size[1],
        fps=FPS,
        frames=len(places),
    )
    text = yaml.safe_dump(card.model_dump(), allow_unicode=True, sort_keys=False, width=100)
    (folder / "presenter.yaml").write_text(text, "utf-8")
    return len(places)


def _pictures(source: Source, loop: Loop, offset: int) -> Iterator[Pixels]:
    """The loop's pictures in order; of a cross-fade only the fading ones are held."""
    first = offset + loop.first
    if loop.join == "there and back":
        for _, picture in source.there_and_back(loop.n, loop.length, first):
            yield picture
        return
    start: list[Pixels] = []
    for index, picture in enumerate(source.forwards(first, loop.n)):
        if index < FADE:
            start.append(picture)
        elif index < loop.n - FADE:
            yield picture
        else:
            k = index - (loop.n - FADE)
            share = (k + 1) / (FADE + 1)
            mixed = cv2.addWeighted(picture, 1 - share, start[k], share, 0)
            yield mixed.astype(np.uint8, copy=False)


def _faces(boxes: Boxes, places: list[tuple[int, int, float]]) -> NDArray[np.float32]:
    one, other, share = zip(*places, strict=True)
    shares = np.array(share, np.float32)[:, None]
    return boxes[list(one)] * (1 - shares) + boxes[list(other)] * shares


def _size(size: tuple[int, int], height: int) -> tuple[int, int]:
    """(width, height), both even, no higher than asked for."""
    scale = min(1.0, height / size[1])
    return max(2, round(size[0] * scale / 2) * 2), max(2, int(size[1] * scale / 2) * 2)


def _replace(folder: Path, part: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
