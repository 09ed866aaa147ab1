"""Do sound and picture of a clip belong together? Asked of a trained expert."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ...wav2lip.compat.wav2lip96 import SyncExpert96
from ...wav2lip.discriminators import SyncExpert, SyncExpert384
from ...wav2lip.mel import mel_windows, melspectrogram
from ...wav2lip.weights import LipSyncWeightsError, load_weights
from .clip import Clip

MAX_OFFSET = 12  # frames, about half a second, by which the sound is tried early and late
STRIDE = 3  # frames between the places that are looked at
BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class AVOffset:
    """Where sound and lips of a clip match best."""

    offset: int
    """Frames by which the sound is late; negative if it is early."""
    confidence: float
    """Mean cosine similarity there less its median over all offsets, 0 to 1."""


def load_sync_expert(path: Path) -> SyncExpert:
    """The expert of 384 or of 96 pixels that a weights file holds.

    Raises:
        LipSyncWeightsError: It holds neither.
    """
    try:
        return load_weights(path, SyncExpert384)
    except LipSyncWeightsError as error:
        try:
            return load_weights(path, SyncExpert96)
        except LipSyncWeightsError:
            raise error from None


@torch.inference_mode()
def measure_av_offset(clip: Clip, expert: SyncExpert) -> AVOffset:
    """Try the sound of a clip at every offset of up to 12 frames."""
    n = expert.n_frames
    places = range(0, len(clip) - n + 1, STRIDE)
    faces = torch.cat(
        [
            _embed_faces(clip, expert, list(places[i : i + BATCH_SIZE]))
            for i in range(0, len(places), BATCH_SIZE)
        ]
    )
    offsets = range(-MAX_OFFSET, MAX_OFFSET + 1)
    mel = melspectrogram(clip.samples())
    heard = mel_windows(mel, range(-MAX_OFFSET, len(clip) + MAX_OFFSET))
    sounds = torch.nn.functional.normalize(expert.audio_encoder(torch.from_numpy(heard)).flatten(1))
    at = torch.tensor(list(places)) + MAX_OFFSET
    means = np.array([float((faces * sounds[at + o]).sum(1).mean()) for o in offsets])
    best = int(means.argmax())
    return AVOffset(offsets[best], float(means[best] - np.median(means)))


def _embed_faces(clip: Clip, expert: SyncExpert, places: list[int]) -> torch.Tensor:
    n = expert.n_frames
    stacks = np.stack([_stack_lower_halves(clip.frames(range(p, p + n)), expert) for p in places])
    face = expert.face_encoder(torch.from_numpy(stacks).float() / 255)
    return torch.nn.functional.normalize(face.flatten(1))


def _stack_lower_halves(frames: NDArray[np.uint8], expert: SyncExpert) -> NDArray[np.uint8]:
    """Lower halves at the expert's size and in its order of colours, (3 n, size / 2, size)."""
    if frames.shape[1] != expert.size:
        size = (expert.size, expert.size)
        shrunk = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]
        frames = np.stack(shrunk).astype(np.uint8, copy=False)
    if expert.channel_order == "BGR":
        frames = frames[..., ::-1]
    lower = frames[:, expert.size // 2 :].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(lower.reshape(-1, *lower.shape[2:]))
