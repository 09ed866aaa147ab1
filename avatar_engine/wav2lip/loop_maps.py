"""What the generator makes of a presenter's loop before anybody speaks, kept on disk.

One file per level of the network, 16-bit and mapped into memory: all sessions and all
processes on a machine share the same pages. The folder's name says of which loop and which
weights it was made, so that neither can be mixed with another's.
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

from ..faces import cut, squares
from ..presenter import Presenter
from .backends.base import Maps
from .split import Steady

FORMAT = 1  # counts up when the maps of the same loop and weights become others

Told = Callable[[int, int], None]
"""Is called with how many frames are done, and of how many."""


class LoopMaps:
    """The maps of every frame of a loop.

    Args:
        presenter: Whose loop it is.
        steady: The part of the generator that makes them.
        weights: The file the generator came from.
        folder: Where they are kept; built at the first use, which takes a tenth of a second a
            frame. Another process that is building them is waited for.
        told: Of the building.

    Raises:
        OSError: There is no room for them; nothing is left behind.
    """

    def __init__(
        self,
        presenter: Presenter,
        steady: Steady,
        weights: Path,
        folder: Path,
        told: Told | None = None,
    ) -> None:
        self.folder = folder / f"{presenter.card.name}-{_digest(presenter, weights)}"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.folder}.lock"):
            if not self.folder.is_dir():
                _build(presenter, steady, self.folder, told)
        files = sorted(self.folder.glob("*.npy"))
        # Copied on writing, which nobody does: what cannot be written to, OpenVINO would copy.
        self._levels: list[NDArray[np.float16]] = [np.load(f, mmap_mode="c") for f in files]

    @property
    def bytes_per_frame(self) -> int:
        """On disk, and in memory once a frame was shown."""
        return sum(level[0].nbytes for level in self._levels)

    def of(self, indices: Sequence[int]) -> Maps:
        """The maps of some frames of the loop, one array per level, as a backend takes them.

        Frames that follow each other are not copied: these arrays are the files, and not to be
        written to.
        """
        first, stop = indices[0], indices[0] + len(indices)
        if list(indices) == list(range(first, stop)):
            return [level[first:stop] for level in self._levels]
        return [level[list(indices)] for level in self._levels]


def _build(presenter: Presenter, steady: Steady, folder: Path, told: Told | None) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    cuts = squares(presenter.faces)
    levels: list[NDArray[np.float16]] = []
    n = len(presenter)
    try:
        for index in range(n):
            face = torch.from_numpy(cut(presenter.frame(index), cuts[index]))
            shown = face.permute(2, 0, 1).float()[None] / 255
            masked = shown.clone()
            masked[:, :, shown.shape[2] // 2 :] = 0
            with torch.inference_mode():
                maps = [m[0].half().numpy() for m in steady(torch.cat([masked, shown], dim=1))]
            if not levels:
                for number, made in enumerate(maps):
                    path = part / f"{number}.npy"
                    levels.append(
                        np.lib.format.open_memmap(path, "w+", np.float16, (n, *made.shape))
                    )
            for level, made in zip(levels, maps, strict=True):
                level[index] = made
            if told:
                told(index + 1, n)
        for level in levels:
            level.flush()  # type: ignore[attr-defined]
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _digest(presenter: Presenter, weights: Path) -> str:
    made_of = hashlib.sha256(f"{FORMAT}".encode())
    for part in (presenter.idle_mp4, presenter.faces.tobytes(), weights.read_bytes()):
        made_of.update(hashlib.sha256(part).digest())
    return made_of.hexdigest()[:16]
