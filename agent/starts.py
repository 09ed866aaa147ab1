"""Where in the idle loop a reply that is kept may begin."""

import numpy as np
from numpy.typing import NDArray

N_STARTS = 8


class Starts:
    """A few frames of the loop whose poses stand for those of all others.

    A reply that could begin anywhere would have to be kept once for every frame. Where the
    head is in a frame is told by its face box: the mean difference of two boxes follows that
    of the pictures (correlation 0.95 to 0.97 in the presenters that ship). With all eight, the
    head is 1 pixel of 720 off where the idle loop leaves it, with the first alone 3 to 4 (means
    over their loops; docs/settings.md). The page's cross-fade covers that.

    Args:
        faces: Face boxes of the loop, shape (n_frames, 4), pixels.
        n: How many frames are chosen, at most.
    """

    def __init__(self, faces: NDArray[np.float32], n: int = N_STARTS) -> None:
        self._apart = np.stack([np.abs(faces - face).mean(axis=1) for face in faces])
        chosen: list[int] = []
        nearest = np.full(len(faces), np.inf, np.float32)
        for _ in range(n):
            if not nearest.any():
                break  # every pose there is was chosen
            left = np.minimum(nearest, self._apart).mean(axis=1)  # with each frame added
            chosen.append(int(left.argmin()))
            nearest = np.minimum(nearest, self._apart[chosen[-1]])
        self.frames = tuple(chosen)
        """The most typical first: the first ``k`` are about as good as any ``k`` can be."""

    def by_distance(self, index: int) -> list[int]:
        """The chosen frames, those that look most like loop frame ``index`` first."""
        apart = self._apart[index % len(self._apart)]
        return sorted(self.frames, key=lambda frame: float(apart[frame]))
