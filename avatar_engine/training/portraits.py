"""The generator's samples: faces to be drawn, references, and the sound of each."""

import numpy as np

from ..wav2lip.mel import GENERATOR_LEAD, windows
from .augment import Change, louder
from .batches import Sample
from .data import Drawing, Take


def training_windows(
    drawing: Drawing,
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
        What ``window`` does, one after the other, and with ``which``, (n_windows n_frames,):
        for each frame the first one that shows the same head.
    """
    take = drawing(rng)
    start = int(rng.integers(len(take) - n_frames + 1))
    samples = [window(take, start, n_frames, rng)]
    for _ in range(n_windows - 1):
        if take.clip.loop:
            other, at = drawing.same_heads(take, start, n_frames, rng)
        else:
            other = drawing(rng)
            at = int(rng.integers(len(other) - n_frames + 1))
        samples.append(window(other, at, n_frames, rng))
    for sample in samples:
        gain = rng.uniform(-gain_db, gain_db)
        for name in ("mels", "heard"):
            sample[name] = louder(sample[name].astype(np.float32, copy=False), gain)
    joined = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    if augment:
        change = Change.draw(rng)
        for name in ("targets", "references"):
            joined[name] = change(joined[name].astype(np.uint8, copy=False))
    frames = np.arange(n_windows * n_frames)
    joined["which"] = frames % n_frames if take.clip.loop else frames
    return joined


def window(take: Take, start: int, n_frames: int, rng: np.random.Generator) -> Sample:
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
        other = _other(len(take), start, n_frames, rng)
        references = take.clip.frames(range(other, other + n_frames))
    return {
        "targets": take.clip.frames(frames),
        "references": references,
        "mels": windows(take.mel, [frame - GENERATOR_LEAD for frame in frames]),
        "heard": windows(take.mel, [start]),
    }


def _other(length: int, start: int, n_frames: int, rng: np.random.Generator) -> int:
    """Where another window begins; every place without overlap is as likely."""
    before = max(0, start - n_frames + 1)
    after = max(0, length - n_frames - (start + n_frames) + 1)
    if not before + after:  # as far away as can be
        return 0 if start > length - n_frames - start else length - n_frames
    place = int(rng.integers(before + after))
    return place if place < before else place - before + start + n_frames
