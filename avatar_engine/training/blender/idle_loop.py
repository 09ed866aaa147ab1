"""The idle film: the resting picture set in motion before the office, marked and encoded."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .head_motion import (
    Anatomy,
    Camera,
    Floats,
    HeadMotion,
    image_flow,
    invert_flow,
    project,
    surface_points,
)
from .pictures import RenderedPictures

LOOP_FPS = 25
"""Frames per second of the loop."""
FLOW_STEP = 4
"""The motion is computed for every fourth pixel of the finished picture; it is smooth."""
_BT709 = 1  # ITU-T H.273 number for primaries, transfer and matrix alike
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)


class IdleLoopRenderer:
    """The frames of one loop, drawn on demand.

    Args:
        pictures: What was photographed.
        camera: The lens they were taken with.
        anatomy: What moves.
        motion: How it moves.
        label: The mark burnt into every frame.

    Raises:
        FileNotFoundError: no font with Chinese letters is installed.
    """

    def __init__(
        self,
        pictures: RenderedPictures,
        camera: Camera,
        anatomy: Anatomy,
        motion: HeadMotion,
        label: str,
    ) -> None:
        self.camera, self.anatomy, self.motion = camera, anatomy, motion
        self._person, self._scale = _blink_stages(pictures)
        side = self._person[0.0].shape[0] // self._scale
        self.size = side
        self.office = load_background(pictures.office, side)
        self._distances = fill_distances(
            np.load(pictures.distances), pictures.distance_step, side, FLOW_STEP
        )
        self._points = surface_points(camera, self._distances, FLOW_STEP)
        self._pill = _label_badge(label, side)

    def back(self, frame: int) -> Floats:
        """Where each pixel of ``frame`` lies in the rest picture, as a displacement.

        Shape (size / GRID, size / GRID, 2), pixels; node (i, j) is pixel (j, i) * GRID.
        """
        forward = image_flow(self.camera, self.anatomy, self._points, self.motion, frame)
        return invert_flow(np.asarray(forward / FLOW_STEP, np.float32)) * FLOW_STEP

    def frame(self, index: int) -> NDArray[np.uint8]:
        """One finished frame, RGB, shape (size, size, 3)."""
        scale = self._scale
        pixel = (np.arange(self.size * scale, dtype=np.float32) + 0.5) / scale - 0.5
        x, y = np.meshgrid(pixel, pixel)
        back = cv2.remap(
            self.back(index),
            x / FLOW_STEP,
            y / FLOW_STEP,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        map_x = (x + back[..., 0] + 0.5) * scale - 0.5
        map_y = (y + back[..., 1] + 0.5) * scale - 0.5
        person = cv2.remap(
            self._blinking(float(self.motion.blink[index])),
            map_x,
            map_y,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        person = cv2.resize(person, (self.size, self.size), interpolation=cv2.INTER_AREA)
        person = np.clip(person, 0.0, 1.0)
        picture = person[..., :3] + self.office * (1.0 - person[..., 3:])
        picture = self._pill[..., :3] + picture * (1.0 - self._pill[..., 3:])
        return to_bytes(picture)

    def _blinking(self, closing: float) -> Floats:
        """The resting person with the lids closed by ``closing``, between the two next stages."""
        stages = sorted(self._person)
        upper = next(s for s in stages if s >= closing - 1e-6)
        lower = max((s for s in stages if s <= closing + 1e-6), default=0.0)
        if upper == lower:
            return self._person[upper]
        mix = (closing - lower) / (upper - lower)
        return np.asarray(self._person[lower] * (1 - mix) + self._person[upper] * mix)


def face_boxes(camera: Camera, anatomy: Anatomy, motion: HeadMotion) -> Floats:
    """Face box (left, top, right, bottom) in each frame, pixels, shape (N, 4)."""
    x, y, z = anatomy.chin
    height, cheek = anatomy.face_height, anatomy.cheek
    points = np.array(
        [
            [
                (x, y, z),
                (x, y + 0.02, z + height),
                (-cheek, y + 0.05, z + 0.3 * height),
                (cheek, y + 0.05, z + 0.3 * height),
            ]
        ],
        np.float32,
    )
    rest = project(camera, points)
    boxes = []
    for frame in range(len(motion)):
        chin, hairline, left, right = (rest + image_flow(camera, anatomy, points, motion, frame))[0]
        boxes.append((left[0], hairline[1], right[0], chin[1]))
    return np.asarray(boxes, np.float32)


def fill_distances(distances: Floats, step: int, side: int, grid: int) -> Floats:
    """Continue the measured distances where nobody is, and smooth them so that nothing tears.

    ``distances`` has a node every ``step`` pixels, NaN where nobody is; the answer has one every
    ``grid`` pixels of a picture ``side`` pixels wide.
    """
    known = np.isfinite(distances).astype(np.float32)
    value = np.where(known > 0, distances, 0.0).astype(np.float32)
    filled, weight = value.copy(), known.copy()
    for sigma in (1.5, 4.0, 12.0, 40.0, 120.0):  # from near to far until every node has a value
        near = cv2.GaussianBlur(known, (0, 0), sigma)
        guess = cv2.GaussianBlur(value, (0, 0), sigma) / np.maximum(near, 1e-9)
        new = (weight == 0) & (near > 0.02)
        filled[new], weight[new] = guess[new], 1.0
    # Where hair stands before a cheek the distance jumps; over 12 pixels the small turns of the
    # head bend such an edge instead of tearing it, and a coarse grid can follow.
    smooth = cv2.GaussianBlur(filled, (0, 0), 12.0 / step)
    node = np.arange(0, side, grid, dtype=np.float32) / step
    x, y = np.meshgrid(node, node)
    return np.asarray(cv2.remap(smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def encode_loop(frames: Iterator[NDArray[np.uint8]], path: Path, size: int) -> None:
    """Write RGB frames as a silent H.264 film (High, 4:2:0, BT.709, index in front)."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=LOOP_FPS)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, LOOP_FPS)
        stream.options = {"crf": "16", "preset": "slow", "profile": "high", "threads": "1"}
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = ColorRange.MPEG
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation="BICUBIC",
            )
            frame.pts, frame.time_base = index, Fraction(1, LOOP_FPS)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def read_rgba(path: Path) -> Floats:
    """A PNG as premultiplied RGBA in [0, 1], shape (h, w, 4)."""
    pixels = cv2.cvtColor(_read_image(path, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    picture = pixels.astype(np.float32) / 255.0
    picture[..., :3] *= picture[..., 3:]
    return picture


def to_bytes(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in [0, 1] (what lies outside is cut) as whole numbers up to 255."""
    return np.asarray(np.clip(picture * 255.0 + 0.5, 0, 255), np.uint8)


def soft_edge(width: int, height: int, fade: int) -> Floats:
    """1 in the middle, falling smoothly to 0 at the border over ``fade`` pixels."""

    def ramp(n: int) -> Floats:
        t = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / fade, 0.0, 1.0)
        return np.asarray(t * t * (3 - 2 * t), np.float32)

    return np.outer(ramp(height), ramp(width)).astype(np.float32)


def _read_image(path: Path, flags: int) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(path), flags)
    if pixels is None:
        raise FileNotFoundError(f"{path} is missing or no picture; delete it and run again.")
    return np.asarray(pixels, np.uint8)


def _blink_stages(pictures: RenderedPictures) -> tuple[dict[float, Floats], int]:
    """By closing of the eyes, the whole person; and how many times oversampled it is."""
    rest = read_rgba(pictures.rest)
    box, people = pictures.eye_box, {0.0: rest}
    scale = 1
    for share, path in pictures.blinks.items():
        if share == 0.0:
            continue
        crop = read_rgba(path)
        scale = crop.shape[1] // box.size[0]
        region = np.s_[box.top * scale : box.bottom * scale, box.left * scale : box.right * scale]
        mask = soft_edge(crop.shape[1], crop.shape[0], 10 * scale)[..., None]
        person = rest.copy()
        person[region] = rest[region] * (1 - mask) + crop * mask
        people[share] = person
    return people, scale


def load_background(path: Path, side: int) -> Floats:
    """The office at the finished size; the last grain of the renderer is blurred away."""
    pixels = (
        cv2.cvtColor(_read_image(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.float32)
        / 255.0
    )
    soft = cv2.GaussianBlur(pixels, (0, 0), 2.5)
    return np.asarray(cv2.resize(soft, (side, side), interpolation=cv2.INTER_CUBIC))


def _label_badge(label: str, side: int) -> Floats:
    """The mark in a dark half-transparent pill at the bottom right, premultiplied RGBA."""
    font_path = next((f for f in _FONTS if Path(f).exists()), None)
    if font_path is None:
        raise FileNotFoundError(
            f"No font for the label {label!r}. Install one with `apt-get install fonts-noto-cjk` "
            f"(looked for {', '.join(_FONTS)})."
        )
    big = 4  # drawn larger and shrunk, for smooth edges
    font = ImageFont.truetype(font_path, 19 * big)
    canvas = Image.new("RGBA", (side * big, side * big))
    draw = ImageDraw.Draw(canvas)
    left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
    width, height = right - left + 22 * big, bottom - top + 14 * big
    x, y = (side - 16) * big - width, (side - 16) * big - height
    draw.rounded_rectangle((x, y, x + width, y + height), height // 2, fill=(18, 22, 28, 140))
    draw.text((x + 11 * big - left, y + 7 * big - top), label, font=font, fill=(255, 255, 255, 235))
    pixels = np.asarray(canvas.resize((side, side), Image.Resampling.BOX), np.float32) / 255.0
    pixels[..., :3] *= pixels[..., 3:]
    return pixels
