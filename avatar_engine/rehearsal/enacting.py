"""Training clips of a presenter who says lines, as ``prepare`` makes them of videos."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tts_engine import Speech

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
from ..viseme import MouthPaste, VisemeAvatar
from ..wav2lip.mel import FPS, SAMPLE_RATE
from .gathering import Mouths
from .lines import Line
from .mixture import mixtures
from .variation import Variation

Play = Callable[[Line, int], Iterator[NDArray[np.uint8]]]
"""Whole frames of a presenter who says a line, from a frame of the loop on."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays."""

    presenter: Presenter
    play: Play
    variations: tuple[int, ...]
    """Seeds of ``Variation``; each is another identity, 0 the presenter as they are."""


def enact(cast: Cast, lines: Iterator[Line], minutes: float, out: Path, seed: int) -> Iterator[int]:
    """Write clips until they last ``minutes``; yields the frames of each as it is done.

    A clip that exists is kept: the same seed and lines give the same clips, so a run that was
    interrupted goes on.
    """
    rng = random.Random(seed)
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
            write_pictures(part, _faces(cast, cuts, line, variation, first))
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


def path_traced(presenter: Presenter, mouths: Mouths) -> Play:
    """Path-traced mouths, blended: what training sees."""
    pastes = MouthPaste(presenter)

    def play(line: Line, first: int) -> Iterator[NDArray[np.uint8]]:
        for i, shares in enumerate(mixtures(line.phonemes, line.samples, SAMPLE_RATE, FPS)):
            at = (first + i) % len(presenter)
            frame = presenter.frame(at)
            if shares[0] < 1:  # the loop's own mouth is shut
                pastes.paste(frame, at, mouths.picture(shares))
            yield frame

    return play


def light(presenter: Presenter, *, phonemes: bool) -> Play:
    """The light avatar, to be compared with; without phonemes as voices speak that tell none."""
    avatar = VisemeAvatar(presenter)

    def play(line: Line, first: int) -> Iterator[NDArray[np.uint8]]:
        known = line.phonemes if phonemes else ()
        speech = Speech(line.samples, SAMPLE_RATE, line.text, known)
        for frames in avatar.render([speech], first=first):
            yield from frames.pixels

    return play


def _faces(
    cast: Cast, cuts: NDArray[np.float32], line: Line, variation: int, first: int
) -> Iterator[NDArray[np.uint8]]:
    varied = Variation(variation)
    for i, frame in enumerate(cast.play(line, first)):
        yield varied.apply(cut(frame, cuts[(first + i) % len(cast.presenter)]))


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
