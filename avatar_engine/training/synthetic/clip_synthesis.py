"""Training clips of a presenter who says lines, as ``prepare`` makes them of videos."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tts_engine import Speech

from ...face_detection import FACE_SIZE, crop_square, face_squares
from ...presenter import Presenter
from ...viseme.avatar import MouthCompositor, VisemeAvatar
from ...wav2lip.mel import FPS, SAMPLE_RATE
from ..dataset.clip import (
    ClipMetadata,
    begin_clip,
    finish_clip,
    write_audio,
    write_frames,
    write_metadata,
)
from .mouth_shapes import MouthShapes, viseme_weights
from .utterances import SyntheticUtterance

FrameRenderer = Callable[[SyntheticUtterance, int], Iterator[NDArray[np.uint8]]]
"""Whole frames of a presenter who says a line, from a frame of the loop on."""


@dataclass(frozen=True, slots=True)
class SyntheticSpeaker:
    """Who plays."""

    presenter: Presenter
    play: FrameRenderer
    variations: tuple[int, ...]
    """Seeds of ``IdentityVariation``; each is another identity, 0 the presenter as they are."""


def synthesize_clips(
    cast: SyntheticSpeaker,
    lines: Iterator[SyntheticUtterance],
    minutes: float,
    out: Path,
    seed: int,
) -> Iterator[int]:
    """Write clips until they last ``minutes``; yields the frames of each as it is done.

    A clip that exists is kept: the same seed and lines give the same clips, so a run that was
    interrupted goes on.
    """
    rng = random.Random(seed)
    cuts = face_squares(cast.presenter.faces)
    for variation in cast.variations:
        _write_idle_loop(
            cast.presenter, cuts, variation, out / _loop_name(cast.presenter, variation)
        )
    n_frames = 0
    while n_frames < minutes * 60 * FPS:
        line = next(lines)
        variation = rng.choice(cast.variations)
        first = rng.randrange(len(cast.presenter))
        n = len(line.samples) * FPS // SAMPLE_RATE
        n_frames += n
        name = cast.presenter.card.name
        digest = hashlib.sha256(f"{line.text}|{line.voice}|{variation}|{first}".encode())
        folder = out / f"{name}-{digest.hexdigest()[:12]}"
        if not folder.exists():
            part = begin_clip(folder)
            write_frames(part, _face_crops(cast, cuts, line, variation, first))
            pcm = np.clip(np.rint(line.samples * 32768), -32768, 32767).astype(np.int16)
            write_audio(part, pcm)
            at = np.arange(first, first + n) % len(cast.presenter)
            write_metadata(
                part,
                ClipMetadata(
                    source=f"{name}, variation {variation}",
                    source_sha256=digest.hexdigest(),
                    start_s=0.0,
                    end_s=n / FPS,
                    n_frames=n,
                    fps=FPS,
                    size=FACE_SIZE,
                    detector="none",
                    boxes=cast.presenter.faces[at].tolist(),
                    squares=cuts[at].tolist(),
                    offset=0,
                    settings="rehearsal",
                    text=line.text,
                    voice=line.voice,
                    loop=_loop_name(cast.presenter, variation),
                    loop_first=first,
                ),
            )
            finish_clip(part)
        yield n


def path_traced_renderer(presenter: Presenter, mouths: MouthShapes) -> FrameRenderer:
    """Path-traced mouths, blended: what training sees."""
    pastes = MouthCompositor(presenter)

    def play(line: SyntheticUtterance, first: int) -> Iterator[NDArray[np.uint8]]:
        for i, shares in enumerate(viseme_weights(line.phonemes, line.samples, SAMPLE_RATE, FPS)):
            at = (first + i) % len(presenter)
            frame = presenter.frame(at)
            if shares[0] < 1:  # the loop's own mouth is shut
                pastes.paste(frame, at, mouths.picture(shares))
            yield frame

    return play


def viseme_renderer(presenter: Presenter, *, phonemes: bool) -> FrameRenderer:
    """The light avatar, to be compared with; without phonemes as voices speak that tell none."""
    avatar = VisemeAvatar(presenter)

    def play(line: SyntheticUtterance, first: int) -> Iterator[NDArray[np.uint8]]:
        known = line.phonemes if phonemes else ()
        speech = Speech(line.samples, SAMPLE_RATE, line.text, known)
        for frames in avatar.render([speech], first=first):
            yield from frames.pixels

    return play


def _face_crops(
    cast: SyntheticSpeaker,
    cuts: NDArray[np.float32],
    line: SyntheticUtterance,
    variation: int,
    first: int,
) -> Iterator[NDArray[np.uint8]]:
    varied = IdentityVariation(variation)
    for i, frame in enumerate(cast.play(line, first)):
        yield varied.apply(crop_square(frame, cuts[(first + i) % len(cast.presenter)]))


def _write_idle_loop(
    presenter: Presenter, cuts: NDArray[np.float32], variation: int, folder: Path
) -> None:
    """The silent loop as clips that follow it see it."""
    if folder.exists():
        return
    part = begin_clip(folder)
    varied = IdentityVariation(variation)
    whole = (varied.apply(crop_square(presenter.frame(i), cuts[i])) for i in range(len(presenter)))
    write_frames(part, whole)
    finish_clip(part)


def _loop_name(presenter: Presenter, variation: int) -> str:
    return f"loop-{presenter.card.name}-{variation}"


_WARP_PIXELS = 4.0  # pixels, standard deviation of the nodes of the bending
_WARP_NODES = 4
_MAX_STRETCH = 0.09  # widest change of height or width
_MAX_ROTATION = 4.0  # degrees
_MAX_SHIFT = 10.0  # pixels
_GAMMA_RANGE = (0.75, 1.35)
_MAX_TINT = 0.08  # widest change of one colour
_MAX_CONTRAST = 0.2


class IdentityVariation:
    """One way to change pictures; the same seed is the same way, and 0 changes nothing."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng((seed, 0xFACE))
        self._maps = _warp_maps(rng)
        gamma = np.exp(rng.uniform(*np.log(_GAMMA_RANGE)))
        contrast = 1 + rng.uniform(-_MAX_CONTRAST, _MAX_CONTRAST)
        tint = 1 + rng.uniform(-_MAX_TINT, _MAX_TINT, 3)
        levels = np.arange(256) / 255
        curve = ((levels**gamma) - 0.5) * contrast + 0.5
        self._curves = np.clip(curve[:, None] * tint * 255 + 0.5, 0, 255).astype(np.uint8)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(384, 384, 3), RGB, likewise; edges go on outside the picture."""
        if self._seed == 0:
            return picture
        x, y = self._maps
        bent = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.LUT(bent, self._curves[None]), np.uint8)


def _warp_maps(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    nodes = rng.normal(0, _WARP_PIXELS, (_WARP_NODES, _WARP_NODES, 2)).astype(np.float32)
    bend = cv2.resize(nodes, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_CUBIC)
    angle = np.radians(rng.uniform(-_MAX_ROTATION, _MAX_ROTATION))
    wide, high = 1 + rng.uniform(-_MAX_STRETCH, _MAX_STRETCH, 2)
    mirror = rng.choice((-1.0, 1.0))
    shift = rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2)
    ys, xs = np.mgrid[0:FACE_SIZE, 0:FACE_SIZE].astype(np.float32) - (FACE_SIZE - 1) / 2
    x = mirror * (wide * (np.cos(angle) * xs - np.sin(angle) * ys) + bend[..., 0] + shift[0])
    y = high * (np.sin(angle) * xs + np.cos(angle) * ys) + bend[..., 1] + shift[1]
    middle = (FACE_SIZE - 1) / 2
    return (x + middle).astype(np.float32), (y + middle).astype(np.float32)
