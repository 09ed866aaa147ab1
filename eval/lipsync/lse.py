"""LSE-D, LSE-C and the audio-visual offset, as SyncNet_python computes them.

Chung and Zisserman, "Out of Time", 2016; ``calc_pdist`` and ``evaluate`` of
``SyncNetInstance.py`` in joonson/syncnet_python. Wav2Lip (arXiv:2008.10010, section 5.1)
names the two figures: LSE-D is what the script calls the minimum distance, LSE-C its
confidence; both are computed per clip, and then averaged over clips.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VSHIFT = 15  # frames by which the sound is tried early and late
WINDOW = 5  # frames that are judged together
_EPS = 1e-6  # torch's pairwise_distance adds it to every difference

Embeddings = NDArray[np.float32]
"""(n_windows, n_numbers): one row for every window of five frames."""


@dataclass(frozen=True, slots=True)
class Sync:
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


def sync(lips: Embeddings, sounds: Embeddings, vshift: int = VSHIFT) -> Sync:
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
    distances = np.array([np.linalg.norm(d + _EPS, axis=1).mean() for d in differences])
    best = int(distances.argmin())
    least = float(distances[best])
    return Sync(least, float(np.median(distances)) - least, vshift - best, distances)
