"""A presenter: a folder with an idle loop and what each avatar needs to draw on it."""

from pathlib import Path
from typing import Literal, cast

import av
import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class PresenterError(ValueError):
    """A presenter folder is missing or damaged; the text says what to do."""


class PresenterCard(BaseModel):
    """``presenter.yaml``: who this is, and under which terms they may be shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: dict[str, str]
    """What visitors call the presenter, by BCP 47 language tag."""
    licence: str
    attribution: str
    consent: str
    """On what grounds this likeness may speak words its owner never said."""
    voice: Literal["female", "male"]
    """Which voice fits."""
    label: str
    """The mark that says the picture is made by a machine; it is burnt into the loop."""
    width: int = Field(gt=0, multiple_of=2)
    height: int = Field(gt=0, multiple_of=2)
    fps: int = Field(gt=0)
    frames: int = Field(gt=0)


class Presenter:
    """A presenter folder, loaded.

    Args:
        folder: Holds ``presenter.yaml``, ``idle.mp4`` and ``track.npz``.

    Raises:
        PresenterError: Something is missing, or the parts do not fit together.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = _read_card(folder / "presenter.yaml")
        self.idle_mp4 = _read(folder / "idle.mp4")
        # A loop of 10 s is 390 MB in RGB, half of that as it comes from the
        # decoder; turning one frame into RGB costs half a millisecond.
        self._loop = _decode_loop(folder / "idle.mp4", self.card)
        self.faces = _read_face_boxes(folder / "track.npz", self.card)
        """float32, shape (n_frames, 4): left, top, right, bottom of the face, pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), pixels."""
        return self.card.width, self.card.height

    def __len__(self) -> int:
        """Frames in the loop."""
        return len(self._loop)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """A copy of a loop frame, RGB, shape (height, width, 3); the index wraps around."""
        planar = self._loop[index % len(self._loop)]
        return cast(NDArray[np.uint8], cv2.cvtColor(planar, cv2.COLOR_YUV2RGB_I420))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PresenterError(
            f"{path}: {error.strerror}. A presenter is a folder such as assets/presenters/suit; "
            "check the name in the settings"
        ) from error


def _read_card(path: Path) -> PresenterCard:
    try:
        return PresenterCard.model_validate(yaml.safe_load(_read(path).decode("utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PresenterError(f"{path} is not a valid presenter card: {error}") from error


def _decode_loop(path: Path, card: PresenterCard) -> list[NDArray[np.uint8]]:
    """The loop as I420 pictures of shape (height * 3 / 2, width)."""
    loop: list[NDArray[np.uint8]] = []
    try:
        with av.open(str(path)) as film:
            for frame in film.decode(video=0):
                rgb = frame.to_ndarray(format="rgb24")
                planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
                loop.append(cast(NDArray[np.uint8], planar))
    except av.FFmpegError as error:
        raise PresenterError(f"{path} cannot be decoded: {error}") from error
    expected = (card.height * 3 // 2, card.width)
    if len(loop) != card.frames or loop[0].shape != expected:
        height, width = (loop[0].shape[0] * 2 // 3, loop[0].shape[1]) if loop else (0, 0)
        raise PresenterError(
            f"{path} has {len(loop)} frames of {width}x{height}, but presenter.yaml says "
            f"{card.frames} of {card.width}x{card.height}: render or copy the folder again"
        )
    return loop


def _read_face_boxes(path: Path, card: PresenterCard) -> NDArray[np.float32]:
    try:
        with np.load(path) as arrays:
            faces: NDArray[np.float32] = arrays["face"].astype(np.float32)
    except (OSError, KeyError, ValueError) as error:
        raise PresenterError(f"{path} holds no face boxes: {error}") from error
    if faces.shape != (card.frames, 4):
        raise PresenterError(f"{path} has boxes of shape {faces.shape}, not ({card.frames}, 4)")
    return faces
