"""A whole training run, from its settings to its last checkpoint."""

from collections.abc import Callable
from pathlib import Path

import filelock

from . import checkpoints, machine
from .data import Data, load
from .errors import TrainingError
from .loop import Line, Loop, Outcome
from .settings import ExpertSettings, GeneratorSettings
from .task import Task


def train(
    settings: ExpertSettings | GeneratorSettings,
    told: Callable[[Data, str], None] = lambda data, device: None,
    report: Callable[[Line], None] = lambda line: None,
    tick: Callable[[int], None] = lambda step: None,
) -> Outcome:
    """Train, going on where an earlier run in the same folder stopped.

    Args:
        told: Receives the clips and the machine's name, before anything is learnt; like the
            others in the first process only.
        report: Receives a line now and then.
        tick: Receives the number of steps done.

    Raises:
        TrainingError: With these settings nothing can be learnt here.
        ClipError, WeightsError: A file that they name cannot be used.
    """
    data = load(settings.data)
    accelerator = machine.accelerator(settings)
    first = accelerator.is_main_process
    settings.out.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(settings.out / ".lock", timeout=0)
    if first:
        _lock(lock, settings.out)
        checkpoints.clear(settings.out)
        told(data, f"{accelerator.num_processes} x {accelerator.device}")
    try:
        fixed = checkpoints.fixed(settings, data.digest())
        found = checkpoints.newest(settings.out)
        kind = "expert" if isinstance(settings, ExpertSettings) else "generator"
        if found:  # before networks are built of settings that do not fit
            checkpoints.check(found, kind, fixed)
        task: Task
        if isinstance(settings, ExpertSettings):
            from .expert import ExpertTask

            task = ExpertTask(settings, data, accelerator)
        else:
            from .generator import GeneratorTask

            task = GeneratorTask(settings, data, accelerator)
        outcome = Loop(task, settings, fixed, accelerator, report, tick).run(list(data.held_out))
        accelerator.end_training()
        return outcome
    finally:
        lock.release()


def _lock(lock: filelock.BaseFileLock, out: Path) -> None:
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise TrainingError(
            f"another run is writing into {out}; wait, or choose another folder"
        ) from error
