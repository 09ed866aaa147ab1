"""Which stretch of a video becomes the loop, and how its end is joined to its beginning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .scan import VideoScan

MIN_LOOP_FRAMES = 25  # frames, 1 s; a shorter loop is seen to be one
CROSS_FADE_FRAMES = 12  # frames, 0.5 s, over which the end becomes the beginning
MAX_GHOST_RATIO = (
    1.5  # times the usual change from picture to picture: no more is a ghost in a cross-fade
)
INVISIBLE_CHANGE = 0.5  # grey levels; what changes less does not change to the eye
MIN_LOOP_PART = 0.6  # of the stretch, where a cross-fade may end it


@dataclass(frozen=True, slots=True)
class LoopSegment:
    """Pictures of a video, and how they are played."""

    first: int
    n: int
    """Pictures that are used."""
    join: Literal["cross-fade", "there and back"]

    @property
    def length(self) -> int:
        """Frames of the loop."""
        return self.n - CROSS_FADE_FRAMES if self.join == "cross-fade" else 2 * self.n - 2

    def places(self) -> list[tuple[int, int, float]]:
        """For each frame two pictures of the video, and how much of the second there is."""
        first, n = self.first, self.n
        if self.join == "there and back":
            there = range(first, first + n)
            return [(i, i, 0.0) for i in (*there, *there[-2:0:-1])]
        # The frames before the loop's first are what its last ones become.
        return [
            (i, i, 0.0) for i in range(first + CROSS_FADE_FRAMES, first + n - CROSS_FADE_FRAMES)
        ] + [
            (first + n - CROSS_FADE_FRAMES + k, first + k, (k + 1) / (CROSS_FADE_FRAMES + 1))
            for k in range(CROSS_FADE_FRAMES)
        ]


def calmest_segment(scan: VideoScan, n: int) -> tuple[int, int] | None:
    """The stretch in which nobody speaks and the mouth is stillest: its first picture, its length.

    It has ``n`` pictures, or fewer where no silence is that long; None if none lasts a second.
    """
    runs = [run for run in _silent_runs(scan.is_silent) if run[1] - run[0] >= MIN_LOOP_FRAMES]
    if not runs:
        return None
    n = min(n, max(stop - start for start, stop in runs))
    unrest = np.concatenate([[0.0], np.cumsum(_restlessness(scan))])
    starts = [i for start, stop in runs for i in range(start, stop - n + 1)]
    best = min(starts, key=lambda i: float(unrest[i + n] - unrest[i]))
    return best, n


def close_loop(scan: VideoScan, first: int, n: int) -> LoopSegment:
    """Join a stretch to a loop: by a cross-fade where its ends look the same, else backwards.

    A cross-fade of a head that is in two places shows two heads. Playing it backwards
    never jumps, but every second time all is seen the wrong way round.
    """
    ping_pong = LoopSegment(first, n, "there and back")
    ends = range(max(MIN_LOOP_FRAMES + CROSS_FADE_FRAMES, round(MIN_LOOP_PART * n)), n + 1)
    if not ends:
        return ping_pong
    pictures = scan.thumbnails[first : first + n].astype(np.float32)
    usual = float(np.median(np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2))))
    ghosts = {
        end: float(
            np.abs(pictures[end - CROSS_FADE_FRAMES : end] - pictures[:CROSS_FADE_FRAMES])
            .mean(axis=(1, 2))
            .max()
        )
        for end in ends
    }
    end = min(ghosts, key=lambda end: ghosts[end])
    if ghosts[end] <= max(INVISIBLE_CHANGE, MAX_GHOST_RATIO * usual):
        return LoopSegment(first, end, "cross-fade")
    return ping_pong


def _restlessness(scan: VideoScan) -> NDArray[np.float64]:
    """How little calm each picture is; 1 is usual for each of three things."""
    width = float(np.median(scan.boxes[:, 2] - scan.boxes[:, 0]))
    middle = (scan.boxes[:, :2] + scan.boxes[:, 2:]) / 2
    speed = np.linalg.norm(np.diff(middle, axis=0, prepend=middle[:1]), axis=1) / width
    # What is dark in a closed mouth too, a beard or a shadow, does not count.
    opened = scan.darkness - np.percentile(scan.darkness, 5)
    return sum(
        (_relative_to_mean(part) for part in (scan.motion, speed, opened)), np.zeros(len(scan))
    )


def _relative_to_mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values / (float(np.mean(values)) + 1e-6), np.float64)


def _silent_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
