"""How a resting person moves: head pose, breath and blinks as periodic curves, and the flow.

Everything here is plain numpy. A picture of the person at rest, together with the distance of
every pixel, is enough to show the head turned by a few degrees: each pixel is carried to where
its point in space would be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Camera:
    """A lens that looks along +y, with z up; a point is seen at ``centre + focal * slope``."""

    position: tuple[float, float, float]
    """Metres."""
    focal: float
    """Focal length in pixels of the finished picture."""
    centre: tuple[float, float]
    """Pixel (x, y) that looks straight ahead; pixel centres have whole numbers."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What moves with the head and what stays with the torso; metres, the bust's own space."""

    pivot: tuple[float, float, float]
    """The point the head turns about, inside the upper neck."""
    head_z: float
    """Everything above, in front of the neck, moves rigidly with the head."""
    torso_z: float
    """Everything below stays with the torso; in between, the neck fades."""
    chin: tuple[float, float, float]
    """Lowest point of the chin, mouth closed."""
    face_height: float
    """Hairline to chin."""
    cheek: float
    """Half the width of the face between the cheeks."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadMotion:
    """One loop of a resting person; each array has one row per frame."""

    angles: Floats
    """Shape (N, 3): yaw, pitch, roll in radians, zero is the rest pose."""
    offsets: Floats
    """Shape (N, 3): movement of the head along x, y, z in metres."""
    breath: Floats
    """Shape (N,): height of the chest in metres; 0 is a full breath, so it is never above."""
    blink: Floats
    """Shape (N,): closing of the eyes, 0 open to 1 shut."""

    def __len__(self) -> int:
        return len(self.angles)


# Per axis: (amplitude in degrees, periods per loop, phase in turns).  Whole numbers of periods
# make the last frame join the first; several of them keep the sway from looking mechanical.
_YAW = ((1.35, 1, 0.05), (0.62, 2, 0.31), (0.30, 3, 0.72), (0.12, 5, 0.18))
_PITCH = ((0.62, 1, 0.40), (0.42, 2, 0.90), (0.26, 3, 0.12), (0.10, 7, 0.55))
_ROLL = ((0.70, 1, 0.62), (0.34, 2, 0.07), (0.18, 4, 0.44))
_SIDE = ((1.6, 1, 0.10), (0.7, 2, 0.55))  # millimetres
_DEPTH = ((1.2, 1, 0.77), (0.5, 3, 0.2))
_BLINK_STARTS = (0.13, 0.46, 0.52, 0.84)  # shares of the loop; the second pair is a double blink
# Mostly the stages that were photographed: a lid between two stages is a dissolve.
_BLINK_SHAPE = (0.27, 0.59, 1.0, 1.0, 0.59, 0.27, 0.10)
_BREATHS = 2
_BREATH = 0.0022  # metres


def idle_motion(frames: int) -> HeadMotion:
    """The loop's motion for ``frames`` frames; frame ``frames`` would be frame 0 again.

    Raises:
        ValueError: fewer than 100 frames, in which the blinks would run into each other.
    """
    if frames < 100:
        raise ValueError(f"An idle loop needs at least 100 frames (4 s), not {frames}.")
    turns = np.arange(frames) / frames
    angles = np.radians(np.stack([_sines(turns, axis) for axis in (_YAW, _PITCH, _ROLL)], 1))
    breath = -_BREATH * (0.5 - 0.5 * np.cos(2 * np.pi * _BREATHS * turns)) ** 1.3
    offsets = 1e-3 * np.stack(
        [_sines(turns, _SIDE), _sines(turns, _DEPTH), np.zeros(frames)], axis=1
    )
    offsets[:, 2] = 0.6 * breath  # the head rides on the shoulders
    blink = np.zeros(frames)
    for start in _BLINK_STARTS:
        at = (round(start * frames) + np.arange(len(_BLINK_SHAPE))) % frames
        blink[at] = _BLINK_SHAPE
    return HeadMotion(*(a.astype(np.float32) for a in (angles, offsets, breath, blink)))


def _sines(
    turns: NDArray[np.float64],
    waves: tuple[tuple[float, int, float], ...],
) -> NDArray[np.float64]:
    total = np.zeros_like(turns)
    for amplitude, periods, phase in waves:
        total += amplitude * np.sin(2 * np.pi * (periods * turns + phase))
    return total


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Rotation matrix of a head that looks along -y: yaw about z, pitch about x, roll about y."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
    return np.asarray(about_z @ about_x @ about_y)


def surface_points(camera: Camera, distance: Floats, step: float = 1.0) -> Floats:
    """Points in space seen by a grid of pixels ``step`` apart.

    ``distance`` has shape (h, w): metres along y from the lens. Returns shape (h, w, 3).
    """
    height, width = distance.shape
    x = (np.arange(width) * step - camera.centre[0]) / camera.focal
    z = -(np.arange(height) * step - camera.centre[1]) / camera.focal
    points = np.stack(
        [x[None, :] * distance, distance, z[:, None] * distance], axis=-1
    ) + np.asarray(camera.position)
    return np.asarray(points, np.float32)


def project(camera: Camera, points: Floats) -> Floats:
    """Pixels (x, y) at which points of shape (..., 3) are seen; shape (..., 2)."""
    x, y, z = np.moveaxis(points - np.asarray(camera.position, np.float32), -1, 0)
    pixels = [camera.centre[0] + camera.focal * x / y, camera.centre[1] - camera.focal * z / y]
    return np.stack(pixels, axis=-1).astype(np.float32)


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 up to ``low``, 1 from ``high`` on, a smooth S between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * t * (t * (6 * t - 15) + 10), np.float32)


def head_share(anatomy: Anatomy, points: Floats) -> Floats:
    """How far each point goes along with the head: 1 on the head, 0 on the torso."""
    # Shoulders and collar reach as high as the chin, but not in front of the neck.
    beside = np.maximum(np.abs(points[..., 0] - anatomy.chin[0]) - 0.75 * anatomy.cheek, 0.0)
    return smoothstep(anatomy.torso_z, anatomy.head_z, points[..., 2] - 0.9 * beside)


def image_flow(
    camera: Camera, anatomy: Anatomy, points: Floats, motion: HeadMotion, frame: int
) -> Floats:
    """Where each point's pixel goes in ``frame``: shape (h, w, 2), pixels to the right and down.

    ``points`` is what :func:`surface_points` returned for the rest pose.
    """
    pivot = np.asarray(anatomy.pivot)
    head = head_share(anatomy, points)[..., None]
    yaw, pitch, roll = (float(a) for a in motion.angles[frame])
    turned = (points - pivot) @ rotation(yaw, pitch, roll).T + pivot + motion.offsets[frame]
    rise = np.array([0.0, -0.4, 1.0]) * motion.breath[frame]  # the chest also comes forward
    breathing = (1.0 - head) * rise
    moved = points + head * (turned - points) + breathing
    return project(camera, moved.astype(np.float32)) - project(camera, points)


def invert_flow(forward: Floats, rounds: int = 6) -> Floats:
    """The way back: where in the rest picture each pixel of the moved picture comes from.

    ``forward`` has shape (h, w, 2). Returns ``back`` of the same shape with
    ``back(x) = -forward(x + back(x))``, by fixed-point iteration, which converges because the
    flow of a small turn changes by far less than a pixel per pixel.
    """
    height, width = forward.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    back = -forward
    for _ in range(rounds):
        back = -sample_bilinear(forward, grid + back)
    return back


def sample_bilinear(image: Floats, at: Floats) -> Floats:
    """Sample ``image`` (h, w, c) at pixels ``at`` (..., 2) as (x, y), clamped to the border."""
    height, width = image.shape[:2]
    x = np.clip(at[..., 0], 0, width - 1)
    y = np.clip(at[..., 1], 0, height - 1)
    left = np.minimum(x.astype(np.int32), max(width - 2, 0))
    top = np.minimum(y.astype(np.int32), max(height - 2, 0))
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    above = image[top, left] * (1 - fx) + image[top, right] * fx
    below = image[bottom, left] * (1 - fx) + image[bottom, right] * fx
    return np.asarray(above * (1 - fy) + below * fy, np.float32)
