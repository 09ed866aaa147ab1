"""Any generator of the family as one thing: faces and what they hear in, speaking faces out."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .generator import Generator, Wav2Lip384
from .lipgan import FRAMES_BEFORE, MEL_WINDOW, LipGAN
from .mel import GENERATOR_LEAD, WINDOW
from .weights import load

Faces = NDArray[np.uint8]
"""(n, size, size, 3), RGB."""


class FaceDrawer:
    """Draws faces with a generator, whichever it is.

    Args:
        network: Ready for inference. Its order of colours is seen to here.
    """

    def __init__(self, network: Generator) -> None:
        self._network = network
        self.size = network.size
        """Height and width of a face, pixels."""
        self.lead, self.columns = _hearing(network)
        """How many frames before its own the mel window of a frame begins, and its length."""
        self.takes_squares = isinstance(network, Wav2Lip384)
        """Whether faces are the squares of ``faces.squares``; else whole boxes, squashed."""

    @classmethod
    def read(cls, weights: Path) -> "FaceDrawer":
        """With the generator that a weights file holds.

        Raises:
            WeightsError: The file cannot be used; see :func:`.weights.load`.
        """
        return cls(load(weights, Generator))

    def draw(
        self, faces: Faces, mels: NDArray[np.float32], references: Faces | None = None
    ) -> Faces:
        """The faces, saying what is heard.

        Args:
            faces: As they were filmed.
            mels: (n, 1, 80, columns), from :func:`.mel.windows`.
            references: The same person with the mouth closed, so that no shape of the
                filmed lips leaks; by default the faces themselves, as in the original.
        """
        whole = self._tensor(faces)
        masked = whole.clone()
        masked[:, :, self.size // 2 :] = 0
        reference = whole if references is None else self._tensor(references)
        given = torch.from_numpy(mels), torch.cat([masked, reference], dim=1)
        with torch.inference_mode():
            if isinstance(self._network, Wav2Lip384):  # which need not have learnt the upper half
                lower = self._network(*given, lower_half=True)
                drawn = torch.cat([whole[:, :, : self.size // 2], lower], dim=2)
            else:
                drawn = self._network(*given)
        pixels = (drawn * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        return np.ascontiguousarray(self._turned(pixels.numpy()))

    def _tensor(self, faces: Faces) -> Tensor:
        ordered = np.ascontiguousarray(self._turned(faces))
        return torch.from_numpy(ordered).permute(0, 3, 1, 2).float() / 255

    def _turned(self, faces: Faces) -> Faces:
        """From RGB to the network's order of colours, or back."""
        return faces[..., ::-1] if self._network.channel_order == "BGR" else faces


def _hearing(network: Generator) -> tuple[int, int]:
    if isinstance(network, Wav2Lip384):
        return GENERATOR_LEAD, WINDOW
    return (FRAMES_BEFORE, MEL_WINDOW) if isinstance(network, LipGAN) else (0, WINDOW)
