"""The clips of a run: which are trained on, which are held out, and how they are drawn.

Held out is what is said, not who says it: the same sentence in several voices, or by
several faces, falls on one side. Otherwise a network could know it by heart.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..wav2lip.mel import SAMPLES_PER_FRAME, Mel, melspectrogram
from .dataset.clip import Clip, ClipMetadata, read_clips
from .low_resolution import LOW_RESOLUTION_FACE
from .settings import MEL_WINDOW_FRAMES, ClipDomain, TrainingError

MIN_CLIP_FRAMES = (
    2 * MEL_WINDOW_FRAMES
)  # frames: a window, and another one that does not overlap it
SILENCE_RATIO = 10 ** (-30 / 20)  # of the loudest frame; softer frames are silence


class TrainingClip:
    """A clip as training sees it; its sound is read once and kept."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.said = sentence_key(clip.card)

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
        size = (LOW_RESOLUTION_FACE, LOW_RESOLUTION_FACE)
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
        loud = (loudness > SILENCE_RATIO * loudness.max()).astype(int)
        return np.flatnonzero(np.convolve(loud, np.ones(MEL_WINDOW_FRAMES, int), "valid"))


ClipsByDomain = dict[str, list[TrainingClip]]
"""By the name of their domain."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All clips of a run."""

    training: ClipsByDomain
    held_out: ClipsByDomain
    n_short: int
    """Clips left out because they are too short."""

    def digest(self) -> dict[str, str]:
        """Per domain how many clips there are, and a hash of their names and lengths."""
        return {name: self._digest(name) for name in (*self.training, *self.held_out)}

    def _digest(self, name: str) -> str:
        takes = [*self.training.get(name, []), *self.held_out.get(name, [])]
        text = "\n".join(sorted(f"{take.clip.folder.name} {len(take)}" for take in takes))
        return f"{len(takes)} clips ({hashlib.sha256(text.encode()).hexdigest()[:8]})"


def load_training_data(domains: Sequence[ClipDomain]) -> TrainingData:
    """Read the cards of all clips, and divide them.

    Raises:
        TrainingError: There are no clips of a domain, or none to train on.
        ClipError: A clip is damaged.
    """
    read = {domain.name: _read_domain(domain) for domain in domains}
    long = {name: [t for t in takes if len(t) >= MIN_CLIP_FRAMES] for name, takes in read.items()}
    for name, takes in long.items():
        if not takes:
            raise TrainingError(
                f"the {len(read[name])} clips of {name} are too short: "
                f"{MIN_CLIP_FRAMES} frames are needed"
            )
    unheard = {
        said for domain in domains for said in _held_out_sentences(domain, long[domain.name])
    }
    training: ClipsByDomain = {}
    held_out: ClipsByDomain = {}
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
    return TrainingData(training, held_out, n_short)


def sentence_key(card: ClipMetadata) -> str:
    """What is said in a clip, as a hash: of the words, or, unknown, of where it was cut out."""
    words = "".join(card.text.split()).casefold()
    text = f"text {words}" if words else f"{card.source_sha256} {card.start_s:.3f}"
    return hashlib.sha256(text.encode()).hexdigest()


class ClipSampler:
    """Draws clips: a domain by its weight, then each of its clips as often as it is long."""

    def __init__(self, takes: ClipsByDomain, weights: dict[str, float]) -> None:
        names = [name for name in takes if weights[name] > 0]
        shares = np.array([weights[name] for name in names])
        self._domains = [takes[name] for name in names]
        self._shares = shares.cumsum() / shares.sum()
        self._lengths = [np.cumsum([len(take) for take in some]) for some in self._domains]
        self._by_loop: dict[Path, list[TrainingClip]] = {}
        for take in (take for some in self._domains for take in some):
            if take.clip.loop:
                self._by_loop.setdefault(take.clip.loop[0], []).append(take)

    def __call__(self, rng: np.random.Generator) -> TrainingClip:
        """Any clip."""
        domain = int(self._shares.searchsorted(rng.random(), "right"))
        domain = min(domain, len(self._domains) - 1)  # the sum of the shares may round to < 1
        lengths = self._lengths[domain]
        place = int(lengths.searchsorted(rng.integers(lengths[-1]), "right"))
        return self._domains[domain][place]

    def sample_same_pose(
        self, take: TrainingClip, start: int, n_frames: int, rng: np.random.Generator
    ) -> tuple[TrainingClip, int]:
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

    def audible(self, rng: np.random.Generator, at_least: int = 1) -> tuple[TrainingClip, int]:
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


def _read_domain(domain: ClipDomain) -> list[TrainingClip]:
    takes: list[TrainingClip] = []
    for folder in domain.clips:
        found = read_clips(folder)
        if not found:
            what = "there is no folder" if not folder.is_dir() else "there are no clips in"
            raise TrainingError(
                f"{domain.name}: {what} {folder}; make some: python -m avatar_engine prepare "
                f"VIDEO --out {Path(folder)}"
            )
        takes.extend(map(TrainingClip, found))
    return takes


def _held_out_sentences(domain: ClipDomain, takes: Sequence[TrainingClip]) -> set[str]:
    """The sentences that a domain keeps from training: by their hashes, and at least one."""
    if domain.held_out in ("all", 0):
        return set()
    sentences = {take.said for take in takes}
    edge = int(float(domain.held_out) * 16**16)
    return {s for s in sentences if int(s[:16], 16) < edge} or {min(sentences)}


Sample = dict[str, NDArray[np.generic]]
"""Arrays of one sample; in a batch they are stacked."""

PREFETCHED_STEPS = 2  # steps


class BatchPrefetcher:
    """Reads batches; threads will do, for decoding JPEG and warping let go of Python's lock.

    Args:
        draw: Makes a sample of a generator of random numbers and a number of frames.
        seed: The run's.
        rank: The number of this process among all.
        workers: Threads; with 0, batches are read where they are asked for.
    """

    def __init__(
        self,
        draw: Callable[[np.random.Generator, int], Sample],
        seed: int,
        rank: int,
        workers: int,
    ) -> None:
        self._draw, self._seed, self._rank = draw, seed, rank
        self._pool = ThreadPoolExecutor(workers, "batches") if workers else None
        self._coming: deque[tuple[tuple[int, int, int], list[Future[Sample]]]] = deque()

    def get(self, step: int, size: int, frames: int) -> Sample:
        """The batch of a step: ``size`` samples of ``frames`` frames each."""
        if not self._pool:
            return _stack_samples([self._sample(step, j, frames) for j in range(size)])
        if self._coming and self._coming[0][0] != (step, size, frames):
            self._forget()  # the sync loss just got its weight: other batches are needed
        for k in range(step + len(self._coming), step + 1 + PREFETCHED_STEPS):
            futures = [self._pool.submit(self._sample, k, j, frames) for j in range(size)]
            self._coming.append(((k, size, frames), futures))
        return _stack_samples([future.result() for future in self._coming.popleft()[1]])

    def close(self) -> None:
        """Stop reading ahead."""
        self._forget()
        if self._pool:
            self._pool.shutdown()

    def _forget(self) -> None:
        for _, futures in self._coming:
            for future in futures:
                future.cancel()
        self._coming.clear()

    def _sample(self, step: int, j: int, frames: int) -> Sample:
        return self._draw(np.random.default_rng((self._seed, self._rank, step, j)), frames)


def _stack_samples(samples: list[Sample]) -> Sample:
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
