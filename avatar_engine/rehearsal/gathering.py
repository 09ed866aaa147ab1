"""Which mouths stand for all the mouths that speech makes.

``gather`` runs many lines without drawing anything and chooses mouths so that none that
occurs is far from a chosen one, by how different they look (farthest-point sampling,
Gonzalez 1985). ``Mouths`` then finds, for any mouth, the chosen ones around it.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..coarticulation import VISEMES
from ..viseme import read_tiles
from ..wav2lip.mel import FPS, SAMPLE_RATE
from .lines import Line
from .mixture import Mixtures, mixtures

_STEP = 0.02  # mouths nearer than this in every share are the same
_NEIGHBOURS = 3


def gather(lines: Iterable[Line], viseme_folder: Path, n_mouths: int) -> tuple[Mixtures, float]:
    """Choose ``n_mouths`` of the mouths in some lines.

    Args:
        lines: Enough that every sound occurs in many places; minutes.
        viseme_folder: ``viseme/`` of the presenter: how different its mouths look.
        n_mouths: Every one takes the studio some seconds.

    Returns:
        The mouths, and how far from all of them the worst mouth is, grey levels (root mean
        square over the mouth's picture; shut to wide open is some 30).
    """
    made = [mixtures(line.phonemes, line.samples, SAMPLE_RATE, FPS) for line in lines]
    found = np.unique(np.round(np.concatenate(made) / _STEP) * _STEP, axis=0)
    found = found / found.sum(axis=1, keepdims=True)
    shut = np.eye(len(VISEMES), dtype=np.float32)[:1]
    mouths: Mixtures = np.concatenate([shut, found]).astype(np.float32)
    places = mouths @ _looks(viseme_folder)
    chosen = [0]
    away = np.linalg.norm(places - places[0], axis=1)
    while len(chosen) < min(n_mouths, len(mouths)):
        farthest = int(away.argmax())
        chosen.append(farthest)
        away = np.minimum(away, np.linalg.norm(places - places[farthest], axis=1))
    return mouths[chosen], float(away.max())


class Mouths:
    """The chosen mouths with their pictures, as ``avatar_engine.studio.rehearse`` wrote them.

    Args:
        folder: ``mouths.npy`` and a PNG for each of its rows.
        viseme_folder: ``viseme/`` of the same presenter.

    Raises:
        FileNotFoundError: The folder is not whole.
    """

    def __init__(self, folder: Path, viseme_folder: Path) -> None:
        shares: Mixtures = np.load(folder / "mouths.npy")
        self._looks = _looks(viseme_folder)
        self._places = shares @ self._looks
        self._pictures = [_read(folder / f"{n}.png") for n in range(len(shares))]

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


def _looks(viseme_folder: Path) -> NDArray[np.float32]:
    """(15, 15): a place for each viseme; distances are those between small pictures of them."""
    tiles = read_tiles(viseme_folder)
    small = [cv2.resize(tiles[name], (72, 54), interpolation=cv2.INTER_AREA) for name in VISEMES]
    flat = np.stack(small).reshape(len(VISEMES), -1).astype(np.float64)
    left, sizes, _ = np.linalg.svd(flat - flat[0], full_matrices=False)
    return np.asarray(left * sizes / np.sqrt(flat.shape[1]), np.float32)


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise FileNotFoundError(f"{path} is missing or no picture; run the studio again")
    return np.asarray(picture, np.uint8)
