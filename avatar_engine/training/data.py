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

MIN_CLIP_FRAMES = 2 * MEL_WINDOW_FRAMES  # two windows that do not overlap
SILENCE_RATIO = 10 ** (-30 / 20)  # of the loudest frame; softer frames are silence


class TrainingClip:
    """A clip as training sees it; its sound is read once and kept."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.sentence = sentence_key(clip.card)

    def __len__(self) -> int:
        """Frames."""
        return len(self.clip)

    @cached_property
    def mel(self) -> Mel:
        """(80, n_columns), in [-4, 4]."""
        return melspectrogram(self.clip.samples())

    @cached_property
    def low_resolution_frames(self) -> NDArray[np.uint8]:
        """(n_frames, 96, 96, 3), RGB, for the steps at low resolution; read once and kept."""
        size = (LOW_RESOLUTION_FACE, LOW_RESOLUTION_FACE)
        return np.stack(
            [
                cv2.resize(self.clip.frames([i])[0], size, interpolation=cv2.INTER_AREA)
                for i in range(len(self))
            ]
        ).astype(np.uint8, copy=False)

    @cached_property
    def audible_starts(self) -> NDArray[np.intp]:
        """The first frames of the windows of five frames that are not wholly silent."""
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
        clips = [*self.training.get(name, []), *self.held_out.get(name, [])]
        text = "\n".join(sorted(f"{clip.clip.folder.name} {len(clip)}" for clip in clips))
        return f"{len(clips)} clips ({hashlib.sha256(text.encode()).hexdigest()[:8]})"


def load_training_data(domains: Sequence[ClipDomain]) -> TrainingData:
    """Read the cards of all clips, and divide them.

    Raises:
        TrainingError: There are no clips of a domain, or none to train on.
        ClipError: A clip is damaged.
    """
    read = {domain.name: _read_domain(domain) for domain in domains}
    long = {name: [t for t in clips if len(t) >= MIN_CLIP_FRAMES] for name, clips in read.items()}
    for name, clips in long.items():
        if not clips:
            raise TrainingError(
                f"the {len(read[name])} clips of {name} are too short: "
                f"{MIN_CLIP_FRAMES} frames are needed"
            )
    held_out_sentences = {
        sentence
        for domain in domains
        for sentence in _held_out_sentences(domain, long[domain.name])
    }
    training: ClipsByDomain = {}
    held_out: ClipsByDomain = {}
    for domain in domains:
        for clip in long[domain.name]:
            aside = domain.held_out == "all" or clip.sentence in held_out_sentences
            (held_out if aside else training).setdefault(domain.name, []).append(clip)
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

    def __init__(self, clips: ClipsByDomain, weights: dict[str, float]) -> None:
        names = [name for name in clips if weights[name] > 0]
        shares = np.array([weights[name] for name in names])
        self._domains = [clips[name] for name in names]
        self._shares = shares.cumsum() / shares.sum()
        self._lengths = [np.cumsum([len(clip) for clip in some]) for some in self._domains]
        self._by_loop: dict[Path, list[TrainingClip]] = {}
        for clip in (clip for some in self._domains for clip in some):
            if clip.clip.loop:
                self._by_loop.setdefault(clip.clip.loop[0], []).append(clip)

    def __call__(self, rng: np.random.Generator) -> TrainingClip:
        """A random clip."""
        domain = int(self._shares.searchsorted(rng.random(), "right"))
        domain = min(domain, len(self._domains) - 1)  # the sum of the shares may round to < 1
        lengths = self._lengths[domain]
        place = int(lengths.searchsorted(rng.integers(lengths[-1]), "right"))
        return self._domains[domain][place]

    def sample_same_pose(
        self, clip: TrainingClip, start: int, n_frames: int, rng: np.random.Generator
    ) -> tuple[TrainingClip, int]:
        """A random window that shows the same frames of the same idle loop, whatever is said in it.

        Args:
            clip: A clip of a rendered presenter.
            start: The first of ``n_frames`` frames.

        Returns:
            A clip, and the window's first frame in it.
        """
        assert clip.clip.loop
        loop, n = clip.clip.loop
        clips = self._by_loop[loop]
        pose = clip.clip.card.loop_first + start
        firsts = np.array([(pose - other.clip.card.loop_first) % n for other in clips])
        last = np.array([len(other) - n_frames for other in clips])
        counts = np.maximum(0, (last - firsts) // n + 1).cumsum()
        place = int(rng.integers(counts[-1]))
        i = int(counts.searchsorted(place, "right"))
        return clips[i], int(firsts[i] + n * (counts[i] - 1 - place))

    def sample_audible(
        self, rng: np.random.Generator, at_least: int = 1
    ) -> tuple[TrainingClip, int]:
        """A clip, and one of its frames at which five frames begin that can be heard.

        Args:
            at_least: How many such frames the clip must have.

        Raises:
            TrainingError: Only silence is found.
        """
        for _ in range(1000):
            clip = self(rng)
            if len(clip.audible_starts) >= at_least:
                return clip, int(rng.choice(clip.audible_starts))
        raise TrainingError(
            "the clips are silent, or too short: in none of them are there "
            f"{at_least} frames at which something can be heard"
        )


def _read_domain(domain: ClipDomain) -> list[TrainingClip]:
    clips: list[TrainingClip] = []
    for folder in domain.clips:
        found = read_clips(folder)
        if not found:
            what = "there is no folder" if not folder.is_dir() else "there are no clips in"
            raise TrainingError(
                f"{domain.name}: {what} {folder}; make some: python -m avatar_engine prepare "
                f"VIDEO --out {Path(folder)}"
            )
        clips.extend(map(TrainingClip, found))
    return clips


def _held_out_sentences(domain: ClipDomain, clips: Sequence[TrainingClip]) -> set[str]:
    """The sentences that a domain keeps from training: by their hashes, and at least one."""
    if domain.held_out in ("all", 0):
        return set()
    sentences = {clip.sentence for clip in clips}
    edge = int(float(domain.held_out) * 16**16)
    return {s for s in sentences if int(s[:16], 16) < edge} or {min(sentences)}


Sample = dict[str, NDArray[np.generic]]
"""Arrays of one sample; in a batch they are stacked."""

PREFETCHED_STEPS = 2


class BatchPrefetcher:
    """Prepares the batches of the next steps in threads.

    Threads are enough: decoding JPEG and warping release Python's global lock.

    Args:
        draw: Makes a sample, given a random number generator and a number of frames.
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
        self._pending: deque[tuple[tuple[int, int, int], list[Future[Sample]]]] = deque()

    def get(self, step: int, size: int, frames: int) -> Sample:
        """The batch of a step: ``size`` samples of ``frames`` frames each."""
        if not self._pool:
            return _stack_samples([self._sample(step, j, frames) for j in range(size)])
        if self._pending and self._pending[0][0] != (step, size, frames):
            self._cancel()  # the window's length has changed, as when the sync loss begins
        for k in range(step + len(self._pending), step + 1 + PREFETCHED_STEPS):
            futures = [self._pool.submit(self._sample, k, j, frames) for j in range(size)]
            self._pending.append(((k, size, frames), futures))
        return _stack_samples([future.result() for future in self._pending.popleft()[1]])

    def close(self) -> None:
        """Stop reading ahead."""
        self._cancel()
        if self._pool:
            self._pool.shutdown()

    def _cancel(self) -> None:
        for _, futures in self._pending:
            for future in futures:
                future.cancel()
        self._pending.clear()

    def _sample(self, step: int, j: int, frames: int) -> Sample:
        return self._draw(np.random.default_rng((self._seed, self._rank, step, j)), frames)


def _stack_samples(samples: list[Sample]) -> Sample:
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
