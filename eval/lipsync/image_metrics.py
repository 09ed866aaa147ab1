"""How near a generated picture is to the real one: L1, PSNR and SSIM, and where they look.

All of them need the real picture of the same sound; they say nothing of other sounds.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(n, 384, 384, 3), RGB."""

_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5  # pixels; Wang et al. 2004, section III-B
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, slots=True)
class FaceRegion:
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


MOUTH = FaceRegion(1 / 2, 7 / 8, 1 / 4, 3 / 4)
"""The mouth region, everywhere in this evaluation: the middle of the lower half, 144 rows of
192 pixels in a square of 384. Its top is at the tip of the nose, its bottom at the chin."""
LOWER = FaceRegion(1 / 2, 1, 0, 1)
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


EDGE_BAND = 12  # pixels along the edge of a square of 384


def flicker(frames: Pixels) -> float:
    """Mean absolute change from frame to frame outside the mouth region, of 255.

    The head's own movement is in it: it says something beside the real clip's only.
    """
    if len(frames) < 2:
        return 0.0
    still = np.ones(frames.shape[1:], np.uint8)
    MOUTH.of(still)[:] = 0
    changes = [cv2.absdiff(a, b) for a, b in pairwise(frames)]
    return float(np.mean([(change * still).sum() for change in changes]) / still.sum())


def edge_colour(drawn: Pixels, real: Pixels) -> float:
    """How much the colour changes where the drawn lower half meets the real picture, of 255.

    A difference of colour is a difference of means: in a band of 12 pixels along the left,
    right and bottom edge, each colour's mean difference in each frame, taken absolutely.
    Fine detail that differs cancels out; a tint does not.
    """
    band = _band(drawn.shape[1])
    steps = [
        np.abs((d[band].astype(np.float64) - r[band]).mean(0)).mean()
        for d, r in zip(drawn, real, strict=True)
    ]
    return float(np.mean(steps))


def _band(side: int) -> NDArray[np.bool_]:
    width = round(EDGE_BAND * side / 384)
    band = np.zeros((side, side), bool)
    band[side // 2 :] = True
    band[side // 2 : side - width, width : side - width] = False
    return band


FRAME_STRIDE = 5  # frames of a clip between two that are looked at: neighbours are nearly the same

Floats = NDArray[np.float64]


def frechet_distance(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^1/2), at least 0.

    Args:
        one: Features, (n, d), n at least 2.
        other: (m, d).

    Raises:
        ValueError: There are fewer than two pictures on a side.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError("The Fréchet distance needs at least two pictures on either side.")
    first, second = one.astype(np.float64), other.astype(np.float64)
    apart = first.mean(0) - second.mean(0)
    c1, c2 = _covariance(first), _covariance(second)
    # The trace of (C1 C2)^1/2 is that of (R C2 R)^1/2 with R = C1^1/2, which is symmetric:
    # its eigenvalues stay real where too few pictures make the covariances singular.
    root = _root(c1)
    shared = np.linalg.eigvalsh(root @ c2 @ root).clip(0)
    distance = apart @ apart + np.trace(c1) + np.trace(c2) - 2 * np.sqrt(shared).sum()
    return max(0.0, float(distance))


def _covariance(features: Floats) -> Floats:
    return np.atleast_2d(np.cov(features, rowvar=False))


def _root(covariance: Floats) -> Floats:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
