"""Other people in other lights, made of one presenter's pictures.

A network that has seen one face under one lamp learns that face; the expert above all
should learn mouths. A variation bends the picture a little, as faces differ, mirrors it or
not, and changes light and colour, always in the same way for all pictures of a clip.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces import SIZE

_BEND = 4.0  # pixels, standard deviation of the nodes of the bending
_NODES = 4
_STRETCH = 0.09  # widest change of height or width
_TURN = 4.0  # degrees
_SHIFT = 10.0  # pixels
_GAMMA = (0.75, 1.35)
_TINT = 0.08  # widest change of one colour
_CONTRAST = 0.2


class Variation:
    """One way to change pictures; the same seed is the same way, and 0 changes nothing."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng((seed, 0xFACE))
        self._maps = _maps(rng)
        gamma = np.exp(rng.uniform(*np.log(_GAMMA)))
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        tint = 1 + rng.uniform(-_TINT, _TINT, 3)
        levels = np.arange(256) / 255
        curve = ((levels**gamma) - 0.5) * contrast + 0.5
        self._curves = np.clip(curve[:, None] * tint * 255 + 0.5, 0, 255).astype(np.uint8)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(384, 384, 3), RGB, likewise; edges go on outside the picture."""
        if self._seed == 0:
            return picture
        x, y = self._maps
        bent = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.LUT(bent, self._curves[None]), np.uint8)


def _maps(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    nodes = rng.normal(0, _BEND, (_NODES, _NODES, 2)).astype(np.float32)
    bend = cv2.resize(nodes, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    angle = np.radians(rng.uniform(-_TURN, _TURN))
    wide, high = 1 + rng.uniform(-_STRETCH, _STRETCH, 2)
    mirror = rng.choice((-1.0, 1.0))
    shift = rng.uniform(-_SHIFT, _SHIFT, 2)
    ys, xs = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) - (SIZE - 1) / 2
    x = mirror * (wide * (np.cos(angle) * xs - np.sin(angle) * ys) + bend[..., 0] + shift[0])
    y = high * (np.sin(angle) * xs + np.cos(angle) * ys) + bend[..., 1] + shift[1]
    middle = (SIZE - 1) / 2
    return (x + middle).astype(np.float32), (y + middle).astype(np.float32)
