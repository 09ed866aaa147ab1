"""From an order to a video."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..video import watermark
from ..video.mp4_file import Mp4File
from ..wav2lip.blending import blend_face
from ..wav2lip.mel import FPS
from .errors import RenderError, RenderNote
from .face_regions import crop_region, crop_regions, find_face, pad_boxes
from .inputs import AudioWindows, FaceSource, Pixels
from .request import DEFAULT_CHECKPOINT, RenderRequest

if TYPE_CHECKING:  # it needs torch, which takes seconds to import
    from ..wav2lip.inference import LipSyncInference

PADS_96 = (0, 10, 0, 0)  # as in the original's inference.py
MP4_COMMENT = "AI生成 (AI-generated): lips drawn by Zhengwen with a Wav2Lip network"


@dataclass(frozen=True, slots=True)
class RenderProgress:
    """How far a rendering is."""

    stage: Literal["faces", "pictures"]
    """Looking for the face, or drawing."""
    done: int
    total: int
    """Pictures; while looking for the face, no more than that."""


@dataclass(frozen=True, slots=True)
class RenderedVideo:
    """What came of it."""

    out: Path
    n_frames: int
    seconds: float
    notes: list[RenderNote]
    """What a user may want to know, such as that the video was too short."""


def render_video(
    order: RenderRequest, step: Callable[[RenderProgress], None] = lambda step: None
) -> RenderedVideo:
    """Make the video; when anything goes wrong on the way, no file is left.

    Raises:
        RenderError: The face, the sound or the options cannot be used.
        FaceError: The weights of the detector cannot be used.
        FootageError: A file cannot be read as what it should be.
        WeightsError: The checkpoint cannot be used.
        OSError: The result cannot be written.
    """
    _check_files(order)
    source = FaceSource(order.face, order.framing, static=order.static, fps=order.fps)
    audio = AudioWindows(order.audio, source.fps)
    drawer = _load_network(order.checkpoint)
    n = audio.n_frames
    n_used = 1 if source.is_still else n
    boxes, goes_on = find_face(
        source, order, n_used, drawer.size, lambda done: step(RenderProgress("faces", done, n_used))
    )
    pads = order.pads or (PADS_96 if drawer.size == 96 else (0, 0, 0, 0))
    if order.box is None:
        boxes = pad_boxes(boxes, pads)
    where = crop_regions(boxes, source.size, square=drawer.takes_squares)
    if (where[:, 2:] < 2).any():
        raise RenderError("pads_too_small", pads=pads)
    batch = _FrameBatch(drawer, audio, _reference_face(source, order, where, drawer))
    with Mp4File(order.out, source.size, source.fps, order.audio, MP4_COMMENT) as film:
        for frame, (index, picture) in enumerate(source.ping_pong(len(where), n)):
            batch.add(frame, picture, where[index])
            if len(batch) == order.batch_size or frame == n - 1:
                for drawn in batch.drawn():
                    if order.mark:
                        watermark.burn_in(drawn)
                    film.add(drawn)
                step(RenderProgress("pictures", frame + 1, n))
    notes = [] if source.is_still else _length_notes(len(where), n, goes_on)
    return RenderedVideo(order.out, n, audio.seconds, notes)


class _FrameBatch:
    """A few pictures on their way through the network."""

    def __init__(
        self, drawer: "LipSyncInference", audio: AudioWindows, reference: Pixels | None
    ) -> None:
        self._drawer, self._audio, self._reference = drawer, audio, reference
        self._waiting: list[tuple[int, Pixels, NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, frame: int, picture: Pixels, region: NDArray[np.float32]) -> None:
        self._waiting.append((frame, picture, region))

    def drawn(self) -> list[Pixels]:
        """The pictures, speaking; the batch is empty again."""
        drawer, waiting = self._drawer, self._waiting
        self._waiting = []
        faces = np.stack(
            [
                crop_region(picture, region, drawer.size, square=drawer.takes_squares)
                for _, picture, region in waiting
            ]
        )
        mels = self._audio.windows([frame for frame, _, _ in waiting], drawer.lead,
                                     drawer.columns)  # fmt: skip
        references = None
        if self._reference is not None:
            references = np.broadcast_to(self._reference, faces.shape)
        for (_, picture, region), face in zip(
            waiting, drawer.draw(faces, mels, references), strict=True
        ):
            blend_face(picture, face, region)
        return [picture for _, picture, _ in waiting]


def _check_files(order: RenderRequest) -> None:
    for path, option in ((order.face, "--face"), (order.audio, "--audio")):
        if not path.is_file():
            raise RenderError("no_such_file", path=path, option=option)
        if order.out.resolve() == path.resolve():
            raise RenderError("overwrites_input", path=order.out)
    if not order.out.parent.is_dir():
        raise RenderError("no_such_folder", path=order.out.parent)
    if order.checkpoint == DEFAULT_CHECKPOINT and not DEFAULT_CHECKPOINT.is_file():
        raise RenderError("no_default_weights", path=DEFAULT_CHECKPOINT)


def _load_network(weights: Path) -> "LipSyncInference":
    from ..wav2lip.inference import LipSyncInference

    return LipSyncInference.read(weights)


def _reference_face(
    source: FaceSource, order: RenderRequest, where: NDArray[np.float32], drawer: "LipSyncInference"
) -> Pixels | None:
    if order.reference_s is None:
        return None
    index = round(order.reference_s * FPS)
    if not 0 <= index < len(where):
        seconds = f"{len(where) / FPS:g}"
        raise RenderError("reference_outside", at=f"{order.reference_s:g}", seconds=seconds)
    picture = next(source.forwards(index, 1))
    return crop_region(picture, where[index], drawer.size, square=drawer.takes_squares)


def _length_notes(n_seen: int, n: int, has_more: bool) -> list[RenderNote]:
    audio = f"{n / FPS:.1f}"
    if n_seen < n:
        return [RenderNote("video_shorter", {"video": f"{n_seen / FPS:.1f}", "audio": audio})]
    return [RenderNote("video_longer", {"audio": audio})] if has_more else []
