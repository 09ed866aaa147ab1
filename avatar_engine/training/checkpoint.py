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
from torch import nn

from ..wav2lip import weights
from ..wav2lip.discriminators import SyncExpert384
from ..wav2lip.model import Wav2Lip384
from .dataset.clip_extraction import file_hash
from .settings import GeneratorSettings, TrainingError, TrainingSettings
from .task import RunProgress, TrainableNetwork

N_KEPT = 2  # of the newest; the best is kept besides
PARTIAL_SUFFIX = ".part"
CHANGEABLE_SETTINGS = {  # what may change when a run goes on
    "out", "data", "start", "steps", "precision", "channels_last", "workers", "patience",
    "max_hours", "validate_every", "report_every", "checkpoint_every", "samples",
}  # fmt: skip

GradScaler = torch.amp.GradScaler


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What ``state.json`` says."""

    folder: Path
    kind: str
    progress: RunProgress
    settings: dict[str, object]
    """Those that must not change."""


def fixed_settings(settings: TrainingSettings, clips: Mapping[str, str]) -> dict[str, object]:
    """The settings that decide what is learnt; files and clips by what they hold.

    Args:
        clips: Of each domain, a digest of its clips.
    """
    chosen = settings.model_dump(mode="json", exclude=CHANGEABLE_SETTINGS)
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


def checkpoint_folder(run: Path, step: int) -> Path:
    """The folder of a checkpoint."""
    return run / f"step-{step:06d}"


def newest_checkpoint(run: Path) -> Checkpoint | None:
    """The last checkpoint of a run, if it has one."""
    folders = _checkpoint_folders(run)
    return read_checkpoint(folders[-1]) if folders else None


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read ``state.json``.

    Raises:
        TrainingError: It is damaged.
    """
    try:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        progress = RunProgress(**state["progress"])
        return Checkpoint(folder, state["kind"], progress, state["settings"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{folder} is no whole checkpoint ({error}); delete it, and training goes on from the "
            "one before"
        ) from error


def check_same_settings(found: Checkpoint, kind: str, settings: Mapping[str, object]) -> None:
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


def load_checkpoint(
    found: Checkpoint, learners: Sequence[TrainableNetwork], scaler: GradScaler | None
) -> None:
    """Put the weights and the optimizers back."""
    for learner in learners:
        learner.load(found.folder)
    kept = found.folder / "scaler.pt"
    if scaler and kept.is_file():
        scaler.load_state_dict(torch.load(kept, weights_only=True))


def save_checkpoint(
    run: Path,
    kind: str,
    progress: RunProgress,
    settings: Mapping[str, object],
    learners: Sequence[TrainableNetwork],
    scaler: GradScaler | None,
) -> Path:
    """Write a checkpoint, then remove those that are neither new nor the best.

    Raises:
        TrainingError: The disk is full. Older checkpoints are unharmed.
    """
    folder = checkpoint_folder(run, progress.step)
    part = folder.with_name(folder.name + PARTIAL_SUFFIX)
    check_disk_space(run, learners, 1)
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
            _flush_to_disk(file)
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
    best = None if progress.best_step is None else checkpoint_folder(run, progress.best_step)
    for old in _checkpoint_folders(run)[:-N_KEPT]:
        if old != best:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def check_disk_space(
    run: Path, learners: Sequence[TrainableNetwork], checkpoints: int = N_KEPT + 2
) -> None:
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


def remove_partial_checkpoints(run: Path) -> None:
    """Remove what an interrupted run left half written."""
    for part in run.glob(f"step-*{PARTIAL_SUFFIX}"):
        shutil.rmtree(part, ignore_errors=True)


def _checkpoint_folders(run: Path) -> list[Path]:
    """Oldest first."""
    numbers = (folder.name.removeprefix("step-") for folder in run.glob("step-*"))
    return [checkpoint_folder(run, step) for step in sorted(int(n) for n in numbers if n.isdigit())]


def _flush_to_disk(file: Path) -> None:
    """To the disk, not only to the system: no name may survive a power cut without its data."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


_NETWORKS: dict[str, type[nn.Module]] = {"expert": SyncExpert384, "generator": Wav2Lip384}


def export_weights(source: Path, out: Path, *, half: bool) -> Checkpoint:
    """Write weights that ``wav2lip.weights.load`` reads; returns the checkpoint they are from.

    Args:
        source: A run's folder, or one checkpoint in it.
        out: A safetensors file; one that is there is replaced.
        half: In 16 bits.

    Raises:
        TrainingError: There is no checkpoint, or ``out`` is no safetensors file.
    """
    if out.suffix != ".safetensors":
        raise TrainingError(f"{out} must end in .safetensors")
    found = best_checkpoint(source)
    averaged = found.folder / f"{found.kind}-ema.safetensors"
    path = averaged if averaged.is_file() else found.folder / f"{found.kind}.safetensors"
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.save_weights(weights.load_weights(path, _NETWORKS[found.kind]), out, half=half)
    return found


def best_checkpoint(source: Path) -> Checkpoint:
    """The checkpoint of a run's best step, or its newest; a checkpoint's folder gives itself.

    Raises:
        TrainingError: There is no checkpoint.
    """
    if (source / "state.json").is_file():
        return read_checkpoint(source)
    newest = newest_checkpoint(source)
    if not newest:
        raise TrainingError(f"{source} has no checkpoint: it is no run's folder, or has not begun")
    best = newest.progress.best_step
    return newest if best is None else read_checkpoint(checkpoint_folder(source, best))
