"""Who judges whether lips and sound belong together: an expert of ours, or the official SyncNet."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from avatar_engine.faces.crop import BELOW, WIDER
from avatar_engine.preparation.clip import Card
from avatar_engine.preparation.sync import load_expert
from avatar_engine.wav2lip.expert import Expert
from avatar_engine.wav2lip.mel import melspectrogram, windows
from avatar_engine.wav2lip.syncnet import SyncNet
from avatar_engine.wav2lip.weights import load

from .cepstra import cepstra
from .lse import WINDOW, Embeddings, n_windows

AT_ONCE = 2  # windows in a batch; maps of larger ones are given back to the system each time
OFFICIAL_SIZE = 224  # pixels
CROP_SCALE = 0.4  # run_pipeline.py's --crop_scale
OUTSIDE = 110  # what run_pipeline.py shows outside the picture, of 255
_TALLER = 1.3  # a face's height in widths, for clips whose card has no face boxes

Pixels = NDArray[np.uint8]


class Judge(Protocol):
    """Embeds windows of five frames, and their sound, in one space."""

    name: str
    """What the report calls it."""
    prefix: str
    """What the names of its figures begin with."""

    def lips(self, frames: Pixels, card: Card) -> Embeddings:
        """(n, 384, 384, 3) RGB to (n - 5, n_numbers)."""
        ...

    def sounds(self, samples: NDArray[np.float32]) -> Embeddings:
        """(640 n,) samples, 16 kHz, to (n - 5, n_numbers)."""
        ...


class ExpertJudge:
    """The expert discriminator; its embeddings have length 1, so distances are 0 to 1.4.

    It hears 16 mel columns from the first of its frames on, 200 ms, as in its training.
    """

    prefix = ""

    def __init__(self, expert: Expert, name: str = "expert") -> None:
        self.expert = expert
        self.name = name

    @torch.inference_mode()
    def lips(self, frames: Pixels, card: Card) -> Embeddings:
        size, n = self.expert.size, self.expert.n_frames
        if frames.shape[1] != size:
            small = [cv2.resize(f, (size, size), interpolation=cv2.INTER_AREA) for f in frames]
            frames = np.stack(small).astype(np.uint8, copy=False)
        if self.expert.channel_order == "BGR":
            frames = frames[..., ::-1]
        lower = np.ascontiguousarray(frames[:, size // 2 :].transpose(0, 3, 1, 2))

        def embed(at: range) -> torch.Tensor:
            stacks = torch.from_numpy(np.stack([np.concatenate(lower[i : i + n]) for i in at]))
            return normalize(self.expert.face_encoder(stacks.float() / 255).flatten(1))

        return _joined([embed(at) for at in _batches(len(frames))])

    @torch.inference_mode()
    def sounds(self, samples: NDArray[np.float32]) -> Embeddings:
        mel = melspectrogram(samples)
        batches = _batches(len(samples) // 640)
        heard = (torch.from_numpy(windows(mel, at)) for at in batches)
        return _joined([normalize(self.expert.audio_encoder(h).flatten(1)) for h in heard])


class OfficialJudge:
    """SyncNet with its authors' weights, fed as their ``run_pipeline.py`` feeds it.

    That script cuts out a square 1.4 times as large as the face, and so do we, from the
    clip's square: what lies outside it is grey, as outside a picture there.
    """

    prefix = "syncnet_"

    def __init__(self, network: SyncNet, name: str = "SyncNet") -> None:
        self.network = network
        self.name = name

    @torch.inference_mode()
    def lips(self, frames: Pixels, card: Card) -> Embeddings:
        face = face_in_square(card)
        shown = np.stack([pipeline_crop(frame, face) for frame in frames])[..., ::-1]
        bgr = torch.from_numpy(np.ascontiguousarray(shown.transpose(3, 0, 1, 2)))  # (3, n, ...)

        def embed(at: range) -> torch.Tensor:
            stacks = torch.stack([bgr[:, i : i + WINDOW] for i in at])
            return self.network.embed_lips(stacks.float())

        return _joined([embed(at) for at in _batches(len(frames))])

    @torch.inference_mode()
    def sounds(self, samples: NDArray[np.float32]) -> Embeddings:
        heard = torch.from_numpy(cepstra(np.round(samples * 32768).astype(np.int16))).float()

        def embed(at: range) -> torch.Tensor:
            return self.network.embed_audio(
                torch.stack([heard[None, :, 4 * i : 4 * i + 20] for i in at])
            )

        return _joined([embed(at) for at in _batches(len(samples) // 640)])


def load_expert_judge(path: Path) -> ExpertJudge:
    """The expert of 384 or of 96 pixels that a file holds.

    Raises:
        WeightsError: It holds neither, or is missing.
    """
    expert = load_expert(path)
    return ExpertJudge(expert, f"{type(expert).__name__} of {path.name}")


def load_official_judge(path: Path) -> OfficialJudge:
    """SyncNet from ``syncnet_v2.model``.

    Raises:
        WeightsError: It is not that, or is missing.
    """
    return OfficialJudge(load(path, SyncNet), f"SyncNet of {path.name}")


def face_in_square(card: Card) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the face box in sides of the clip's square, over the clip.

    >>> from types import SimpleNamespace as Some
    >>> card = Some(boxes=[[10, 0, 30, 20]], squares=[[0, 0, 40]])
    >>> face_in_square(card)
    (0.25, 0.0, 0.75, 0.5)
    """
    if not card.boxes:
        half, bottom = 0.5 / WIDER, 1 - BELOW
        return 0.5 - half, bottom - _TALLER / WIDER, 0.5 + half, bottom
    boxes, squares = np.array(card.boxes), np.array(card.squares)
    corner, side = np.tile(squares[:, :2], 2), squares[:, 2:]
    left, top, right, bottom = np.median((boxes - corner) / side, axis=0).tolist()
    return left, top, right, bottom


def pipeline_crop(frame: Pixels, face: tuple[float, float, float, float]) -> Pixels:
    """What ``crop_video`` of run_pipeline.py would have cut out around a face.

    Args:
        frame: (side, side, 3).
        face: Its box, in sides of the frame.

    Returns:
        (224, 224, 3).
    """
    left, top, right, bottom = (len(frame) * part for part in face)
    half = max(right - left, bottom - top) / 2
    margin = int(half * (1 + 2 * CROP_SCALE))
    edges = ((margin, margin), (margin, margin), (0, 0))
    padded = np.pad(frame, edges, constant_values=OUTSIDE)
    x, y = (left + right) / 2 + margin, (top + bottom) / 2 + margin
    cut = padded[
        max(0, int(y - half)) : int(y + half * (1 + 2 * CROP_SCALE)),
        max(0, int(x - half * (1 + CROP_SCALE))) : int(x + half * (1 + CROP_SCALE)),
    ]
    return np.asarray(cv2.resize(cut, (OFFICIAL_SIZE, OFFICIAL_SIZE)), np.uint8)


def _batches(n_frames: int) -> list[range]:
    """The windows of a clip, a batch at a time."""
    n = n_windows(n_frames)
    return [range(i, min(n, i + AT_ONCE)) for i in range(0, n, AT_ONCE)]


def _joined(parts: list[torch.Tensor]) -> Embeddings:
    made: Embeddings = torch.cat(parts).numpy() if parts else np.empty((0, 0), np.float32)
    return made
