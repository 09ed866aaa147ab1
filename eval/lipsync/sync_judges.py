"""LSE-D, LSE-C and the audio-visual offset, as SyncNet_python computes them.

Chung and Zisserman, "Out of Time", 2016; ``calc_pdist`` and ``evaluate`` of
``SyncNetInstance.py`` in joonson/syncnet_python. Wav2Lip (arXiv:2008.10010, section 5.1)
names the two figures: LSE-D is what the script calls the minimum distance, LSE-C its
confidence; both are computed per clip, and then averaged over clips.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import dct
from torch.nn.functional import normalize

from avatar_engine.face_detection.cropping import CHIN_MARGIN, SQUARE_TO_FACE_WIDTH
from avatar_engine.training.dataset.av_sync import load_sync_expert
from avatar_engine.training.dataset.clip import ClipMetadata
from avatar_engine.wav2lip.compat.syncnet import SyncNet
from avatar_engine.wav2lip.discriminators import SyncExpert
from avatar_engine.wav2lip.mel import mel_windows, melspectrogram
from avatar_engine.wav2lip.weights import load_weights

VSHIFT = 15  # frames by which the sound is tried early and late
WINDOW = 5  # frames that are judged together
_PAIRWISE_EPS = 1e-6  # torch's pairwise_distance adds it to every difference

Embeddings = NDArray[np.float32]
"""(n_windows, n_numbers): one row for every window of five frames."""


@dataclass(frozen=True, slots=True)
class SyncScore:
    """How well lips and sound of a clip match, and at which offset."""

    lse_d: float
    """Lip sync error, distance: the least mean distance over all offsets; low is good."""
    lse_c: float
    """Lip sync error, confidence: the median over all offsets less the least; high is good."""
    offset: int
    """Frames by which the sound comes before the lips (SyncNet_python's sign), -15 to 15."""
    distances: NDArray[np.float64]
    """(31,): the mean distance with the sound taken 15 frames earlier, 14, ... 15 later."""


def n_windows(n_frames: int) -> int:
    """How many windows of a clip are judged: the script leaves out the last of all."""
    return max(0, n_frames - WINDOW)


def score_sync(lips: Embeddings, sounds: Embeddings, vshift: int = VSHIFT) -> SyncScore:
    """Compare every window of lips with the sound at every offset.

    Where an offset reaches beyond the clip, the lips are compared with zeros; so does the
    original, and figures would not be comparable otherwise.

    Raises:
        ValueError: There is no window, or there are more of one than of the other.
    """
    if not len(lips) or lips.shape != sounds.shape:
        raise ValueError(
            f"Lips of shape {lips.shape} cannot be compared with sounds of {sounds.shape}: "
            "the same number of windows is needed, at least one."
        )
    padded = np.pad(sounds.astype(np.float64), ((vshift, vshift), (0, 0)))
    differences = (lips - padded[k : k + len(lips)] for k in range(2 * vshift + 1))
    distances = np.array([np.linalg.norm(d + _PAIRWISE_EPS, axis=1).mean() for d in differences])
    best = int(distances.argmin())
    least = float(distances[best])
    return SyncScore(least, float(np.median(distances)) - least, vshift - best, distances)


N_CEPSTRA = 13
_RATE = 16_000  # Hz
_LENGTH, _STEP, _N_FFT = 400, 160, 512  # samples
_N_BANDS = 26
_LIFTER = 22
_PREEMPHASIS = 0.97
_LEAST_ENERGY = np.finfo(float).eps


def mfcc(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """Mel cepstra of a sound.

    Args:
        pcm: Mono, 16 kHz, as whole numbers up to 32767; the network was trained with those.

    Returns:
        (13, n): a column for each 10 ms.
    """
    sound = pcm.astype(np.float64)
    sound = np.append(sound[:1], sound[1:] - _PREEMPHASIS * sound[:-1])
    n = 1 + max(0, -(-(len(sound) - _LENGTH) // _STEP))
    padded = np.pad(sound, (0, max(0, (n - 1) * _STEP + _LENGTH - len(sound))))
    pieces = sliding_window_view(padded, _LENGTH)[::_STEP][:n]
    power = np.abs(np.fft.rfft(pieces, _N_FFT)) ** 2 / _N_FFT
    energy, bands = power.sum(1), power @ _mel_filters().T
    energy[energy == 0] = bands[bands == 0] = _LEAST_ENERGY
    made: NDArray[np.float64] = dct(np.log(bands), norm="ortho")[:, :N_CEPSTRA]
    made *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(N_CEPSTRA) / _LIFTER)
    made[:, 0] = np.log(energy)
    return made.T


@lru_cache(1)
def _mel_filters() -> NDArray[np.float64]:
    """Triangles whose corners lie on whole FFT bins, (26, 257)."""
    mels = np.linspace(0, 2595 * np.log10(1 + _RATE / 2 / 700), _N_BANDS + 2)
    corners = np.floor((_N_FFT + 1) * 700 * (10 ** (mels / 2595) - 1) / _RATE).astype(int)
    made = np.zeros((_N_BANDS, _N_FFT // 2 + 1))
    for band, (low, top, high) in zip(made, sliding_window_view(corners, 3), strict=True):
        band[low:top] = (np.arange(low, top) - low) / (top - low)
        band[top:high] = (high - np.arange(top, high)) / (high - top)
    return made


AT_ONCE = 2  # windows in a batch; maps of larger ones are given back to the system each time
OFFICIAL_SIZE = 224  # pixels
CROP_SCALE = 0.4  # run_pipeline.py's --crop_scale
OUTSIDE = 110  # what run_pipeline.py shows outside the picture, of 255
_TALLER = 1.3  # a face's height in widths, for clips whose card has no face boxes

Pixels = NDArray[np.uint8]


class SyncJudge(Protocol):
    """Embeds windows of five frames, and their sound, in one space."""

    name: str
    """What the report calls it."""
    prefix: str
    """What the names of its figures begin with."""

    def lips(self, frames: Pixels, card: ClipMetadata) -> Embeddings:
        """(n, 384, 384, 3) RGB to (n - 5, n_numbers)."""
        ...

    def sounds(self, samples: NDArray[np.float32]) -> Embeddings:
        """(640 n,) samples, 16 kHz, to (n - 5, n_numbers)."""
        ...


class ExpertJudge:
    """The expert discriminator; its embeddings have length 1, so distances are 0 to 1.4.

    Its sound is 16 mel columns from the first of its frames on, 200 ms, as in its training.
    """

    prefix = ""

    def __init__(self, expert: SyncExpert, name: str = "expert") -> None:
        self.expert = expert
        self.name = name

    @torch.inference_mode()
    def lips(self, frames: Pixels, card: ClipMetadata) -> Embeddings:
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
        heard = (torch.from_numpy(mel_windows(mel, at)) for at in batches)
        return _joined([normalize(self.expert.audio_encoder(h).flatten(1)) for h in heard])


class SyncNetJudge:
    """SyncNet with its authors' weights, fed as their ``run_pipeline.py`` feeds it.

    That script cuts out a square 1.4 times as large as the face, and so do we, from the
    clip's square: what lies outside it is grey, as outside a picture there.
    """

    prefix = "syncnet_"

    def __init__(self, network: SyncNet, name: str = "SyncNet") -> None:
        self.network = network
        self.name = name

    @torch.inference_mode()
    def lips(self, frames: Pixels, card: ClipMetadata) -> Embeddings:
        face = face_in_square(card)
        shown = np.stack([pipeline_crop(frame, face) for frame in frames])[..., ::-1]
        bgr = torch.from_numpy(np.ascontiguousarray(shown.transpose(3, 0, 1, 2)))  # (3, n, ...)

        def embed(at: range) -> torch.Tensor:
            stacks = torch.stack([bgr[:, i : i + WINDOW] for i in at])
            return self.network.embed_lips(stacks.float())

        return _joined([embed(at) for at in _batches(len(frames))])

    @torch.inference_mode()
    def sounds(self, samples: NDArray[np.float32]) -> Embeddings:
        heard = torch.from_numpy(mfcc(np.round(samples * 32768).astype(np.int16))).float()

        def embed(at: range) -> torch.Tensor:
            return self.network.embed_audio(
                torch.stack([heard[None, :, 4 * i : 4 * i + 20] for i in at])
            )

        return _joined([embed(at) for at in _batches(len(samples) // 640)])


def load_expert_judge(path: Path) -> ExpertJudge:
    """The expert of 384 or of 96 pixels that a file holds.

    Raises:
        LipSyncWeightsError: It holds neither, or is missing.
    """
    expert = load_sync_expert(path)
    return ExpertJudge(expert, f"{type(expert).__name__} of {path.name}")


def load_syncnet_judge(path: Path) -> SyncNetJudge:
    """SyncNet from ``syncnet_v2.model``.

    Raises:
        LipSyncWeightsError: It is not that, or is missing.
    """
    return SyncNetJudge(load_weights(path, SyncNet), f"SyncNet of {path.name}")


def face_in_square(card: ClipMetadata) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the face box in sides of the clip's square, over the clip.

    >>> from types import SimpleNamespace as Some
    >>> card = Some(boxes=[[10, 0, 30, 20]], squares=[[0, 0, 40]])
    >>> face_in_square(card)
    (0.25, 0.0, 0.75, 0.5)
    """
    if not card.boxes:
        half, bottom = 0.5 / SQUARE_TO_FACE_WIDTH, 1 - CHIN_MARGIN
        return 0.5 - half, bottom - _TALLER / SQUARE_TO_FACE_WIDTH, 0.5 + half, bottom
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
