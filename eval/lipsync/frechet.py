"""FID: how far the generated pictures, all together, are from the real ones.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", 2017: the Fréchet distance between two Gaussians, fitted to what Inception
(``inception``) sees in the real and in the generated pictures. It takes thousands of
pictures: with fewer than the features' 2,048 it comes out too large, and only figures of
equally many pictures can be compared.
"""

import numpy as np
from numpy.typing import NDArray

EVERY = 5  # frames of a clip between two that are looked at: neighbours are nearly the same

Floats = NDArray[np.float64]


def frechet(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
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
