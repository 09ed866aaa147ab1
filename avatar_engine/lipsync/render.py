"""Renders a lip-synced video: find the face, generate each frame, encode."""

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
    """A finished video."""

    out: Path
    n_frames: int
    seconds: float
    notes: list[RenderNote]
    """What a user may want to know, such as that the video was too short."""


def render_video(
    request: RenderRequest, step: Callable[[RenderProgress], None] = lambda step: None
) -> RenderedVideo:
    """Make the video; when anything goes wrong on the way, no file is left.

    Raises:
        RenderError: The face, the sound or the options cannot be used.
        FaceError: The weights of the detector cannot be used.
        VideoReadError: A file cannot be read as what it should be.
        LipSyncWeightsError: The checkpoint cannot be used.
        OSError: The result cannot be written.
    """
    _check_files(request)
    source = FaceSource(request.face, request.framing, static=request.static, fps=request.fps)
    audio = AudioWindows(request.audio, source.fps)
    network = _load_network(request.checkpoint)
    n = audio.n_frames
    n_used = 1 if source.is_still else n
    boxes, has_more = find_face(
        source,
        request,
        n_used,
        network.size,
        lambda done: step(RenderProgress("faces", done, n_used)),
    )
    pads = request.pads or (PADS_96 if network.size == 96 else (0, 0, 0, 0))
    if request.box is None:
        boxes = pad_boxes(boxes, pads)
    regions = crop_regions(boxes, source.size, square=network.takes_squares)
    if (regions[:, 2:] < 2).any():
        raise RenderError("pads_too_small", pads=pads)
    batch = _FrameBatch(network, audio, _reference_face(source, request, regions, network))
    with Mp4File(request.out, source.size, source.fps, request.audio, MP4_COMMENT) as mp4:
        for frame, (index, picture) in enumerate(source.ping_pong(len(regions), n)):
            batch.add(frame, picture, regions[index])
            if len(batch) == request.batch_size or frame == n - 1:
                for drawn in batch.drawn():
                    if request.mark:
                        watermark.burn_in(drawn)
                    mp4.add(drawn)
                step(RenderProgress("pictures", frame + 1, n))
    notes = [] if source.is_still else _length_notes(len(regions), n, has_more)
    return RenderedVideo(request.out, n, audio.seconds, notes)


class _FrameBatch:
    """Collects pictures and runs the network on all of them at once."""

    def __init__(
        self, network: "LipSyncInference", audio: AudioWindows, reference: Pixels | None
    ) -> None:
        self._network, self._audio, self._reference = network, audio, reference
        self._waiting: list[tuple[int, Pixels, NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, frame: int, picture: Pixels, region: NDArray[np.float32]) -> None:
        self._waiting.append((frame, picture, region))

    def drawn(self) -> list[Pixels]:
        """The lip-synced pictures; the batch is empty again."""
        network, waiting = self._network, self._waiting
        self._waiting = []
        faces = np.stack(
            [
                crop_region(picture, region, network.size, square=network.takes_squares)
                for _, picture, region in waiting
            ]
        )
        mels = self._audio.windows([frame for frame, _, _ in waiting], network.lead,
                                     network.columns)  # fmt: skip
        references = None
        if self._reference is not None:
            references = np.broadcast_to(self._reference, faces.shape)
        for (_, picture, region), face in zip(
            waiting, network.draw(faces, mels, references), strict=True
        ):
            blend_face(picture, face, region)
        return [picture for _, picture, _ in waiting]


def _check_files(request: RenderRequest) -> None:
    for path, option in ((request.face, "--face"), (request.audio, "--audio")):
        if not path.is_file():
            raise RenderError("no_such_file", path=path, option=option)
        if request.out.resolve() == path.resolve():
            raise RenderError("overwrites_input", path=request.out)
    if not request.out.parent.is_dir():
        raise RenderError("no_such_folder", path=request.out.parent)
    if request.checkpoint == DEFAULT_CHECKPOINT and not DEFAULT_CHECKPOINT.is_file():
        raise RenderError("no_default_weights", path=DEFAULT_CHECKPOINT)


def _load_network(weights: Path) -> "LipSyncInference":
    from ..wav2lip.inference import LipSyncInference

    return LipSyncInference.read(weights)


def _reference_face(
    source: FaceSource,
    request: RenderRequest,
    regions: NDArray[np.float32],
    network: "LipSyncInference",
) -> Pixels | None:
    if request.reference_s is None:
        return None
    index = round(request.reference_s * FPS)
    if not 0 <= index < len(regions):
        seconds = f"{len(regions) / FPS:g}"
        raise RenderError("reference_outside", at=f"{request.reference_s:g}", seconds=seconds)
    picture = next(source.forwards(index, 1))
    return crop_region(picture, regions[index], network.size, square=network.takes_squares)


def _length_notes(n_seen: int, n: int, has_more: bool) -> list[RenderNote]:
    audio = f"{n / FPS:.1f}"
    if n_seen < n:
        return [RenderNote("video_shorter", {"video": f"{n_seen / FPS:.1f}", "audio": audio})]
    return [RenderNote("video_longer", {"audio": audio})] if has_more else []
