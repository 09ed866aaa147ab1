"""The folder of a run: checkpoints that are whole or not there at all.

Each checkpoint is a folder ``step-000123`` with weights (safetensors), the state of the
optimizer (a torch file, read as weights only) and ``state.json``. It is written beside
and then given its name, so a run that is killed at any moment goes on from the last one.
"""

import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError

from ..preparation.settings import file_hash
from .errors import TrainingError
from .learner import Learner
from .settings import GeneratorSettings, Settings
from .task import Progress

KEEP = 2  # of the newest; the best is kept besides
PARTIAL = ".part"
FREE = {  # what may change when a run goes on
    "out", "data", "start", "steps", "precision", "channels_last", "workers", "patience",
    "max_hours", "validate_every", "report_every", "checkpoint_every", "samples",
}  # fmt: skip

Scaler = torch.amp.GradScaler


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What ``state.json`` says."""

    folder: Path
    kind: str
    progress: Progress
    settings: dict[str, object]
    """Those that must not change."""


def fixed(settings: Settings, clips: Mapping[str, str]) -> dict[str, object]:
    """The settings that decide what is learnt; files and clips by what they hold.

    Args:
        clips: Of each domain, a digest of its clips.
    """
    chosen = settings.model_dump(mode="json", exclude=FREE)
    if settings.schedule != "constant":
        chosen["steps"] = settings.steps
    for domain in settings.data:
        chosen |= {
            f"data.{domain.name}.weight": domain.weight,
            f"data.{domain.name}.held_out": domain.held_out,
            f"data.{domain.name}.clips": clips[domain.name],
        }
    if isinstance(settings, GeneratorSettings) and settings.expert:
        chosen["expert"] = file_hash(settings.expert)[:16]
    return chosen


def path(run: Path, step: int) -> Path:
    """The folder of a checkpoint."""
    return run / f"step-{step:06d}"


def newest(run: Path) -> Checkpoint | None:
    """The last checkpoint of a run, if it has one."""
    folders = _folders(run)
    return read(folders[-1]) if folders else None


def read(folder: Path) -> Checkpoint:
    """Read ``state.json``.

    Raises:
        TrainingError: It is damaged.
    """
    try:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        progress = Progress(**state["progress"])
        return Checkpoint(folder, state["kind"], progress, state["settings"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{folder} is no whole checkpoint ({error}); delete it, and training goes on from the "
            "one before"
        ) from error


def check(found: Checkpoint, kind: str, settings: Mapping[str, object]) -> None:
    """Refuse to go on with a run that was begun otherwise.

    Raises:
        TrainingError: Names every difference.
    """
    then = {"network": found.kind, **found.settings}
    now = {"network": kind, **settings}
    differing = [
        f"{name} was {then.get(name, 'not set')}, is {now.get(name, 'not set')}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]
    if differing:
        raise TrainingError(
            f"{found.folder.parent} holds a run with other settings ({'; '.join(differing)}). Set "
            "them back to go on, or choose another folder for out; start begins with its weights."
        )


def load(found: Checkpoint, learners: Sequence[Learner], scaler: Scaler | None) -> None:
    """Put the weights and the optimizers back."""
    for learner in learners:
        learner.load(found.folder)
    kept = found.folder / "scaler.pt"
    if scaler and kept.is_file():
        scaler.load_state_dict(torch.load(kept, weights_only=True))


def save(
    run: Path,
    kind: str,
    progress: Progress,
    settings: Mapping[str, object],
    learners: Sequence[Learner],
    scaler: Scaler | None,
) -> Path:
    """Write a checkpoint, then remove those that are neither new nor the best.

    Raises:
        TrainingError: The disk is full. Older checkpoints are unharmed.
    """
    folder = path(run, progress.step)
    part = folder.with_name(folder.name + PARTIAL)
    check_space(run, learners, 1)
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for learner in learners:
            learner.save(part)
        if scaler:
            torch.save(scaler.state_dict(), part / "scaler.pt")
        state = {"kind": kind, "progress": asdict(progress), "settings": settings}
        (part / "state.json").write_text(json.dumps(state, indent=1), "utf-8")
        for file in part.iterdir():
            _flush(file)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    except (OSError, RuntimeError, SafetensorError) as error:  # a full disk is reported as any
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise TrainingError(
            f"{folder} could not be written ({error}); make room and start again, the checkpoints "
            "before it are whole"
        ) from error
    best = None if progress.best_step is None else path(run, progress.best_step)
    for old in _folders(run)[:-KEEP]:
        if old != best:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def check_space(run: Path, learners: Sequence[Learner], checkpoints: int = KEEP + 2) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        TrainingError: Says how much is missing.
    """
    needed = checkpoints * sum(learner.size() for learner in learners)
    free = shutil.disk_usage(run).free
    if free < needed:
        raise TrainingError(
            f"not enough room in {run}: {checkpoints} checkpoints need {needed / 2**20:,.0f} MiB, "
            f"{free / 2**20:,.0f} MiB are free"
        )


def clear(run: Path) -> None:
    """Remove what an interrupted run left half written."""
    for part in run.glob(f"step-*{PARTIAL}"):
        shutil.rmtree(part, ignore_errors=True)


def _folders(run: Path) -> list[Path]:
    """Oldest first."""
    numbers = (folder.name.removeprefix("step-") for folder in run.glob("step-*"))
    return [path(run, step) for step in sorted(int(n) for n in numbers if n.isdigit())]


def _flush(file: Path) -> None:
    """To the disk, not only to the system: no name may survive a power cut without its data."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
