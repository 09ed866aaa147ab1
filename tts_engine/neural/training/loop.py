"""The training loop of one stage: a budget of processor time, and checkpoints to resume from.

The budget is why this loop is not that of ``retrievers.training`` or ``avatar_engine.training``,
which count steps: how long a voice takes to train is known beforehand, on any machine, and the
learning rate follows the part of the budget that is spent.
"""

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch

from zhengwen.atomic_write import atomic_path

_SAVE_SECONDS = 120.0  # of processor time
_REPORT_SECONDS = 30.0
_WARMUP = 0.02  # part of the budget
_FINAL_RATE = 0.02  # part of the highest learning rate


class StageTrainer(Protocol):
    """A network of the voice with its optimizer, its batches and its losses."""

    def step(self, progress: float, rate: float) -> dict[str, float]:
        """Train on one batch.

        Args:
            progress: Part of the stage that is over, 0 to 1.
            rate: Factor of the learning rates, 0 to 1.

        Returns:
            Losses by name.
        """
        ...

    def evaluate(self) -> dict[str, float]:
        """Return losses over the held-out recordings, by name."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: tensors, numbers and dictionaries of these."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        ...


def train_stage(
    task: StageTrainer, checkpoint: Path, cpu_seconds: float, report: Callable[[str], None]
) -> dict[str, float]:
    """Train until the budget is spent, going on from a checkpoint that is there.

    Args:
        task: What to train.
        checkpoint: A file; a log of the same name ending in ``.jsonl`` lies beside it.
        cpu_seconds: Budget of processor time, that of earlier runs of the stage included.
        report: Receives a line about progress every 30 seconds of processor time.

    Returns:
        Losses over the held-out recordings, by name.
    """
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    spent, n_steps = 0.0, 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        task.load(saved["task"])
        spent, n_steps = saved["spent"], saved["n_steps"]
    started = time.process_time() - spent
    saved_at = reported_at = spent
    sums: dict[str, float] = defaultdict(float)
    n_summed = 0
    while spent < cpu_seconds:
        for name, value in task.step(spent / cpu_seconds, _rate(spent / cpu_seconds)).items():
            sums[name] += value
        n_summed, n_steps = n_summed + 1, n_steps + 1
        spent = time.process_time() - started
        if spent - reported_at > _REPORT_SECONDS or spent >= cpu_seconds:
            means = {name: round(value / n_summed, 4) for name, value in sums.items()}
            line = json.dumps({"cpu_s": round(spent), "step": n_steps, **means})
            with checkpoint.with_suffix(".jsonl").open("a", encoding="utf-8") as log:
                log.write(line + "\n")
            report(f"{checkpoint.stem} {line}")
            sums.clear()
            n_summed, reported_at = 0, spent
        if spent - saved_at > _SAVE_SECONDS or spent >= cpu_seconds:
            with atomic_path(checkpoint) as partial:
                torch.save({"task": task.state(), "spent": spent, "n_steps": n_steps}, partial)
            saved_at = spent
    return task.evaluate()


def _rate(progress: float) -> float:
    """Factor of the learning rates, 0 to 1: a linear warm-up, then a cosine down to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return min(1.0, (progress + 1e-3) / _WARMUP) * max(_FINAL_RATE, cosine)
