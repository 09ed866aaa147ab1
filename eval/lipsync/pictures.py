"""How near a generated picture is to the real one: L1, PSNR and SSIM, and where they look.

All of them need the real picture of the same sound; they say nothing of other sounds.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(n, 384, 384, 3), RGB."""

_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5  # pixels; Wang et al. 2004, section III-B
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the square, in parts of its side."""

    top: float
    bottom: float
    left: float
    right: float

    def of(self, frames: Pixels) -> Pixels:
        """That part of (..., side, side, 3) pictures."""
        side = frames.shape[-3]
        rows = slice(round(self.top * side), round(self.bottom * side))
        columns = slice(round(self.left * side), round(self.right * side))
        return frames[..., rows, columns, :]


MOUTH = Region(1 / 2, 7 / 8, 1 / 4, 3 / 4)
"""The mouth region, everywhere in this evaluation: the middle of the lower half, 144 rows of
192 pixels in a square of 384. Its top is at the tip of the nose, its bottom at the chin."""
LOWER = Region(1 / 2, 1, 0, 1)
"""The whole lower half: what the generator does not see of the frame."""


def l1(drawn: Pixels, real: Pixels) -> float:
    """Mean absolute difference of values in [0, 1], as the generator's loss has it."""
    return (
        float(np.mean([cv2.absdiff(d, r).mean() for d, r in zip(drawn, real, strict=True)])) / 255
    )


def psnr(drawn: Pixels, real: Pixels) -> float:
    """Peak signal to noise ratio, dB, of each frame over all colours, and the mean of frames.

    10 log10(255² / mean squared error); infinite where two pictures are the same.
    """
    ratios = []
    for one, other in zip(drawn, real, strict=True):
        error = np.square(one.astype(np.float64) - other).mean()
        ratios.append(10 * np.log10(255**2 / error) if error else np.inf)
    return float(np.mean(ratios))


def ssim(drawn: Pixels, real: Pixels) -> float:
    """Structural similarity, the mean of frames; 1 where two pictures are the same.

    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", 2004: luma, a Gaussian window of 11x11 with sigma 1.5, K1 .01,
    K2 .03, only where the window lies within the picture, as in the authors' ssim.m.
    """
    return float(np.mean([_ssim(_luma(d), _luma(r)) for d, r in zip(drawn, real, strict=True)]))


def _ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    mean_x, mean_y = _local(x), _local(y)
    var_x, var_y = _local(x * x) - mean_x**2, _local(y * y) - mean_y**2
    together = _local(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + _C1) * (2 * together + _C2)
    return float((top / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))).mean())


def _local(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Gaussian mean around each pixel that has a whole window."""
    size = (_SSIM_WINDOW, _SSIM_WINDOW)
    edge = _SSIM_WINDOW // 2
    blurred = cv2.GaussianBlur(picture, size, _SSIM_SIGMA)
    return np.asarray(blurred[edge:-edge, edge:-edge], np.float64)


def _luma(picture: Pixels) -> NDArray[np.float64]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float64)
