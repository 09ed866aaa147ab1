"""What a backend does: draw what is seen of faces from sounds and cached maps."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Maps = Sequence[NDArray[np.float16]]
"""What ``split.Steady`` makes of n faces, one array (n, C, h, w) per level, the deepest first."""

Mels = NDArray[np.float32]
"""(n, 1, 80, 16), in [-4, 4]."""

Drawn = NDArray[np.uint8]
"""(n, h, w, 3), RGB: the part of each face that ``split.seen`` names."""


class BackendError(ValueError):
    """A backend cannot be used on this machine; the text says what would do."""


class Backend(Protocol):
    """The network, ready to draw. Several threads may draw: they take turns."""

    @property
    def name(self) -> str:
        """For people: ``"OpenVINO fp32, 2 threads"``."""

    def draw(self, mels: Mels, maps: Maps) -> Drawn:
        """What is seen of n frames, of one speaker or of several, each with its own maps.

        What is drawn of a frame does not depend on the frames drawn with it: not at all with
        OpenVINO, by one level of 255 at most elsewhere.
        """


def warm(backend: Backend, maps: Maps, batches: Iterable[int]) -> None:
    """Draw once with each number of frames that will be drawn at once.

    Kernels are made at the first use of a shape, which takes tenths of a second and would
    otherwise be what the first visitor waits for.

    Args:
        backend: To be warmed.
        maps: Of any frame.
        batches: The numbers of frames.
    """
    for n in batches:
        mels = np.zeros((n, 1, 80, 16), np.float32)
        backend.draw(mels, [np.repeat(level[:1], n, axis=0) for level in maps])
