"""A network with what trains it: its optimizer, and the running mean of its weights."""

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..wav2lip import weights
from .settings import TrainingError

if TYPE_CHECKING:
    from accelerate import Accelerator


class ExponentialMovingAverage:
    """The running mean of a network's weights, which is steadier than the last step's."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self._keep = keep

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step ``step``, counted from 0."""
        keep = min(self._keep, (1 + step) / (10 + step))  # or the first weights stay for long
        now = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[name], 1 - keep)
            else:
                mean.copy_(now[name])


class TrainableNetwork:
    """One network in training.

    Args:
        name: Of its files in a checkpoint.
        network: Any of ``wav2lip.weights.save``; moved to the device.
        ema: See ``Settings``.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        accelerator: "Accelerator",
        *,
        channels_last: bool,
        betas: tuple[float, float] = (0.9, 0.999),
        ema: float = 0.0,
    ) -> None:
        self.name, self.network, self._accelerator = name, network, accelerator
        layout = torch.channels_last if channels_last else torch.contiguous_format
        network.to(accelerator.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.average = ExponentialMovingAverage(network, ema) if ema else None
        optimizer = torch.optim.Adam(network.parameters(), 1e-4, betas, fused=True)
        self.distributed, self._optimizer = accelerator.prepare(network, optimizer)

    @property
    def best(self) -> nn.Module:
        """The network that is measured and shipped: the mean, if there is one."""
        return self.average.network if self.average else self.network

    def step(self, loss: Tensor, step: int, rate: float) -> None:
        """Change the weights so that ``loss`` falls."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        self._accelerator.backward(loss)
        self._optimizer.step()
        if self.average:
            self.average.update(self.network, step)

    def synchronize_buffers(self) -> None:
        """Give all processes the batch statistics of the first; each has seen other pictures."""
        if self._accelerator.num_processes > 1:
            buffers = [*self.network.buffers(), *self.best.buffers()]
            for buffer in buffers:
                torch.distributed.broadcast(buffer, 0)

    def save(self, folder: Path) -> None:
        """Write ``NAME.safetensors``, ``NAME.optimizer.pt``, and the mean."""
        weights.save_weights(self.network, folder / f"{self.name}.safetensors")
        if self.average:
            weights.save_weights(self.average.network, folder / f"{self.name}-ema.safetensors")
        torch.save(self._optimizer.state_dict(), folder / f"{self.name}.optimizer.pt")

    def load(self, folder: Path) -> None:
        """Read what ``save`` wrote."""
        self.start(folder / f"{self.name}.safetensors")
        if self.average:
            _load_weights(self.average.network, folder / f"{self.name}-ema.safetensors")
        path = folder / f"{self.name}.optimizer.pt"
        self._optimizer.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))

    def start(self, path: Path) -> None:
        """Begin with the weights of a file.

        Raises:
            LipSyncWeightsError: They are of another network.
            TrainingError: Of one with another width, or for another number of frames.
        """
        _load_weights(self.network, path)
        if self.average:
            _load_weights(self.average.network, path)

    def size(self) -> int:
        """Bytes of a checkpoint."""
        n = sum(parameter.numel() for parameter in self.network.parameters())
        return 4 * n * (4 if self.average else 3)


def _load_weights(network: nn.Module, path: Path) -> None:
    found = weights.load_weights(path, type(network))
    for what in ("width", "n_frames"):
        there: Any = getattr(found, what, None)
        here: Any = getattr(network, what, None)
        if there != here:
            raise TrainingError(
                f"{path} has {what} {there}, but the settings say {here}: set {what} to {there}, "
                "or take other weights"
            )
    network.load_state_dict(found.state_dict())


TrainingLosses = dict[str, Tensor]
"""Scalars, detached, by name."""


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """How good a network is on what was held out."""

    score: float
    """What training looks for; higher is better."""
    domains: dict[str, dict[str, float]]
    """Domain, figure, value; never mixed."""
    picture: NDArray[np.uint8] | None = None
    """Samples to look at, (height, width, 3), RGB; in the first process only."""


@dataclass(slots=True)
class RunProgress:
    """How far a run is; with the weights it is all that a checkpoint needs."""

    step: int = 0
    """Steps done."""
    seconds: float = 0.0
    best_step: int | None = None
    best_score: float | None = None
    stale: int = 0
    """Validations since the best."""
    task: dict[str, float] = field(default_factory=dict)
    """What the task wants to remember."""


class LipsyncTask(Protocol):
    """A network, its data and its losses."""

    kind: str
    """``expert`` or ``generator``."""
    learners: list[TrainableNetwork]
    """The first is what ships."""
    figures: list[str]
    """What validation measures for each domain."""
    losses: list[str]
    """What a step reports; one may be missing while it has no weight."""

    def step(self, progress: RunProgress, rate: float) -> tuple[TrainingLosses, int]:
        """Train on the batch of a step; returns losses, and how many samples those were."""

    def validate(self, progress: RunProgress) -> ValidationScores:
        """Measure; may change what ``progress.task`` remembers. All processes call it."""

    def may_stop(self, progress: RunProgress) -> bool:
        """Whether patience is counted already."""

    def close(self) -> None:
        """Stop reading ahead."""
