"""The generator's samples: faces to be drawn, references, and the sound of each."""

import numpy as np

from ..wav2lip.mel import GENERATOR_LEAD, windows
from .augment import Change, louder
from .batches import Sample
from .data import Drawing, Take


def training_window(
    drawing: Drawing, rng: np.random.Generator, n_frames: int, *, augment: bool, gain_db: float
) -> Sample:
    """Consecutive frames of any clip, as ``window`` returns them."""
    take = drawing(rng)
    start = int(rng.integers(len(take) - n_frames + 1))
    sample = window(take, start, n_frames, rng)
    if augment:
        change = Change.draw(rng)
        for name in ("targets", "references"):
            sample[name] = change(sample[name].astype(np.uint8, copy=False))
    gain = rng.uniform(-gain_db, gain_db)
    for name in ("mels", "heard"):
        sample[name] = louder(sample[name].astype(np.float32, copy=False), gain)
    return sample


def window(take: Take, start: int, n_frames: int, rng: np.random.Generator) -> Sample:
    """Consecutive frames from ``start`` on.

    The reference of a presenter is the same pose with the mouth closed, so that no lips
    show through; of a person who was filmed speaking it is any other window of the clip,
    as in Wav2Lip, which does not overlap if the clip is long enough.

    Returns:
        ``targets`` and ``references`` (n_frames, 384, 384, 3), bytes, RGB; ``mels``
        (n_frames, 1, 80, 16), one for each frame; ``heard`` (1, 80, 16), for the expert.
    """
    frames = range(start, start + n_frames)
    references = take.clip.references(frames)
    if references is None:
        other = _other(len(take), start, n_frames, rng)
        references = take.clip.frames(range(other, other + n_frames))
    return {
        "targets": take.clip.frames(frames),
        "references": references,
        "mels": windows(take.mel, [frame - GENERATOR_LEAD for frame in frames]),
        "heard": windows(take.mel, [start])[0],
    }


def _other(length: int, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Where another window begins; every place without overlap is as likely."""
    before = max(0, start - n_frames + 1)
    after = max(0, length - n_frames - (start + n_frames) + 1)
    if not before + after:  # as far away as can be
        return 0 if start > length - n_frames - start else length - n_frames
    place = int(rng.integers(before + after))
    return place if place < before else place - before + start + n_frames
