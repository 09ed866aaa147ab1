"""Torch on a processor: always there."""

from threading import Lock

import torch
from torch import nn

from .base import Drawn, Maps, Mels
from .pixels import Pixels


class TorchCpu:
    """In fp32.

    Args:
        speaking: The network.
        threads: Of the processor; also of whatever else this process does with torch.
    """

    def __init__(self, speaking: nn.Module, threads: int) -> None:
        self.name = f"torch fp32, {threads} thread{'s' * (threads > 1)}"
        self._threads = threads
        pixels = Pixels(speaking).eval()
        self._pixels = pixels.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._turn = Lock()

    def draw(self, mels: Mels, maps: Maps) -> Drawn:
        """See :class:`.base.Backend`."""
        with self._turn, torch.inference_mode():
            if torch.get_num_threads() != self._threads:  # others set it for their own ends
                torch.set_num_threads(self._threads)
            drawn: Drawn = self._pixels(*map(torch.from_numpy, (mels, *maps))).numpy()
        return drawn
