"""How much of each viseme a mouth has, frame by frame: finer than the light avatar draws.

The light avatar chooses between pictures; here a mouth is a point among the visemes,
so that how far it opens follows how loud the voice is.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tts_engine import Phoneme

from ...viseme.avatar import read_mouth_tiles
from ...viseme.coarticulation import VISEMES, blend_at, viseme_segments
from ...wav2lip.mel import FPS, SAMPLE_RATE
from .utterances import SyntheticUtterance

VisemeWeights = NDArray[np.float32]
"""(n_frames, 15): shares of the visemes in the order of ``VISEMES``; a row sums to 1."""

_SIL, _AA, _E = (VISEMES.index(name) for name in ("sil", "aa", "E"))
_VOWELS = np.array([name in ("aa", "E", "I", "O", "U") for name in VISEMES])
_OPEN_AT_USUAL_LOUDNESS = 0.5  # of "aa" at usual loudness; the whole of it is a shout
_DB_PER_DOUBLING = 14.0  # lips open less than the voice grows
_OPENING_RANGE = (0.55, 1.5)  # of the opening, times the usual


def viseme_weights(
    phonemes: tuple[Phoneme, ...], samples: NDArray[np.float32], sample_rate: int, fps: int
) -> VisemeWeights:
    """The mouths of a sentence.

    Args:
        phonemes: In order of time, seconds from the first sample.
        samples: Mono, in [-1, 1]; a whole number of frames.
        sample_rate: Hz, a multiple of ``fps``.
        fps: Frames a second; frame i shows the time (i + 0.5) / fps.
    """
    n_frames = len(samples) * fps // sample_rate
    made = np.zeros((n_frames, len(VISEMES)), np.float32)
    held = viseme_segments(phonemes, len(samples) / sample_rate, fps)
    for row, i in zip(made, range(n_frames), strict=True):
        mouth = blend_at(held, (i + 0.5) / fps)
        row[VISEMES.index(mouth.start)] += 1 - mouth.progress
        row[VISEMES.index(mouth.end)] += mouth.progress
    opening = _mouth_openings(samples, sample_rate // fps)
    closing = np.minimum(opening, 1)[:, None] * _VOWELS + ~_VOWELS
    made *= closing.astype(np.float32)
    shout = np.clip(_OPEN_AT_USUAL_LOUDNESS * opening, 0, 1)
    made[:, _E] += made[:, _AA] * (1 - shout)
    made[:, _AA] *= shout
    made[:, _SIL] += 1 - made.sum(axis=1)
    return made


def _mouth_openings(samples: NDArray[np.float32], per_frame: int) -> NDArray[np.float32]:
    """How far lips open in each frame, times the usual, (n_frames,)."""
    power = (samples.reshape(-1, per_frame).astype(np.float64) ** 2).mean(axis=1) + 1e-10
    smooth = np.convolve(np.pad(power, 2, mode="edge"), np.hanning(7)[1:-1] / 3, mode="valid")
    level = 10 * np.log10(smooth)
    usual = np.median(level[level > level.max() - 25])
    opening = np.clip(2 ** ((level - usual) / _DB_PER_DOUBLING), *_OPENING_RANGE)
    return np.asarray(opening, np.float32)


_WEIGHT_STEP = 0.02  # mouths nearer than this in every share are the same
_NEIGHBOURS = 3


def choose_mouth_shapes(
    lines: Iterable[SyntheticUtterance], viseme_folder: Path, n_mouths: int
) -> tuple[VisemeWeights, float]:
    """Choose ``n_mouths`` of the mouths in some lines.

    Args:
        lines: Enough that every sound occurs in many places; minutes.
        viseme_folder: ``viseme/`` of the presenter: how different its mouths look.
        n_mouths: Each takes some seconds of path tracing.

    Returns:
        The mouths, and how far from all of them the worst mouth is, grey levels (root mean
        square over the mouth's picture; shut to wide open is some 30).
    """
    made = [viseme_weights(line.phonemes, line.samples, SAMPLE_RATE, FPS) for line in lines]
    found = np.unique(np.round(np.concatenate(made) / _WEIGHT_STEP) * _WEIGHT_STEP, axis=0)
    found = found / found.sum(axis=1, keepdims=True)
    shut = np.eye(len(VISEMES), dtype=np.float32)[:1]
    mouths: VisemeWeights = np.concatenate([shut, found]).astype(np.float32)
    places = mouths @ _viseme_appearance(viseme_folder)
    chosen = [0]
    away = np.linalg.norm(places - places[0], axis=1)
    while len(chosen) < min(n_mouths, len(mouths)):
        farthest = int(away.argmax())
        chosen.append(farthest)
        away = np.minimum(away, np.linalg.norm(places - places[farthest], axis=1))
    return mouths[chosen], float(away.max())


class MouthShapes:
    """The chosen mouths and their pictures, which ``avatar_engine.training.blender mouths`` wrote.

    Args:
        folder: ``mouths.npy`` and a PNG for each of its rows.
        viseme_folder: ``viseme/`` of the same presenter.

    Raises:
        FileNotFoundError: The folder is not whole.
    """

    def __init__(self, folder: Path, viseme_folder: Path) -> None:
        shares: VisemeWeights = np.load(folder / "mouths.npy")
        self._looks = _viseme_appearance(viseme_folder)
        self._places = shares @ self._looks
        self._pictures = [_read_tile(folder / f"{n}.png") for n in range(len(shares))]

    def picture(self, shares: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The tile, RGB, of a mouth with these shares of the 15 visemes.

        A blend of the three nearest, which hardly differ; the nearer, the more of it.
        """
        away = np.linalg.norm(self._places - shares @ self._looks, axis=1)
        nearest = np.argsort(away)[:_NEIGHBOURS]
        weights = np.maximum(0.0, 1 - away[nearest] / (2 * away[nearest[-1]] + 1e-6)) ** 3
        weights /= weights.sum()
        blend = sum(
            w * self._pictures[n].astype(np.float32) for w, n in zip(weights, nearest, strict=True)
        )
        return np.asarray(np.asarray(blend) + 0.5, np.uint8)


def _viseme_appearance(viseme_folder: Path) -> NDArray[np.float32]:
    """(15, 15): a place for each viseme; distances are those between small pictures of them."""
    tiles = read_mouth_tiles(viseme_folder)
    small = [cv2.resize(tiles[name], (72, 54), interpolation=cv2.INTER_AREA) for name in VISEMES]
    flat = np.stack(small).reshape(len(VISEMES), -1).astype(np.float64)
    left, sizes, _ = np.linalg.svd(flat - flat[0], full_matrices=False)
    return np.asarray(left * sizes / np.sqrt(flat.shape[1]), np.float32)


def _read_tile(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise FileNotFoundError(
            f"{path} is missing or no picture; render it again: python -m "
            "avatar_engine.training.blender mouths"
        )
    return np.asarray(picture, np.uint8)
