"""A training clip on disk: what ``prepare`` writes and training reads.

A folder with ``0.jpg``, ``1.jpg``, … (384x384, quality 95, full colour resolution),
``audio.wav`` (16 kHz, mono, 16 bits, exactly 640 samples a frame) and ``clip.json``.
These are the names that the original's training script reads, too.

Pictures in JPEG, each for itself, because training reads five frames here and five
there: a video would have to be decoded from its last key frame on.
"""

import json
import os
import shutil
import wave
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...face_detection import FACE_SIZE
from ...wav2lip.mel import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME

JPEG_QUALITY = 95  # of JPEG, of 100
PARTIAL_SUFFIX = ".part"  # ends the name of a folder that is being written


class ClipError(ValueError):
    """A clip's folder is damaged; the text says how."""


@dataclass(frozen=True, slots=True)
class ClipMetadata:
    """``clip.json``: where a clip comes from, and where its face was."""

    source: str
    """The video's path, as it was given."""
    source_sha256: str
    start_s: float
    """In the video."""
    end_s: float
    n_frames: int
    fps: int
    size: int
    """Height and width of the pictures, pixels."""
    detector: str
    boxes: list[list[float]]
    """Per frame left, top, right, bottom of the smoothed face box, pixels of the upright video."""
    squares: list[list[float]]
    """Per frame left, top, side of what was cut out, likewise."""
    offset: int | None
    """Frames by which the sound is late, as an expert sees it; None if none was asked."""
    settings: str
    """Digest of the settings it was made with."""
    text: str = ""
    """What is said, where that is known."""
    voice: str = ""
    """Who says it, likewise."""
    loop: str = ""
    """Of a drawn presenter: the folder, beside the clip's own, of the same head with shut lips."""
    loop_first: int = 0
    """The picture of that loop which belongs to the first frame."""


class Clip:
    """A clip's folder, for reading.

    Raises:
        ClipError: It is not a whole clip.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.card = ClipMetadata(**json.loads((folder / "clip.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ClipError(f"{folder} is not a clip: {error}; prepare it again") from error

    def __len__(self) -> int:
        """Frames."""
        return self.card.n_frames

    def frames(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Some pictures, (n, 384, 384, 3), RGB."""
        return np.stack([self._frame(index) for index in indices])

    def references(self, indices: Sequence[int]) -> NDArray[np.uint8] | None:
        """The same heads with shut lips, (n, 384, 384, 3), RGB; None if nobody knows them.

        A presenter's loop shows them; of a person who was filmed speaking there are none.
        """
        if not self.loop:
            return None
        loop, n = self.loop
        at = self.card.loop_first
        return np.stack([self._picture(loop / f"{(at + i) % n}.jpg") for i in indices])

    @cached_property
    def loop(self) -> tuple[Path, int] | None:
        """The folder of the same head with shut lips, and how many pictures it has.

        Raises:
            ClipError: It has none.
        """
        if not self.card.loop:
            return None
        loop = self.folder.parent / self.card.loop
        n = sum(1 for _ in loop.glob("*.jpg"))
        if n == 0:
            raise ClipError(
                f"{loop}, which {self.folder} refers to, has no pictures; make it again"
            )
        return loop, n

    def samples(self) -> NDArray[np.float32]:
        """The sound, (640 n_frames,), in [-1, 1], 16 kHz."""
        path = self.folder / "audio.wav"
        try:
            with wave.open(str(path)) as file:
                pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        except (OSError, EOFError, wave.Error) as error:
            raise ClipError(f"{path} cannot be read: {error}; prepare it again") from error
        if len(pcm) != len(self) * SAMPLES_PER_FRAME:
            raise ClipError(f"{path} does not belong to these pictures; prepare it again")
        return pcm.astype(np.float32) / np.float32(32768)

    def _frame(self, index: int) -> NDArray[np.uint8]:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of a clip of {len(self)} frames")
        return self._picture(self.folder / f"{index}.jpg")

    def _picture(self, path: Path) -> NDArray[np.uint8]:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) if path.is_file() else None
        if picture is None or picture.shape != (self.card.size, self.card.size, 3):
            raise ClipError(f"{path} is missing or damaged; prepare it again")
        return picture.astype(np.uint8, copy=False)


def read_clips(folder: Path) -> list[Clip]:
    """All clips that ``prepare`` wrote into a folder, sorted by name."""
    found = sorted(path.parent for path in folder.glob("*/clip.json"))
    return [Clip(path) for path in found if path.suffix != PARTIAL_SUFFIX]


def write_frames(folder: Path, pictures: Iterable[NDArray[np.uint8]]) -> int:
    """Write (384, 384, 3) pictures, RGB, as they come; returns how many they were."""
    n = 0
    for n, picture in enumerate(pictures, 1):
        assert picture.shape == (FACE_SIZE, FACE_SIZE, 3)
        options = [
            cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]  # fmt: skip
        _, packed = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
        (folder / f"{n - 1}.jpg").write_bytes(packed.tobytes())
    return n


def write_audio(folder: Path, pcm: NDArray[np.int16]) -> None:
    """Write the sound, mono, 16 kHz."""
    with wave.open(str(folder / "audio.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm.astype("<i2").tobytes())


def write_metadata(folder: Path, card: ClipMetadata) -> None:
    """Write ``clip.json``."""
    assert card.fps == FPS
    text = json.dumps(asdict(card), ensure_ascii=False)
    (folder / "clip.json").write_text(text, "utf-8")


def begin_clip(folder: Path) -> Path:
    """An empty folder beside the one that a clip will have."""
    part = folder.with_name(folder.name + PARTIAL_SUFFIX)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def discard_clip(folder: Path) -> None:
    """Remove what was written of a clip that is left out after all."""
    shutil.rmtree(folder.with_name(folder.name + PARTIAL_SUFFIX), ignore_errors=True)


def finish_clip(part: Path) -> None:
    """Give a folder that is wholly written its name; an older clip there is replaced."""
    folder = part.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)
