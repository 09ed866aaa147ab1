"""The loop that expert and generator share: steps, validation, checkpoints, early stopping.

Training at low resolution is no loop of its own: these are the first steps of either task. The
loops of the other packages stay apart, because they promise something else of a run, and because
neither package may import the other: ``tts_engine.neural.training.loop`` spends a budget of
processor time, whatever the number of steps; ``retrievers.training.loop`` runs a fixed number of
steps of one loss. Only this one runs on several devices, validates on held-out clips and stops
when they no longer improve.
"""

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

import filelock
from torch import Tensor

from . import checkpoint, device
from .data import TrainingData, load_training_data
from .device import any_process
from .metrics_log import MetricsLog
from .settings import ExpertSettings, GeneratorSettings, TrainingError, TrainingSettings
from .task import LipsyncTask, RunProgress, ValidationScores

if TYPE_CHECKING:
    from accelerate import Accelerator

RunEnd = Literal["finished", "settled", "out of time", "stopped"]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a run says now and then."""

    step: int
    steps: int
    samples_per_s: float
    losses: dict[str, float]
    validation: ValidationScores | None


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """How a run ended."""

    end: RunEnd
    """All steps done; score got no better; ``max_hours`` are over; or a signal came."""
    progress: RunProgress
    checkpoint: Path | None
    """The last."""
    first: bool
    """Whether this is the first process, the only one that should print."""


class TrainingLoop:
    """Trains a task in a run's folder, going on from its last checkpoint.

    Args:
        fixed: The settings that must not change, see ``checkpoint.fixed_settings``.
        report: Receives a line now and then, in the first process.
        on_step: Called after each step with the number of steps done.

    Raises:
        TrainingError: The folder holds another run, or its disk is too full.
    """

    def __init__(
        self,
        task: LipsyncTask,
        settings: TrainingSettings,
        fixed: Mapping[str, object],
        accelerator: "Accelerator",
        report: Callable[[TrainingReport], None] = lambda line: None,
        on_step: Callable[[int], None] = lambda step: None,
    ) -> None:
        self._task, self._settings, self._fixed = task, settings, fixed
        self._accelerator, self._report, self._on_step = accelerator, report, on_step
        self._first = accelerator.is_main_process
        self._progress = RunProgress()
        found = checkpoint.newest_checkpoint(settings.out)
        if found:
            checkpoint.check_same_settings(found, task.kind, fixed)
            checkpoint.load_checkpoint(found, task.learners, accelerator.scaler)
            self._progress = found.progress
        if self._first:
            checkpoint.check_disk_space(settings.out, task.learners)
        self._saved = self._progress.step
        self._losses: dict[str, list[Tensor]] = {}
        self._n_samples = 0
        self._noted = time.monotonic()

    def run(self, domains: list[str]) -> TrainingOutcome:
        """Train until there is a reason to stop; ``domains`` are those that are validated.

        Raises:
            TrainingError: The loss is not a number any more, or the disk is full.
        """
        settings, progress = self._settings, self._progress
        figures = [f"{domain}/{name}" for domain in domains for name in self._task.figures]
        curves = None
        if self._first:
            curves = MetricsLog(settings.out, progress.step, self._task.losses, figures)
        for learner in self._task.learners:
            learner.network.train()
        try:
            with _stop_signals() as asked:
                end = self._steps(curves, asked)
        finally:
            self._task.close()
            if curves:
                curves.close()
        folder = checkpoint.newest_checkpoint(settings.out)
        return TrainingOutcome(end, progress, folder.folder if folder else None, self._first)

    def _steps(self, curves: MetricsLog | None, asked: list[int]) -> RunEnd:
        settings, progress = self._settings, self._progress
        began = time.monotonic()
        before = progress.seconds
        self._noted = began
        while progress.step < settings.steps and not self._stale():
            losses, n_samples = self._task.step(progress, settings.rate(progress.step))
            progress.step += 1
            progress.seconds = before + time.monotonic() - began
            for name, loss in losses.items():
                self._losses.setdefault(name, []).append(loss)
            self._n_samples += n_samples
            self._on_step(progress.step)
            last = progress.step == settings.steps
            validate = last or progress.step % settings.validate_every == 0
            if validate or progress.step % settings.report_every == 0:
                self._note(curves, self._validate() if validate else None)
            late = settings.max_hours and time.monotonic() - began > settings.max_hours * 3600
            stop = any_process(bool(asked or late), self._accelerator)
            best = progress.best_step == progress.step
            if stop or last or best or progress.step % settings.checkpoint_every == 0:
                self._save()
            if stop and not last:
                return "stopped" if any_process(bool(asked), self._accelerator) else "out of time"
        if self._saved != progress.step:
            self._save()
        return "finished" if progress.step >= settings.steps else "settled"

    def _stale(self) -> bool:
        """Whether patience is at an end."""
        patience, progress = self._settings.patience, self._progress
        return bool(patience and progress.stale >= patience and self._task.may_stop(progress))

    def _validate(self) -> ValidationScores:
        progress = self._progress
        progress.stale += 1
        validation = self._task.validate(progress)
        if progress.best_score is None or validation.score > progress.best_score:
            progress.best_score, progress.best_step = validation.score, progress.step
            progress.stale = 0
        return validation

    def _note(self, curves: MetricsLog | None, validation: ValidationScores | None) -> None:
        """Report the mean losses since the last time."""
        losses = self._means()
        now = time.monotonic()
        pace = self._n_samples / max(1e-9, now - self._noted)
        self._losses, self._n_samples, self._noted = {}, 0, now
        if curves:
            rate = self._settings.rate(self._progress.step - 1)
            curves.note(self._progress, rate, pace, losses, validation)
            steps = self._settings.steps
            self._report(TrainingReport(self._progress.step, steps, pace, losses, validation))

    def _means(self) -> dict[str, float]:
        """Mean losses since the last report; the only place that waits for the graphics card.

        Raises:
            TrainingError: One is not a number.
        """
        means = {
            name: sum(loss.item() for loss in some) / len(some)
            for name, some in self._losses.items()
        }
        for name, mean in means.items():
            if not math.isfinite(mean):
                raise TrainingError(
                    f"the loss {name} is {mean} at step {self._progress.step}: lower "
                    "learning_rate, or take precision fp32; the last checkpoint is from before"
                )
        return means

    def _save(self) -> None:
        """Keep a checkpoint; never one of weights that are not numbers."""
        self._means()
        if self._first:
            self._task_checkpoint()
        self._saved = self._progress.step
        self._accelerator.wait_for_everyone()

    def _task_checkpoint(self) -> None:
        checkpoint.save_checkpoint(
            self._settings.out,
            self._task.kind,
            self._progress,
            self._fixed,
            self._task.learners,
            self._accelerator.scaler,
        )


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Notes SIGINT and SIGTERM, for the step at hand to be finished; the second one ends all."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, signal.SIG_DFL)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield asked
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def train_network(
    settings: ExpertSettings | GeneratorSettings,
    on_start: Callable[[TrainingData, str], None] = lambda data, device: None,
    report: Callable[[TrainingReport], None] = lambda line: None,
    on_step: Callable[[int], None] = lambda step: None,
) -> TrainingOutcome:
    """Train, going on where an earlier run in the same folder stopped.

    Args:
        on_start: Receives the clips and the name of the device before the first step; like the
            others it is called in the first process only.
        report: Receives a line now and then.
        on_step: Receives the number of steps done, after each.

    Raises:
        TrainingError: With these settings nothing can be learnt here.
        ClipError, LipSyncWeightsError: A file that they name cannot be used.
    """
    data = load_training_data(settings.data)
    accelerator = device.make_accelerator(settings)
    first = accelerator.is_main_process
    settings.out.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(settings.out / ".lock", timeout=0)
    if first:
        _lock_run(lock, settings.out)
        checkpoint.remove_partial_checkpoints(settings.out)
        on_start(data, f"{accelerator.num_processes} x {accelerator.device}")
    try:
        fixed = checkpoint.fixed_settings(settings, data.digest())
        found = checkpoint.newest_checkpoint(settings.out)
        kind = "expert" if isinstance(settings, ExpertSettings) else "generator"
        if found:  # before networks are built of settings that do not fit
            checkpoint.check_same_settings(found, kind, fixed)
        task: LipsyncTask
        if isinstance(settings, ExpertSettings):
            from .expert import ExpertTask

            task = ExpertTask(settings, data, accelerator)
        else:
            from .generator import GeneratorTask

            task = GeneratorTask(settings, data, accelerator)
        outcome = TrainingLoop(task, settings, fixed, accelerator, report, on_step).run(
            list(data.held_out)
        )
        accelerator.end_training()
        return outcome
    finally:
        lock.release()


def _lock_run(lock: filelock.BaseFileLock, out: Path) -> None:
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise TrainingError(
            f"another run is writing into {out}; wait, or choose another folder"
        ) from error
