"""Face features of every frame of a presenter's idle loop, computed once and kept on disk.

One file per level of the network, 16-bit and mapped into memory: all sessions and all
processes on a machine share the same pages. The folder's name says of which loop and which
weights it was made, so that neither can be mixed with another's. With less memory than the
whole loop needs, some of its frames are kept and the others computed when they are shown.
"""

import hashlib
import logging
import os
import shutil
import zlib
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

CACHE_FORMAT = 3  # counts up when the maps of the same loop and weights become others

_CHECKSUMS = "checksums"  # CRC-32 of each frame's maps, shape (n_kept, n_levels)

logger = logging.getLogger(__name__)

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

    What is damaged on disk costs its own frame: that is computed when it is first shown.
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
        opened = _opened(self.folder)
        if opened is None:
            with FileLock(f"{self.folder}.lock"):
                opened = _opened(self.folder)
                if opened is None:
                    shutil.rmtree(self.folder, ignore_errors=True)
                    _build_cache(self._extractor, len(presenter), self.folder, progress, max_mib)
                    opened = _opened(self.folder)
        assert opened is not None
        self._levels, self._checksums = opened
        self._is_checked = np.zeros(self.n_kept, bool)
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
        for index, row in zip(indices, rows, strict=True):
            if row is not None and not self._is_checked[row]:
                self._check(index, row)
        first = rows[0]
        if first is not None and rows == list(range(first, first + len(rows))):
            return [level[first : first + len(rows)] for level in self._levels]
        frames = [
            self._extractor.maps(index) if row is None else [level[row] for level in self._levels]
            for index, row in zip(indices, rows, strict=True)
        ]
        return [np.stack(level) for level in zip(*frames, strict=True)]

    def _check(self, index: int, row: int) -> None:
        """Compare a frame's maps with their checksums the first time; compute what is damaged."""
        kept = [zlib.crc32(level[row]) for level in self._levels]
        if kept != self._checksums[row].tolist():
            logger.warning("%s is damaged at frame %d, which is computed anew", self.folder, index)
            for level, made in zip(self._levels, self._extractor.maps(index), strict=True):
                level[row] = made  # in this process: the file stays as it is
        self._is_checked[row] = True


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


def _opened(folder: Path) -> tuple[list[NDArray[np.float16]], NDArray[np.uint32]] | None:
    """The levels of a cache and the checksums of its frames; None if it is not there or torn."""
    try:
        checksums = np.load(folder / f"{_CHECKSUMS}.npy")
        files = [folder / f"{number}.npy" for number in range(checksums.shape[1])]
        # Copied on writing: what cannot be written to, OpenVINO would copy.
        levels = [np.load(file, mmap_mode="c") for file in files]
    except (OSError, ValueError, IndexError, EOFError):
        return None
    is_whole = all(len(level) == len(checksums) and level.dtype == np.float16 for level in levels)
    return (levels, checksums) if levels and is_whole else None


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
        checksums = np.zeros((n_kept, len(levels)), np.uint32)
        for row, index in enumerate(_cached_frames(n_kept, n)):
            maps = extractor.maps(index) if row else first
            for number, (level, made) in enumerate(zip(levels, maps, strict=True)):
                level[row] = made
                checksums[row, number] = zlib.crc32(made.tobytes())
            if progress:
                progress(row + 1, n_kept)
        for level in levels:
            level.flush()
        np.save(part / f"{_CHECKSUMS}.npy", checksums)
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
