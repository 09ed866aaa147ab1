"""The training loop that both phases share: schedule, checkpoints, progress.

It has one module, one loss and one optimizer, and a number of steps. The loops of
``tts_engine.neural.training`` (a budget of processor time, several optimizers) and of
``avatar_engine.training`` (several devices, validation, early stopping) share no more with it than
the call of ``step``.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from zhengwen.atomic_write import atomic_path

LossFunction = Callable[[np.random.Generator], torch.Tensor]
"""Draws a batch and returns its loss; what it draws depends on the generator alone."""


@dataclass(frozen=True, slots=True)
class TrainingSchedule:
    """How long to train, how fast, and how often to keep what was learnt."""

    steps: int
    learning_rate: float
    """The highest; reached after ``warm_up`` and then lowered along a half cosine to 2 %."""
    warm_up: int
    """Steps."""
    seed: int
    checkpoint_s: float
    """Seconds between checkpoints."""

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.learning_rate * (0.02 + 0.49 * (1 + float(np.cos(np.pi * done))))


def train(
    module: nn.Module,
    step_loss: LossFunction,
    schedule: TrainingSchedule,
    checkpoint: Path,
    report: Callable[[str], None],
) -> None:
    """Train ``module`` in place, going on from ``checkpoint`` if there is one.

    Each step draws from a generator seeded with the seed and the step's number, so a run that
    was interrupted ends with the same weights as one that was not. The checkpoint stays when
    training is over; calling again does nothing more.

    Args:
        module: Holds every parameter to be trained.
        step_loss: The loss of one batch.
        schedule: See :class:`TrainingSchedule`.
        checkpoint: File to write and to resume from.
        report: Receives a line about progress now and then.

    Raises:
        ValueError: The checkpoint belongs to another schedule.
        FloatingPointError: The loss is not a number any more.
    """
    decayed = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        betas=(0.9, 0.98),
        fused=True,
    )
    first = _resume_checkpoint(module, optimizer, schedule, checkpoint)
    if first:
        report(f"resumed at step {first} of {schedule.steps}")
    module.train()
    saved_at = shown_at = time.monotonic()
    losses: list[float] = []
    for step in range(first, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        loss = step_loss(np.random.default_rng((schedule.seed, step)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        now = time.monotonic()
        if now - shown_at > 20 or step == schedule.steps - 1:
            mean = float(np.mean(losses))
            if not np.isfinite(mean):
                raise FloatingPointError(
                    f"the loss is {mean} at step {step}; lower --learning-rate and start again "
                    f"from {checkpoint}"
                )
            pace = len(losses) / (now - shown_at)
            report(f"step {step + 1} of {schedule.steps}  loss {mean:.4f}  {pace:.2f} steps/s")
            losses, shown_at = [], now
        if now - saved_at > schedule.checkpoint_s or step == schedule.steps - 1:
            _save_checkpoint(module, optimizer, schedule, step + 1, checkpoint)
            saved_at = now


def _save_checkpoint(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: TrainingSchedule,
    step: int,
    checkpoint: Path,
) -> None:
    with atomic_path(checkpoint) as partial:
        torch.save(
            {
                "module": module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "schedule": json.dumps(asdict(schedule)),
            },
            partial,
        )


def _resume_checkpoint(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: TrainingSchedule,
    checkpoint: Path,
) -> int:
    if not checkpoint.exists():
        return 0
    kept = torch.load(checkpoint, weights_only=True)
    then = json.loads(kept["schedule"])
    now = asdict(schedule)
    changed = [name for name in now if name != "checkpoint_s" and now[name] != then.get(name)]
    if changed:
        raise ValueError(
            f"{checkpoint} was written with other settings ({', '.join(changed)}); "
            "repeat them to go on, or delete it to start again"
        )
    module.load_state_dict(kept["module"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["step"])
