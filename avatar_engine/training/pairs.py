"""The expert's samples: a sound, and lips that belong to it or to another moment."""

import numpy as np
from numpy.typing import NDArray

from ..wav2lip.mel import windows
from .augment import Change, louder
from .batches import Sample
from .coarse_eyes import SIZE
from .data import Drawing, Take


def training_pair(
    drawing: Drawing,
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
        heard = [start, *(elsewhere(take, start, n_frames, rng) for _ in range(wrong_sounds))]
    else:
        seen = start if rng.integers(2) else elsewhere(take, start, n_frames, rng)
        heard = [start]
    pictures = take.clip.frames(range(seen, seen + n_frames))
    if augment:
        pictures = Change.draw(rng)(pictures)
    mels = louder(windows(take.mel, heard), rng.uniform(-gain_db, gain_db))
    return _sample(mels, pictures, [start == seen for start in heard])


def small_moments(
    drawing: Drawing,
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
        moments = [Change.draw(rng)(pictures) for pictures in moments]
    mels = louder(windows(take.mel, starts), rng.uniform(-gain_db, gain_db))
    return {"mels": mels, "mouths": np.stack(moments)[:, :, SIZE // 2 :]}


def validation_pairs(
    drawing: Drawing, n_frames: int, count: int, seed: int
) -> list[tuple[Take, int, int]]:
    """The same pairs each time: the clip, where the sound begins, and where the lips do.

    Every sound comes twice, with its own lips and with others: exactly as many are in sync.
    """
    pairs = []
    for i in range((count + 1) // 2):
        rng = np.random.default_rng((seed, i))
        take, start = drawing.audible(rng)
        pairs += [(take, start, start), (take, start, elsewhere(take, start, n_frames, rng))]
    return pairs


def validation_pair(take: Take, heard: int, seen: int, n_frames: int) -> Sample:
    """One of them, as it is."""
    pictures = take.clip.frames(range(seen, seen + n_frames))
    return _sample(windows(take.mel, [heard]), pictures, [heard == seen])


def elsewhere(take: Take, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Any other place of the clip, as in Wav2Lip: also one that is only a frame off."""
    place = int(rng.integers(len(take) - n_frames))
    return place + (place >= start)


def _sample(mels: NDArray[np.float32], pictures: NDArray[np.uint8], in_sync: list[bool]) -> Sample:
    lower = pictures[:, pictures.shape[1] // 2 :]
    return {"mels": mels, "mouths": lower, "in_sync": np.array(in_sync, np.float32)}
