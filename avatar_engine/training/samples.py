"""Faces and sounds as they might as well have been: an expert must not know them by heart."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ..wav2lip.mel import GENERATOR_LEAD, MIN_LEVEL, SILENCE, mel_windows
from .data import ClipSampler, Sample, TrainingClip
from .low_resolution import LOW_RESOLUTION_FACE

Pixels = NDArray[np.uint8]

_DEGREES, _SCALE, _SHIFT = 4.0, 0.05, 0.03  # the most, the last two as parts of the side
_BRIGHTNESS, _CONTRAST, _COLOUR = 0.1, 0.2, 0.08
_MEL_PER_DB = 2 * -SILENCE / -MIN_LEVEL  # of what mel levels are normalised to


@dataclass(frozen=True, slots=True)
class FaceAugmentation:
    """One change for all pictures of a sample: what moves between them is the mouth alone."""

    mirror: bool
    degrees: float
    scale: float
    shift: tuple[float, float]
    """To the right and downwards, parts of the side."""
    tones: NDArray[np.uint8]
    """What becomes of each value of each colour, (1, 256, 3)."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Any change."""
        levels = np.linspace(0, 1, 256)[None, :, None]
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        brightness = rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
        colour = 1 + rng.uniform(-_COLOUR, _COLOUR, 3)
        tones = ((levels - 0.5) * contrast + 0.5 + brightness) * colour
        return cls(
            bool(rng.integers(2)),
            float(rng.uniform(-_DEGREES, _DEGREES)),
            float(1 + rng.uniform(-_SCALE, _SCALE)),
            (float(rng.uniform(-_SHIFT, _SHIFT)), float(rng.uniform(-_SHIFT, _SHIFT))),
            np.clip(tones * 255 + 0.5, 0, 255).astype(np.uint8),
        )

    def __call__(self, pictures: Pixels) -> Pixels:
        """(n, side, side, 3) to the same; what comes in at the edge is mirrored."""
        return np.stack([self._one(picture) for picture in pictures])

    def _one(self, picture: Pixels) -> Pixels:
        side = picture.shape[0]
        move = cv2.getRotationMatrix2D((side / 2, side / 2), self.degrees, self.scale)
        move[:, 2] += side * np.array(self.shift)
        if self.mirror:
            move = move @ np.array([[-1.0, 0, side - 1], [0, 1, 0], [0, 0, 1]])
        moved = cv2.warpAffine(picture, move, (side, side), borderMode=cv2.BORDER_REFLECT_101)
        return cv2.LUT(moved, self.tones).astype(np.uint8, copy=False)


