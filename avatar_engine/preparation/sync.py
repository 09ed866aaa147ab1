"""Do sound and picture of a clip belong together? Asked of a trained expert."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..wav2lip.expert import Expert, Expert384
from ..wav2lip.mel import melspectrogram, windows
from ..wav2lip.wav2lip96 import Expert96
from ..wav2lip.weights import WeightsError, load
from .clip import Clip

REACH = 12  # frames, about half a second, by which the sound is tried early and late
EVERY = 3  # frames between the places that are looked at
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Sync:
    """Where sound and lips of a clip match best."""

    offset: int
    """Frames by which the sound is late; negative if it is early."""
    confidence: float
    """Mean cosine similarity there less its median over all offsets, 0 to 1."""


def load_expert(path: Path) -> Expert:
    """The expert of 384 or of 96 pixels that a weights file holds.

    Raises:
        WeightsError: It holds neither.
    """
    try:
        return load(path, Expert384)
    except WeightsError as error:
        try:
            return load(path, Expert96)
        except WeightsError:
            raise error from None


@torch.inference_mode()
def measure(clip: Clip, expert: Expert) -> Sync:
    """Try the sound of a clip at every offset of up to 12 frames."""
    n = expert.n_frames
    places = range(0, len(clip) - n + 1, EVERY)
    faces = torch.cat(
        [
            _embed_faces(clip, expert, list(places[i : i + AT_ONCE]))
            for i in range(0, len(places), AT_ONCE)
        ]
    )
    offsets = range(-REACH, REACH + 1)
    mel = melspectrogram(clip.samples())
    heard = windows(mel, range(-REACH, len(clip) + REACH))
    sounds = torch.nn.functional.normalize(expert.audio_encoder(torch.from_numpy(heard)).flatten(1))
    at = torch.tensor(list(places)) + REACH
    means = np.array([float((faces * sounds[at + o]).sum(1).mean()) for o in offsets])
    best = int(means.argmax())
    return Sync(offsets[best], float(means[best] - np.median(means)))


def _embed_faces(clip: Clip, expert: Expert, places: list[int]) -> torch.Tensor:
    n = expert.n_frames
    stacks = np.stack([_mouths(clip.frames(range(p, p + n)), expert) for p in places])
    face = expert.face_encoder(torch.from_numpy(stacks).float() / 255)
    return torch.nn.functional.normalize(face.flatten(1))


def _mouths(frames: NDArray[np.uint8], expert: Expert) -> NDArray[np.uint8]:
    """Lower halves at the expert's size and in its order of colours, (3 n, size / 2, size)."""
    if frames.shape[1] != expert.size:
        size = (expert.size, expert.size)
        shrunk = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]
        frames = np.stack(shrunk).astype(np.uint8, copy=False)
    if expert.channel_order == "BGR":
        frames = frames[..., ::-1]
    lower = frames[:, expert.size // 2 :].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(lower.reshape(-1, *lower.shape[2:]))
