"""What a rendering is made of; the choices are those of Wav2Lip's ``inference.py``."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from zhengwen.assets import asset

from .errors import RenderError

DEFAULT_CHECKPOINT = asset("wav2lip384", "generator.safetensors")
"""The generator that is used when none is named."""


@dataclass(frozen=True, slots=True)
class FrameTransform:
    """What of the pictures is used. They are made smaller, then turned, then cropped."""

    resize_factor: int = 1
    """Pictures become so many times smaller."""
    rotate: bool = False
    """Whether to turn them by 90 degrees clockwise; a phone's own turn is seen to anyway."""
    crop: tuple[int, int, int, int] = (0, -1, 0, -1)
    """Top, bottom, left, right, pixels; -1 is the edge."""

    def __post_init__(self) -> None:
        if self.resize_factor < 1:
            raise RenderError("bad_resize_factor", factor=self.resize_factor)

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Of (height, width, 3), a contiguous picture of even height and width, as H.264 wants.

        Raises:
            RenderError: The crop leaves nothing.
        """
        made = picture
        if self.resize_factor > 1:
            height, width = (max(1, n // self.resize_factor) for n in made.shape[:2])
            small = cv2.resize(made, (width, height), interpolation=cv2.INTER_AREA)
            made = small.astype(np.uint8, copy=False)
        if self.rotate:
            made = np.rot90(made, -1)
        height, width = made.shape[:2]
        top, bottom, left, right = self.crop
        bottom, right = height if bottom == -1 else bottom, width if right == -1 else right
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise RenderError("crop_outside", crop=self.crop, width=width, height=height)
        bottom, right = bottom - (bottom - top) % 2, right - (right - left) % 2
        if bottom == top or right == left:
            raise RenderError("crop_empty", width=width, height=height)
        return np.ascontiguousarray(made[top:bottom, left:right])


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One video to be made."""

    face: Path
    """A video, or a picture."""
    audio: Path
    """A sound, or a video with sound."""
    out: Path
    """An MP4 file."""
    checkpoint: Path = DEFAULT_CHECKPOINT
    """Weights of Wav2Lip-384, Wav2Lip or LipGAN."""
    framing: FrameTransform = FrameTransform()
    pads: tuple[int, int, int, int] | None = None
    """Pixels by which the face box is made larger: top, bottom, left, right. By default none,
    or 10 at the bottom for Wav2Lip-96, whose data was cut like that."""
    smoothed: bool = True
    """Whether the box follows the head smoothly, or the detector exactly."""
    static: bool = False
    """Whether only the first picture of a video is used."""
    box: tuple[int, int, int, int] | None = None
    """Top, bottom, left, right of the face in all pictures, pixels; no face is looked for."""
    batch_size: int = 4
    """Faces drawn at a time."""
    detector: Path | None = None
    """YuNet's weights; by default OpenCV's cascade looks for faces."""
    fps: int | None = None
    """Frames a second, for a picture; a video always becomes 25."""
    reference_s: float | None = None
    """When in the video the mouth is closed, s; by default each picture is its own reference."""
    mark: bool = False
    """Whether the mark 「AI生成」 is drawn into the lower right corner."""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise RenderError("bad_batch_size", size=self.batch_size)
        if self.fps is not None and not 1 <= self.fps <= 60:
            raise RenderError("bad_fps", fps=self.fps)
        if self.box is not None:
            top, bottom, left, right = self.box
            if not (0 <= top < bottom and 0 <= left < right):
                raise RenderError("bad_box", box=self.box)
        if self.out.suffix.lower() != ".mp4":
            raise RenderError("not_mp4", path=self.out)
