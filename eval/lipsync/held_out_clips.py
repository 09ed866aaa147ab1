"""What is evaluated: held-out clips, each with its set, its language and its voice."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_engine.training.dataset.clip import Clip, read_clips
from avatar_engine.wav2lip.mel import SAMPLES_PER_FRAME

from .image_metrics import Pixels
from .sync_judges import n_windows

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HeldOutClip:
    """One held-out clip."""

    set: str
    """The name of its set, as the command line has it."""
    clip: Clip

    @property
    def name(self) -> str:
        return self.clip.folder.name

    @property
    def language(self) -> str:
        return language(self.clip.card.text)

    @property
    def voice(self) -> str:
        return self.clip.card.voice or UNKNOWN

    @property
    def has_loop(self) -> bool:
        """Whether pictures with shut lips belong to it, for the generator to look at."""
        return bool(self.clip.card.loop)


def read_held_out_clips(
    sets: Mapping[str, Path], limit: int | None, seed: int
) -> tuple[list[HeldOutClip], int]:
    """The clips of some folders, in order, and how many were too short to be judged.

    Args:
        sets: Folders that ``prepare`` wrote, by the name of the set.
        limit: At most so many of each set, drawn by ``seed``.
        seed: Of that draw.

    Raises:
        ValueError: A folder has no clips.
        ClipError: A clip is damaged.
    """
    items: list[HeldOutClip] = []
    n_short = 0
    for name, folder in sets.items():
        clips = read_clips(folder)
        if not clips:
            raise ValueError(
                f"{folder} has no clips; make some with python -m avatar_engine prepare VIDEO "
                f"--out {folder}"
            )
        long = [clip for clip in clips if n_windows(len(clip)) > 0]
        n_short += len(clips) - len(long)
        if limit is not None and len(long) > limit:
            chosen = np.random.default_rng(seed).choice(len(long), limit, replace=False)
            long = [long[i] for i in sorted(chosen.tolist())]
        items += [HeldOutClip(name, clip) for clip in long]
    if not items:
        raise ValueError("All clips are too short to be judged: six frames are needed.")
    return items, n_short


def wrong_audio_partners(items: list[HeldOutClip], seed: int) -> list[HeldOutClip | None]:
    """For each clip another one whose sound is the wrong one, with other words if possible.

    None where there is no other clip in the set, nor in any.
    """
    rng = np.random.default_rng(seed)
    chosen: list[HeldOutClip | None] = []
    for item in items:
        rest = [other for other in items if other is not item]
        tiers = (
            [o for o in rest if o.set == item.set and o.clip.card.text != item.clip.card.text],
            [o for o in rest if o.set == item.set],
            rest,
        )
        found = next((tier for tier in tiers if tier), None)
        chosen.append(found[int(rng.integers(len(found)))] if found else None)
    return chosen


def references(item: HeldOutClip, frames: Pixels) -> Pixels:
    """What the generator is shown beside the masked frames, of the same shape.

    A presenter's own head with shut lips, frame by frame; of filmed people the clip's first
    frame throughout, which comes out of a pause. So no frame shows the mouth to be drawn.
    """
    shut = item.clip.references(range(len(frames)))
    return np.broadcast_to(frames[:1], frames.shape) if shut is None else shut


def fitted(samples: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """Another clip's sound at the length of this one: cut, or said again from the start."""
    return np.resize(samples, n_frames * SAMPLES_PER_FRAME)


def language(text: str) -> str:
    """The language of a text, told by its script: ``zh``, ``en``, ``other`` or ``unknown``.

    >>> language("请带好 ID 卡"), language("Bring your card"), language("Добрый"), language(" ")
    ('zh', 'en', 'other', 'unknown')
    """
    letters = [c for c in text if c.isalpha()]
    if any("\u3400" <= c <= "\u9fff" for c in letters):
        return "zh"
    if not letters:
        return UNKNOWN
    return "en" if all(c < "\u0250" for c in letters) else "other"
