"""The clips of a run: which are trained on, which are held out, and how they are drawn.

Held out is what is said, not who says it: the same sentence in several voices, or by
several faces, falls on one side. Otherwise a network could know it by heart.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..preparation.clip import Card, Clip, read_clips
from ..wav2lip.mel import SAMPLES_PER_FRAME, Mel, melspectrogram
from .coarse_eyes import SIZE
from .errors import TrainingError
from .settings import SPAN, Domain

SHORTEST = 2 * SPAN  # frames: a window, and another one that does not overlap it
SILENT = 10 ** (-30 / 20)  # of the loudest frame; softer frames are silence


class Take:
    """A clip as training sees it; its sound is read once and kept."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.said = said(clip.card)

    def __len__(self) -> int:
        """Frames."""
        return len(self.clip)

    @cached_property
    def mel(self) -> Mel:
        """(80, n_columns), in [-4, 4]."""
        return melspectrogram(self.clip.samples())

    @cached_property
    def small(self) -> NDArray[np.uint8]:
        """(n_frames, SIZE, SIZE, 3), RGB, of ``coarse_eyes``: read once and kept."""
        size = (SIZE, SIZE)
        return np.stack(
            [
                cv2.resize(self.clip.frames([i])[0], size, interpolation=cv2.INTER_AREA)
                for i in range(len(self))
            ]
        ).astype(np.uint8, copy=False)

    @cached_property
    def audible(self) -> NDArray[np.intp]:
        """The frames at which five frames begin that are not wholly silent."""
        frames = self.clip.samples().reshape(-1, SAMPLES_PER_FRAME)
        loudness = np.sqrt((frames.astype(np.float64) ** 2).mean(1))
        loud = (loudness > SILENT * loudness.max()).astype(int)
        return np.flatnonzero(np.convolve(loud, np.ones(SPAN, int), "valid"))


Takes = dict[str, list[Take]]
"""By the name of their domain."""


@dataclass(frozen=True, slots=True)
class Data:
    """All clips of a run."""

    training: Takes
    held_out: Takes
    n_short: int
    """Clips left out because they are too short."""

    def digest(self) -> dict[str, str]:
        """Per domain how many clips there are, and a hash of their names and lengths."""
        return {name: self._digest(name) for name in (*self.training, *self.held_out)}

    def _digest(self, name: str) -> str:
        takes = [*self.training.get(name, []), *self.held_out.get(name, [])]
        text = "\n".join(sorted(f"{take.clip.folder.name} {len(take)}" for take in takes))
        return f"{len(takes)} clips ({hashlib.sha256(text.encode()).hexdigest()[:8]})"


def load(domains: Sequence[Domain]) -> Data:
    """Read the cards of all clips, and divide them.

    Raises:
        TrainingError: There are no clips of a domain, or none to train on.
        ClipError: A clip is damaged.
    """
    read = {domain.name: _read(domain) for domain in domains}
    long = {name: [t for t in takes if len(t) >= SHORTEST] for name, takes in read.items()}
    for name, takes in long.items():
        if not takes:
            raise TrainingError(
                f"the {len(read[name])} clips of {name} are too short: {SHORTEST} frames are needed"
            )
    unheard = {said for domain in domains for said in _held_out(domain, long[domain.name])}
    training: Takes = {}
    held_out: Takes = {}
    for domain in domains:
        for take in long[domain.name]:
            aside = domain.held_out == "all" or take.said in unheard
            (held_out if aside else training).setdefault(domain.name, []).append(take)
    if not any(domain.weight and domain.name in training for domain in domains):
        raise TrainingError(
            "all clips are held out, so there is nothing to train on: more sentences are needed, "
            "or a smaller held_out"
        )
    n_short = sum(map(len, read.values())) - sum(map(len, long.values()))
    return Data(training, held_out, n_short)


def said(card: Card) -> str:
    """What is said in a clip, as a hash: of the words, or, unknown, of where it was cut out."""
    words = "".join(card.text.split()).casefold()
    text = f"text {words}" if words else f"{card.source_sha256} {card.start_s:.3f}"
    return hashlib.sha256(text.encode()).hexdigest()


class Drawing:
    """Draws clips: a domain by its weight, then each of its clips as often as it is long."""

    def __init__(self, takes: Takes, weights: dict[str, float]) -> None:
        names = [name for name in takes if weights[name] > 0]
        shares = np.array([weights[name] for name in names])
        self._domains = [takes[name] for name in names]
        self._shares = shares.cumsum() / shares.sum()
        self._lengths = [np.cumsum([len(take) for take in some]) for some in self._domains]
        self._by_loop: dict[Path, list[Take]] = {}
        for take in (take for some in self._domains for take in some):
            if take.clip.loop:
                self._by_loop.setdefault(take.clip.loop[0], []).append(take)

    def __call__(self, rng: np.random.Generator) -> Take:
        """Any clip."""
        domain = int(self._shares.searchsorted(rng.random(), "right"))
        domain = min(domain, len(self._domains) - 1)  # the sum of the shares may round to < 1
        lengths = self._lengths[domain]
        place = int(lengths.searchsorted(rng.integers(lengths[-1]), "right"))
        return self._domains[domain][place]

    def same_heads(
        self, take: Take, start: int, n_frames: int, rng: np.random.Generator
    ) -> tuple[Take, int]:
        """Any place where the same heads of the same loop are seen, saying anything.

        Args:
            take: A clip of a drawn presenter.
            start: The first of ``n_frames`` frames.
        """
        assert take.clip.loop
        loop, n = take.clip.loop
        takes = self._by_loop[loop]
        pose = take.clip.card.loop_first + start
        firsts = np.array([(pose - other.clip.card.loop_first) % n for other in takes])
        last = np.array([len(other) - n_frames for other in takes])
        counts = np.maximum(0, (last - firsts) // n + 1).cumsum()
        place = int(rng.integers(counts[-1]))
        i = int(counts.searchsorted(place, "right"))
        return takes[i], int(firsts[i] + n * (counts[i] - 1 - place))

    def audible(self, rng: np.random.Generator, at_least: int = 1) -> tuple[Take, int]:
        """A clip, and one of its frames at which five frames begin that can be heard.

        Args:
            at_least: How many such frames the clip must have.

        Raises:
            TrainingError: Only silence is found.
        """
        for _ in range(1000):
            take = self(rng)
            if len(take.audible) >= at_least:
                return take, int(rng.choice(take.audible))
        raise TrainingError(
            "the clips are silent, or too short: in none of them are there "
            f"{at_least} frames at which something can be heard"
        )


def _read(domain: Domain) -> list[Take]:
    takes: list[Take] = []
    for folder in domain.clips:
        found = read_clips(folder)
        if not found:
            what = "there is no folder" if not folder.is_dir() else "there are no clips in"
            raise TrainingError(
                f"{domain.name}: {what} {folder}; make some: python -m avatar_engine prepare "
                f"VIDEO --out {Path(folder)}"
            )
        takes.extend(map(Take, found))
    return takes


def _held_out(domain: Domain, takes: Sequence[Take]) -> set[str]:
    """The sentences that a domain keeps from training: by their hashes, and at least one."""
    if domain.held_out in ("all", 0):
        return set()
    sentences = {take.said for take in takes}
    edge = int(float(domain.held_out) * 16**16)
    return {s for s in sentences if int(s[:16], 16) < edge} or {min(sentences)}
