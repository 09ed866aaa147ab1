"""Training clips of a presenter who says lines, as ``prepare`` makes them of videos."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..faces import SIZE, cut, squares
from ..preparation.clip import (
    Card,
    begin,
    finish,
    write_card,
    write_pictures,
    write_sound,
)
from ..presenter import Presenter
from ..viseme import MouthPaste
from ..wav2lip.mel import FPS, SAMPLE_RATE
from .gathering import Mouths
from .lines import Line
from .mixture import mixtures
from .variation import Variation


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays."""

    presenter: Presenter
    mouths: Mouths
    variations: tuple[int, ...]
    """Seeds of ``Variation``; each is another identity, 0 the presenter as they are."""


def enact(cast: Cast, lines: Iterator[Line], minutes: float, out: Path, seed: int) -> Iterator[int]:
    """Write clips until they last ``minutes``; yields the frames of each as it is done.

    A clip that exists is kept: the same seed and lines give the same clips, so a run that was
    interrupted goes on.
    """
    rng = random.Random(seed)
    pastes = MouthPaste(cast.presenter)
    cuts = squares(cast.presenter.faces)
    for variation in cast.variations:
        _write_loop(cast.presenter, cuts, variation, out / _loop_name(cast.presenter, variation))
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
            part = begin(folder)
            write_pictures(part, _frames(cast, pastes, cuts, line, variation, first))
            pcm = np.clip(np.rint(line.samples * 32768), -32768, 32767).astype(np.int16)
            write_sound(part, pcm)
            at = np.arange(first, first + n) % len(cast.presenter)
            write_card(
                part,
                Card(
                    source=f"{name}, variation {variation}",
                    source_sha256=digest.hexdigest(),
                    start_s=0.0,
                    end_s=n / FPS,
                    n_frames=n,
                    fps=FPS,
                    size=SIZE,
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
            finish(part)
        yield n


def _frames(
    cast: Cast,
    pastes: MouthPaste,
    cuts: NDArray[np.float32],
    line: Line,
    variation: int,
    first: int,
) -> Iterator[NDArray[np.uint8]]:
    varied = Variation(variation)
    for i, shares in enumerate(mixtures(line.phonemes, line.samples, SAMPLE_RATE, FPS)):
        at = (first + i) % len(cast.presenter)
        frame = cast.presenter.frame(at)
        if shares[0] < 1:  # the loop's own mouth is shut
            pastes.paste(frame, at, cast.mouths.picture(shares))
        yield varied.apply(cut(frame, cuts[at]))


def _write_loop(
    presenter: Presenter, cuts: NDArray[np.float32], variation: int, folder: Path
) -> None:
    """The silent loop as clips that follow it see it."""
    if folder.exists():
        return
    part = begin(folder)
    varied = Variation(variation)
    whole = (varied.apply(cut(presenter.frame(i), cuts[i])) for i in range(len(presenter)))
    write_pictures(part, whole)
    finish(part)


def _loop_name(presenter: Presenter, variation: int) -> str:
    return f"loop-{presenter.card.name}-{variation}"