def apply_gain(mel: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """A mel spectrogram in [-4, 4] as if its sound were louder; silence stays silence.

    The levels are logarithms, so a gain moves all of them alike. (The floor of 20 dB under
    the reference that the logarithm has moves too, where a recording would keep it.)
    """
    moved = np.clip(mel + np.float32(decibels * _MEL_PER_DB), SILENCE, -SILENCE)
    return np.where(mel > SILENCE, moved, np.float32(SILENCE))


def expert_training_pair(
    drawing: ClipSampler,
    rng: np.random.Generator,
    n_frames: int,
    *,
    wrong_sounds: int,
    augment: bool,
    gain_db: float,
) -> Sample:
    """Lips, and sounds that belong to them or not.

    With no ``wrong_sounds``, one sound: a pair in sync or not, each as often, as in Wav2Lip.
    Otherwise the lips' own sound and that many others: lips cost a hundred times what a
    sound does, and are compared with many for one price (after multi-way matching, Chung
    et al., "Perfect Match", ICASSP 2019).

    Returns:
        ``mels`` (n_sounds, 1, 80, 16), in [-4, 4]; ``mouths`` (n_frames, 192, 384, 3), bytes,
        RGB, the lower halves; ``in_sync`` (n_sounds,), 1 or 0, of a right sound first.
    """
    take, start = drawing.audible(rng)
    if wrong_sounds:
        seen = start
        heard = [start, *(other_start(take, start, n_frames, rng) for _ in range(wrong_sounds))]
    else:
        seen = start if rng.integers(2) else other_start(take, start, n_frames, rng)
        heard = [start]
    pictures = take.clip.frames(range(seen, seen + n_frames))
    if augment:
        pictures = FaceAugmentation.draw(rng)(pictures)
    mels = apply_gain(mel_windows(take.mel, heard), rng.uniform(-gain_db, gain_db))
    return _expert_sample(mels, pictures, [start == seen for start in heard])


def low_resolution_pairs(
    drawing: ClipSampler,
    rng: np.random.Generator,
    n_frames: int,
    *,
    count: int,
    augment: bool,
    gain_db: float,
) -> Sample:
    """Moments of one clip, whose sounds are each other's wrong ones.

    Returns:
        ``mels`` (count, 1, 80, 16), in [-4, 4]; ``mouths`` (count, n_frames, 48, 96, 3), bytes,
        RGB, the lower halves of small pictures.
    """
    take, _ = drawing.audible(rng, count)
    starts = rng.choice(take.audible, count, replace=False)
    moments = [take.small[start : start + n_frames] for start in starts]
    if augment:
        moments = [FaceAugmentation.draw(rng)(pictures) for pictures in moments]
    mels = apply_gain(mel_windows(take.mel, starts), rng.uniform(-gain_db, gain_db))
    return {"mels": mels, "mouths": np.stack(moments)[:, :, LOW_RESOLUTION_FACE // 2 :]}


def choose_validation_pairs(
    drawing: ClipSampler, n_frames: int, count: int, seed: int
) -> list[tuple[TrainingClip, int, int]]:
    """The same pairs each time: the clip, where the sound begins, and where the lips do.

    Every sound comes twice, with its own lips and with others: exactly as many are in sync.
    """
    pairs = []
    for i in range((count + 1) // 2):
        rng = np.random.default_rng((seed, i))
        take, start = drawing.audible(rng)
        pairs += [(take, start, start), (take, start, other_start(take, start, n_frames, rng))]
    return pairs


def expert_validation_pair(take: TrainingClip, heard: int, seen: int, n_frames: int) -> Sample:
    """One of them, as it is."""
    pictures = take.clip.frames(range(seen, seen + n_frames))
    return _expert_sample(mel_windows(take.mel, [heard]), pictures, [heard == seen])


def other_start(take: TrainingClip, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Any other place of the clip, as in Wav2Lip: also one that is only a frame off."""
    place = int(rng.integers(len(take) - n_frames))
    return place + (place >= start)


def _expert_sample(
    mels: NDArray[np.float32], pictures: NDArray[np.uint8], in_sync: list[bool]
) -> Sample:
    lower = pictures[:, pictures.shape[1] // 2 :]
    return {"mels": mels, "mouths": lower, "in_sync": np.array(in_sync, np.float32)}


def generator_training_windows(
    drawing: ClipSampler,
    rng: np.random.Generator,
    n_frames: int,
    *,
    n_windows: int,
    augment: bool,
    gain_db: float,
) -> Sample:
    """Some windows of consecutive frames of any clips.

    Of a drawn presenter all windows show the same heads, which then need to be encoded once.

    Returns:
        What ``generator_window`` does, one after the other, and with ``which``,
        (n_windows n_frames,):
        for each frame the first one that shows the same head.
    """
    take = drawing(rng)
    start = int(rng.integers(len(take) - n_frames + 1))
    samples = [generator_window(take, start, n_frames, rng)]
    for _ in range(n_windows - 1):
        if take.clip.loop:
            other, at = drawing.sample_same_pose(take, start, n_frames, rng)
        else:
            other = drawing(rng)
            at = int(rng.integers(len(other) - n_frames + 1))
        samples.append(generator_window(other, at, n_frames, rng))
    for sample in samples:
        gain = rng.uniform(-gain_db, gain_db)
        for name in ("mels", "heard"):
            sample[name] = apply_gain(sample[name].astype(np.float32, copy=False), gain)
    joined = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    if augment:
        change = FaceAugmentation.draw(rng)
        for name in ("targets", "references"):
            joined[name] = change(joined[name].astype(np.uint8, copy=False))
    frames = np.arange(n_windows * n_frames)
    joined["which"] = frames % n_frames if take.clip.loop else frames
    return joined


def generator_window(
    take: TrainingClip, start: int, n_frames: int, rng: np.random.Generator
) -> Sample:
    """Consecutive frames from ``start`` on.

    The reference of a presenter is the same pose with the mouth closed, so that no lips
    show through; of a person who was filmed speaking it is any other window of the clip,
    as in Wav2Lip, which does not overlap if the clip is long enough.

    Returns:
        ``targets`` and ``references`` (n_frames, 384, 384, 3), bytes, RGB; ``mels``
        (n_frames, 1, 80, 16), one for each frame; ``heard`` (1, 1, 80, 16), for the expert.
    """
    frames = range(start, start + n_frames)
    references = take.clip.references(frames)
    if references is None:
        other = _non_overlapping_start(len(take), start, n_frames, rng)
        references = take.clip.frames(range(other, other + n_frames))
    return {
        "targets": take.clip.frames(frames),
        "references": references,
        "mels": mel_windows(take.mel, [frame - GENERATOR_LEAD for frame in frames]),
        "heard": mel_windows(take.mel, [start]),
    }


def _non_overlapping_start(length: int, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Where another window begins; every place without overlap is as likely."""
    before = max(0, start - n_frames + 1)
    after = max(0, length - n_frames - (start + n_frames) + 1)
    if not before + after:  # as far away as can be
        return 0 if start > length - n_frames - start else length - n_frames
    place = int(rng.integers(before + after))
    return place if place < before else place - before + start + n_frames
