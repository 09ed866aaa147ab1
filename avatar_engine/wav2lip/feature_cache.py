"""Face features of every frame of a presenter's idle loop, computed once and kept on disk.

One file per level of the network, 16-bit and mapped into memory: all sessions and all
processes on a machine share the same pages. The folder's name says of which loop and which
weights it was made, so that neither can be mixed with another's. With less memory than the
whole loop needs, some of its frames are kept and the others computed when they are shown.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from tts_engine.torch_inference import single_thread_inference

from ..face_detection import crop_square, face_squares
from ..presenter import Presenter
from .backends.base import FaceFeatures
from .split_generator import FaceFeatureEncoder

CACHE_FORMAT = 2  # counts up when the maps of the same loop and weights become others

CacheProgress = Callable[[int, int], None]
"""Called with the number of frames done, and of all."""


class FeatureCache:
    """The feature maps of every frame of an idle loop.

    Args:
        presenter: Whose loop it is.
        face_encoder: The part of the generator that computes them.
        weights: The file the generator came from.
        folder: Where they are kept; built at the first use, which takes a tenth of a second a
            frame. Another process that is building them is waited for.
        progress: Told of the frames computed so far.
        max_mib: What they may take up; None keeps the whole loop. One frame is always kept.
            The kept ones are spread over the loop, so that the cost of computing the others is
            even.

    Raises:
        OSError: The disk is full; nothing is left behind.
    """

    def __init__(
        self,
        presenter: Presenter,
        face_encoder: FaceFeatureEncoder,
        weights: Path,
        folder: Path,
        progress: CacheProgress | None = None,
        max_mib: int | None = None,
    ) -> None:
        self._extractor = FaceFeatureExtractor(presenter, face_encoder)
        digest = _cache_key(presenter, weights, face_encoder, max_mib)
        self.folder = folder / f"{presenter.card.name}-{digest}"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.folder}.lock"):
            if not self.folder.is_dir():
                _build_cache(self._extractor, len(presenter), self.folder, progress, max_mib)
        files = sorted(self.folder.glob("*.npy"))
        # Copied on writing, which nobody does: what cannot be written to, OpenVINO would copy.
        self._levels: list[NDArray[np.float16]] = [np.load(f, mmap_mode="c") for f in files]
        self._rows = {
            frame: row for row, frame in enumerate(_cached_frames(self.n_kept, len(presenter)))
        }

    @property
    def n_kept(self) -> int:
        """How many of the loop's frames are on disk."""
        return len(self._levels[0])

    def of(self, indices: Sequence[int]) -> FaceFeatures:
        """The maps of some frames of the loop, one array per level, as a backend takes them.

        Frames that are kept one after the other are not copied: these arrays are the files, and
        not to be written to.
        """
        rows = [self._rows.get(index) for index in indices]
        first = rows[0]
        if first is not None and rows == list(range(first, first + len(rows))):
            return [level[first : first + len(rows)] for level in self._levels]
        frames = [
            self._extractor.maps(index) if row is None else [level[row] for level in self._levels]
            for index, row in zip(indices, rows, strict=True)
        ]
        return [np.stack(level) for level in zip(*frames, strict=True)]


class FaceFeatureExtractor:
    """Computes the feature maps of a loop's frames.

    Args:
        presenter: Whose loop it is.
        face_encoder: The network's part.
    """

    def __init__(self, presenter: Presenter, face_encoder: FaceFeatureEncoder) -> None:
        self._presenter, self._face_encoder = presenter, face_encoder
        self._squares = face_squares(presenter.faces)

    def maps(self, index: int) -> list[NDArray[np.float16]]:
        """Those of one frame, one array (C, h, w) per level."""
        face = torch.from_numpy(crop_square(self._presenter.frame(index), self._squares[index]))
        shown = face.permute(2, 0, 1).float()[None] / 255
        masked = shown.clone()
        masked[:, :, shown.shape[2] // 2 :] = 0
        with single_thread_inference():
            made = self._face_encoder(torch.cat([masked, shown], dim=1))
        return [level[0].half().numpy() for level in made]


def _cached_frames(n_kept: int, n: int) -> list[int]:
    """Which of ``n`` frames are kept: as far from each other as they can be."""
    return [row * n // n_kept for row in range(n_kept)]


def _build_cache(
    extractor: FaceFeatureExtractor,
    n: int,
    folder: Path,
    progress: CacheProgress | None,
    max_mib: int | None,
) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        first = extractor.maps(0)
        n_kept = n
        if max_mib is not None:
            n_kept = min(n, max(1, max_mib * 2**20 // sum(level.nbytes for level in first)))
        levels = [
            np.lib.format.open_memmap(
                part / f"{number}.npy", "w+", np.float16, (n_kept, *made.shape)
            )
            for number, made in enumerate(first)
        ]
        for row, index in enumerate(_cached_frames(n_kept, n)):
            for level, made in zip(levels, extractor.maps(index) if row else first, strict=True):
                level[row] = made
            if progress:
                progress(row + 1, n_kept)
        for level in levels:
            level.flush()
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _cache_key(
    presenter: Presenter, weights: Path, face_encoder: FaceFeatureEncoder, max_mib: int | None
) -> str:
    key = hashlib.sha256(f"{CACHE_FORMAT} {face_encoder.split_up_to} {max_mib}".encode())
    for part in (presenter.idle_mp4, presenter.faces.tobytes(), weights.read_bytes()):
        key.update(hashlib.sha256(part).digest())
    return key.hexdigest()[:16]
