"""One interface to every generator: faces and mel windows in, lip-synced faces out."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .compat.lipgan import LIPGAN_LEAD, LIPGAN_MEL_WINDOW, LipGAN
from .mel import GENERATOR_LEAD, MEL_WINDOW
from .model import LipSyncGenerator, Wav2Lip384
from .weights import load_weights

FaceBatch = NDArray[np.uint8]
"""(n, size, size, 3), RGB."""


class LipSyncInference:
    """Runs any of the generators on faces as bytes, RGB.

    Args:
        network: Ready for inference; RGB is converted to its order of channels and back.
    """

    def __init__(self, network: LipSyncGenerator) -> None:
        self._network = network
        self.size = network.size
        """Height and width of a face, pixels."""
        self.lead, self.columns = _mel_window_of(network)
        """How many frames before its own the mel window of a frame begins, and its length."""
        self.takes_squares = isinstance(network, Wav2Lip384)
        """Whether faces are the squares of ``face_squares``; else whole boxes, stretched."""

    @classmethod
    def read(cls, weights: Path) -> "LipSyncInference":
        """With the generator that a weights file holds.

        Raises:
            LipSyncWeightsError: The file cannot be used; see :func:`.weights.load_weights`.
        """
        return cls(load_weights(weights, LipSyncGenerator))

    def draw(
        self, faces: FaceBatch, mels: NDArray[np.float32], references: FaceBatch | None = None
    ) -> FaceBatch:
        """The faces, lip-synced to their mel windows.

        Args:
            faces: As they were filmed.
            mels: (n, 1, 80, columns), from :func:`.mel.mel_windows`.
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
        return np.ascontiguousarray(self._reordered(pixels.numpy()))

    def _tensor(self, faces: FaceBatch) -> Tensor:
        ordered = np.ascontiguousarray(self._reordered(faces))
        return torch.from_numpy(ordered).permute(0, 3, 1, 2).float() / 255

    def _reordered(self, faces: FaceBatch) -> FaceBatch:
        """From RGB to the network's order of colours, or back."""
        return faces[..., ::-1] if self._network.channel_order == "BGR" else faces


def _mel_window_of(network: LipSyncGenerator) -> tuple[int, int]:
    if isinstance(network, Wav2Lip384):
        return GENERATOR_LEAD, MEL_WINDOW
    return (LIPGAN_LEAD, LIPGAN_MEL_WINDOW) if isinstance(network, LipGAN) else (0, MEL_WINDOW)
