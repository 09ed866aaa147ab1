"""One face through all frames of a clip, without the jitter of the detector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .detectors import Boxes, Face, FaceError

SAME_FACE_IOU = 0.3  # intersection over union of boxes of consecutive frames
POSITION_WINDOW = 15  # frames, 0.6 s
SIZE_WINDOW = 51  # frames, 2 s


@dataclass(frozen=True, slots=True)
class TrackRules:
    """When a face counts as one steady face."""

    max_missing: int = 10
    """Frames in a row (0.4 s at 25 fps) that the detector may miss it; they are interpolated."""
    min_width: float = 64.0
    """From cheek to cheek, pixels; smaller faces are blown up more than fivefold."""
    max_turn: float = 0.4
    """See ``Face.turn``; at most a tenth of the frames may exceed it. 0.4 is about 40 degrees."""
    max_jump: float = 0.25
    """Widths of the face that it may move from a frame to the next; heads are slower."""
    rival_share: float = 0.2
    """A second face that is seen in more of the frames than that makes two faces."""
    rival_width: float = 0.5
    """Widths of the first face; smaller second ones are background."""


def track_face(
    detections: Sequence[Sequence[Face]], rules: TrackRules, *, smoothed: bool = True
) -> Boxes:
    """The boxes of the one face of a clip, interpolated and smoothed.

    Args:
        detections: The faces of each frame, in any order.
        rules: When it is one steady face.
        smoothed: False leaves the boxes as the detector gave them, for heads that move fast.

    Returns:
        (n_frames, 4).

    Raises:
        FaceError: There is no face, none that stays, a second one, or it is too
            small, turned away or jumps.
    """
    n = len(detections)
    tracks = _link_detections(detections, rules.max_missing)
    if not tracks:
        raise FaceError("no_face")
    main = max(tracks, key=lambda track: (len(track), _median_width(track)))
    rivals = [
        track
        for track in tracks
        if track is not main
        and len(track) > rules.rival_share * n
        and _median_width(track) >= rules.rival_width * _median_width(main)
    ]
    if any(main.keys() & rival.keys() for rival in rivals):  # else it is there after a cut
        raise FaceError("several_faces")
    known = np.array(sorted(main))
    longest = int(np.diff(known, prepend=-1, append=n).max()) - 1
    if longest > rules.max_missing:
        raise FaceError("face_lost", longest=longest, seen=len(main), total=n)
    boxes = np.array([(f.left, f.top, f.right, f.bottom) for _, f in sorted(main.items())])
    width = _median_width(main)
    if width < rules.min_width:
        raise FaceError("face_small", width=round(width), needed=round(rules.min_width))
    turns = [face.turn for face in main.values() if face.turn is not None]
    if sum(turn > rules.max_turn for turn in turns) > len(turns) / 10:
        raise FaceError("face_turned")
    steps = np.abs(np.diff((boxes[:, 0] + boxes[:, 2]) / 2)) / np.diff(known)
    if steps.size and steps.max() > rules.max_jump * width:
        raise FaceError("face_jumps")
    filled = np.stack([np.interp(np.arange(n), known, column) for column in boxes.T], axis=1)
    return smooth_boxes(filled) if smoothed else filled.astype(np.float32)


def smooth_boxes(boxes: NDArray[np.floating]) -> Boxes:
    """Boxes whose position and size follow the head and not the detector's noise.

    The original averages 5 frames. The cascade's boxes need more: they jitter by
    1 % of their size, and change with every syllable as the chin goes down, at 4 to
    5 Hz. A Hann window of 0.6 s has its first zero at 3.3 Hz, above the nods of a
    head, and no lag. The distance to the camera changes more slowly still; size gets
    2 s. Single frames where the detector slips are taken out by a median of 5 before.
    """
    left, top, right, bottom = np.apply_along_axis(_median_of_5, 0, boxes).T
    width, height = _hann_mean(right - left, SIZE_WINDOW), _hann_mean(bottom - top, SIZE_WINDOW)
    x = _hann_mean((left + right) / 2, POSITION_WINDOW)
    # The middle of a box moves less than its edges while the detector hesitates about size.
    y = _hann_mean((top + bottom) / 2, POSITION_WINDOW)
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1).astype(
        np.float32
    )


def _link_detections(
    detections: Sequence[Sequence[Face]], max_missing: int
) -> list[dict[int, Face]]:
    """Tracks of faces by frame; a face belongs to the track whose last box it overlaps most."""
    tracks: list[dict[int, Face]] = []
    for index, faces in enumerate(detections):
        live = [track for track in tracks if index - _last_frame(track) <= max_missing + 1]
        pairs = sorted(
            (
                (face.overlap(track[_last_frame(track)]), i, j)
                for i, face in enumerate(faces)
                for j, track in enumerate(live)
            ),
            reverse=True,
        )
        placed: set[int] = set()
        grown: set[int] = set()
        for overlap, i, j in pairs:
            if overlap >= SAME_FACE_IOU and i not in placed and j not in grown:
                live[j][index] = faces[i]
                placed.add(i)
                grown.add(j)
        tracks += [{index: face} for i, face in enumerate(faces) if i not in placed]
    return tracks


def _last_frame(track: dict[int, Face]) -> int:
    """The last frame of a track: the frames were put in in order."""
    return next(reversed(track))


def _median_width(track: dict[int, Face]) -> float:
    return float(np.median([face.width for face in track.values()]))


def _median_of_5(values: NDArray[np.floating]) -> NDArray[np.floating]:
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    return np.asarray(np.median(windows, axis=-1))


def _hann_mean(values: NDArray[np.floating], window: int) -> NDArray[np.floating]:
    """A weighted mean around each value; near the ends, of those that are there."""
    weights = np.hanning(window + 2)[1:-1]
    half = window // 2
    padded, ones = np.pad(values, half), np.pad(np.ones(len(values)), half)
    return np.convolve(padded, weights, "valid") / np.convolve(ones, weights, "valid")
