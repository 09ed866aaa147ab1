"""Which stretch of a video becomes the loop, and how its end is joined to its beginning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .scan import Scan

SHORTEST = 25  # frames, 1 s; a shorter loop is seen to be one
FADE = 12  # frames, 0.5 s, over which the end becomes the beginning
SAME = 1.5  # times the usual change from picture to picture: no more is a ghost in a cross-fade
STILL = 0.5  # grey levels; what changes less does not change to the eye
EARLIEST = 0.6  # of the stretch, where a cross-fade may end it


@dataclass(frozen=True, slots=True)
class Loop:
    """Pictures of a video, and how they are played."""

    first: int
    n: int
    """Pictures that are used."""
    join: Literal["cross-fade", "there and back"]

    @property
    def length(self) -> int:
        """Frames of the loop."""
        return self.n - FADE if self.join == "cross-fade" else 2 * self.n - 2

    def places(self) -> list[tuple[int, int, float]]:
        """For each frame two pictures of the video, and how much of the second there is."""
        first, n = self.first, self.n
        if self.join == "there and back":
            there = range(first, first + n)
            return [(i, i, 0.0) for i in (*there, *there[-2:0:-1])]
        # The frames before the loop's first are what its last ones become.
        return [(i, i, 0.0) for i in range(first + FADE, first + n - FADE)] + [
            (first + n - FADE + k, first + k, (k + 1) / (FADE + 1)) for k in range(FADE)
        ]


def calmest(scan: Scan, n: int) -> tuple[int, int] | None:
    """The stretch in which nobody speaks and the mouth is stillest: its first picture, its length.

    It has ``n`` pictures, or fewer where no silence is that long; None if none lasts a second.
    """
    runs = [run for run in _runs(scan.is_silent) if run[1] - run[0] >= SHORTEST]
    if not runs:
        return None
    n = min(n, max(stop - start for start, stop in runs))
    unrest = np.concatenate([[0.0], np.cumsum(_unrest(scan))])
    starts = [i for start, stop in runs for i in range(start, stop - n + 1)]
    best = min(starts, key=lambda i: float(unrest[i + n] - unrest[i]))
    return best, n


def join(scan: Scan, first: int, n: int) -> Loop:
    """Join a stretch to a loop: by a cross-fade where its ends look the same, else backwards.

    A cross-fade of a head that is in two places shows two heads. Playing it backwards
    never jumps, but every second time all is seen the wrong way round.
    """
    there_and_back = Loop(first, n, "there and back")
    ends = range(max(SHORTEST + FADE, round(EARLIEST * n)), n + 1)
    if not ends:
        return there_and_back
    pictures = scan.thumbnails[first : first + n].astype(np.float32)
    usual = float(np.median(np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2))))
    ghosts = {
        end: float(np.abs(pictures[end - FADE : end] - pictures[:FADE]).mean(axis=(1, 2)).max())
        for end in ends
    }
    end = min(ghosts, key=lambda end: ghosts[end])
    if ghosts[end] <= max(STILL, SAME * usual):
        return Loop(first, end, "cross-fade")
    return there_and_back


def _unrest(scan: Scan) -> NDArray[np.float64]:
    """How little calm each picture is; 1 is usual for each of three things."""
    width = float(np.median(scan.boxes[:, 2] - scan.boxes[:, 0]))
    middle = (scan.boxes[:, :2] + scan.boxes[:, 2:]) / 2
    speed = np.linalg.norm(np.diff(middle, axis=0, prepend=middle[:1]), axis=1) / width
    # What is dark in a closed mouth too, a beard or a shadow, does not count.
    opened = scan.darkness - np.percentile(scan.darkness, 5)
    return sum((_in_usual(part) for part in (scan.motion, speed, opened)), np.zeros(len(scan)))


def _in_usual(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values / (float(np.mean(values)) + 1e-6), np.float64)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
