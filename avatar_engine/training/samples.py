"""Training samples of expert and generator, and their augmentation against overfitting."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ..wav2lip.mel import GENERATOR_LEAD, MIN_LEVEL, SILENCE, mel_windows
from .data import ClipSampler, Sample, TrainingClip
from .low_resolution import LOW_RESOLUTION_FACE

Pixels = NDArray[np.uint8]

_MAX_DEGREES, _MAX_SCALE, _MAX_SHIFT = 4.0, 0.05, 0.03  # the last two: parts of the side
_MAX_BRIGHTNESS, _MAX_CONTRAST, _MAX_COLOUR = 0.1, 0.2, 0.08  # of the range, as factors
_MEL_PER_DB = 2 * -SILENCE / -MIN_LEVEL  # units of the normalised mel spectrogram


@dataclass(frozen=True, slots=True)
class FaceAugmentation:
    """A random change, the same for all frames of a sample, so that their motion stays."""

    mirror: bool
    degrees: float
    scale: float
    shift: tuple[float, float]
    """To the right and downwards, parts of the side."""
    tones: NDArray[np.uint8]
    """Lookup table: the new value of each value of each colour, (1, 256, 3)."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """A random change."""
        levels = np.linspace(0, 1, 256)[None, :, None]
        contrast = 1 + rng.uniform(-_MAX_CONTRAST, _MAX_CONTRAST)
        brightness = rng.uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS)
        colour = 1 + rng.uniform(-_MAX_COLOUR, _MAX_COLOUR, 3)
        tones = ((levels - 0.5) * contrast + 0.5 + brightness) * colour
        return cls(
            bool(rng.integers(2)),
            float(rng.uniform(-_MAX_DEGREES, _MAX_DEGREES)),
            float(1 + rng.uniform(-_MAX_SCALE, _MAX_SCALE)),
            (
                float(rng.uniform(-_MAX_SHIFT, _MAX_SHIFT)),
                float(rng.uniform(-_MAX_SHIFT, _MAX_SHIFT)),
            ),
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
    """A mel spectrogram in [-4, 4] as if its sound were louder or softer; silence stays silence.

    The levels are logarithms, so a gain moves all of them alike. (The floor of 20 dB under
    the reference that the logarithm has moves too, where a recording would keep it.)
    """
    moved = np.clip(mel + np.float32(decibels * _MEL_PER_DB), SILENCE, -SILENCE)
    return np.where(mel > SILENCE, moved, np.float32(SILENCE))


def expert_training_pair(
    sampler: ClipSampler,
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
    clip, start = sampler.sample_audible(rng)
    if wrong_sounds:
        frame_start = start
        mel_starts = [
            start,
            *(other_start(clip, start, n_frames, rng) for _ in range(wrong_sounds)),
        ]
    else:
        frame_start = start if rng.integers(2) else other_start(clip, start, n_frames, rng)
        mel_starts = [start]
    pictures = clip.clip.frames(range(frame_start, frame_start + n_frames))
    if augment:
        pictures = FaceAugmentation.draw(rng)(pictures)
    mels = apply_gain(mel_windows(clip.mel, mel_starts), rng.uniform(-gain_db, gain_db))
    return _expert_sample(mels, pictures, [start == frame_start for start in mel_starts])


def low_resolution_pairs(
    sampler: ClipSampler,
    rng: np.random.Generator,
    n_frames: int,
    *,
    count: int,
    augment: bool,
    gain_db: float,
) -> Sample:
    """Windows of one clip at low resolution; each one's sound is a negative of the others.

    Returns:
        ``mels`` (count, 1, 80, 16), in [-4, 4]; ``mouths`` (count, n_frames, 48, 96, 3), bytes,
        RGB, the lower halves of small pictures.
    """
    clip, _ = sampler.sample_audible(rng, count)
    starts = rng.choice(clip.audible_starts, count, replace=False)
    windows = [clip.low_resolution_frames[start : start + n_frames] for start in starts]
    if augment:
        windows = [FaceAugmentation.draw(rng)(pictures) for pictures in windows]
    mels = apply_gain(mel_windows(clip.mel, starts), rng.uniform(-gain_db, gain_db))
    return {"mels": mels, "mouths": np.stack(windows)[:, :, LOW_RESOLUTION_FACE // 2 :]}


def choose_validation_pairs(
    sampler: ClipSampler, n_frames: int, count: int, seed: int
) -> list[tuple[TrainingClip, int, int]]:
    """The same pairs each time: the clip, where the sound begins, and where the lips do.

    Every sound comes twice, with its own lips and with others: exactly as many are in sync.
    """
    pairs = []
    for i in range((count + 1) // 2):
        rng = np.random.default_rng((seed, i))
        clip, start = sampler.sample_audible(rng)
        pairs += [(clip, start, start), (clip, start, other_start(clip, start, n_frames, rng))]
    return pairs


def expert_validation_pair(
    clip: TrainingClip, mel_start: int, frame_start: int, n_frames: int
) -> Sample:
    """A pair of ``choose_validation_pairs`` as a sample, without augmentation.

    Args:
        mel_start: The frame at which the sound begins.
        frame_start: The first of the pictures; the same if they are in sync.
    """
    pictures = clip.clip.frames(range(frame_start, frame_start + n_frames))
    return _expert_sample(mel_windows(clip.mel, [mel_start]), pictures, [mel_start == frame_start])


def other_start(clip: TrainingClip, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """The first frame of a random other window; as in Wav2Lip it may be only one frame off."""
    place = int(rng.integers(len(clip) - n_frames))
    return place + (place >= start)


def _expert_sample(
    mels: NDArray[np.float32], pictures: NDArray[np.uint8], in_sync: list[bool]
) -> Sample:
    lower = pictures[:, pictures.shape[1] // 2 :]
    return {"mels": mels, "mouths": lower, "in_sync": np.array(in_sync, np.float32)}


def generator_training_windows(
    sampler: ClipSampler,
    rng: np.random.Generator,
    n_frames: int,
    *,
    n_windows: int,
    augment: bool,
    gain_db: float,
) -> Sample:
    """Random windows of consecutive frames.

    Of a rendered presenter all windows show the same head poses, which are then encoded once.

    Returns:
        What ``generator_window`` does, concatenated, and with ``face_index``,
        (n_windows n_frames,):
        for each frame the number of the first one that shows the same head pose.
    """
    clip = sampler(rng)
    start = int(rng.integers(len(clip) - n_frames + 1))
    samples = [generator_window(clip, start, n_frames, rng)]
    for _ in range(n_windows - 1):
        if clip.clip.loop:
            other, at = sampler.sample_same_pose(clip, start, n_frames, rng)
        else:
            other = sampler(rng)
            at = int(rng.integers(len(other) - n_frames + 1))
        samples.append(generator_window(other, at, n_frames, rng))
    for sample in samples:
        gain = rng.uniform(-gain_db, gain_db)
        for name in ("mels", "expert_mels"):
            sample[name] = apply_gain(sample[name].astype(np.float32, copy=False), gain)
    joined = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    if augment:
        change = FaceAugmentation.draw(rng)
        for name in ("targets", "references"):
            joined[name] = change(joined[name].astype(np.uint8, copy=False))
    frames = np.arange(n_windows * n_frames)
    joined["face_index"] = frames % n_frames if clip.clip.loop else frames
    return joined


def generator_window(
    clip: TrainingClip, start: int, n_frames: int, rng: np.random.Generator
) -> Sample:
    """Consecutive frames from ``start`` on.

    The reference of a presenter is the same pose with the mouth closed, so that no lips
    show through; of a person who was filmed speaking it is any other window of the clip,
    as in Wav2Lip, which does not overlap if the clip is long enough.

    Returns:
        ``targets`` and ``references`` (n_frames, 384, 384, 3), bytes, RGB; ``mels``
        (n_frames, 1, 80, 16), one for each frame; ``expert_mels`` (1, 1, 80, 16), for the expert.
    """
    frames = range(start, start + n_frames)
    references = clip.clip.references(frames)
    if references is None:
        other = _non_overlapping_start(len(clip), start, n_frames, rng)
        references = clip.clip.frames(range(other, other + n_frames))
    return {
        "targets": clip.clip.frames(frames),
        "references": references,
        "mels": mel_windows(clip.mel, [frame - GENERATOR_LEAD for frame in frames]),
        "expert_mels": mel_windows(clip.mel, [start]),
    }


def _non_overlapping_start(length: int, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Where another window begins; every place without overlap is as likely."""
    before = max(0, start - n_frames + 1)
    after = max(0, length - n_frames - (start + n_frames) + 1)
    if not before + after:  # as far away as can be
        return 0 if start > length - n_frames - start else length - n_frames
    place = int(rng.integers(before + after))
    return place if place < before else place - before + start + n_frames
