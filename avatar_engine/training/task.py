"""What the loop needs to know of a network that is to be trained."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .learner import Learner

Losses = dict[str, Tensor]
"""Scalars, detached, by name."""


@dataclass(frozen=True, slots=True)
class Validation:
    """How good a network is on what was held out."""

    score: float
    """What training looks for; higher is better."""
    domains: dict[str, dict[str, float]]
    """Domain, figure, value; never mixed."""
    picture: NDArray[np.uint8] | None = None
    """Samples to look at, (height, width, 3), RGB; in the first process only."""


@dataclass(slots=True)
class Progress:
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


class Task(Protocol):
    """A network, its data and its losses."""

    kind: str
    """``expert`` or ``generator``."""
    learners: list[Learner]
    """The first is what ships."""
    figures: list[str]
    """What validation measures for each domain."""
    losses: list[str]
    """What a step reports; one may be missing while it has no weight."""

    def step(self, progress: Progress, rate: float) -> tuple[Losses, int]:
        """Train on the batch of a step; returns losses, and how many samples those were."""

    def validate(self, progress: Progress) -> Validation:
        """Measure; may change what ``progress.task`` remembers. All processes call it."""

    def may_stop(self, progress: Progress) -> bool:
        """Whether patience is counted already."""

    def close(self) -> None:
        """Stop reading ahead."""
