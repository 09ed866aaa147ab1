"""The interface of an inference backend: mel windows and face features to mouth pixels."""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FaceFeatures = Sequence[NDArray[np.float16]]
"""What ``FaceFeatureEncoder`` makes of n faces: (n, C, h, w) per level, the deepest first."""

MelWindows = NDArray[np.float32]
"""(n, 1, 80, 16), in [-4, 4]."""

MouthPixels = NDArray[np.uint8]
"""(n, h, w, 3), RGB: the part of each face that ``mouth_area`` names."""


class BackendError(ValueError):
    """A backend cannot be used on this machine; the text says which can."""


class InferenceBackend(Protocol):
    """The network, ready to draw. Thread-safe: one batch runs at a time."""

    @property
    def name(self) -> str:
        """For people: ``"OpenVINO fp32, 2 threads"``."""

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """The mouths of n frames, of one presenter or several, each with its own features.

        What is drawn of a frame does not depend on the frames drawn with it: not at all with
        OpenVINO, by one level of 255 at most elsewhere.
        """


def warm_up(backend: InferenceBackend, maps: FaceFeatures, batches: Iterable[int]) -> None:
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


class PixelNetwork(nn.Module):
    """``MouthDecoder`` as every backend runs it, so that none converts numbers in a way of its own.

    Args:
        decoder: ``MouthDecoder``, or what takes and gives the same; its precision, 32 or 16
            bits, is what is computed in.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        """(B, 1, 80, 16) of 32 bits and maps of 16 to (B, h, w, 3) bytes, RGB."""
        computed_in = next(self.decoder.parameters()).dtype
        drawn = self.decoder(mels.to(computed_in), *(level.to(computed_in) for level in maps))
        levels = (drawn.float() * 255).round().to(torch.uint8)
        return cast(Tensor, levels.permute(0, 2, 3, 1).contiguous())


def example_inputs(maps: FaceFeatures, n: int) -> tuple[Tensor, ...]:
    """Arguments of ``PixelNetwork`` for n frames, all zero; ``maps`` are of any frame."""
    levels = (torch.zeros(n, *level.shape[1:], dtype=torch.half) for level in maps)
    return torch.zeros(n, 1, 80, 16), *levels
