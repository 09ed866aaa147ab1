"""The weights that ship: of the best checkpoint of a run, its running mean if it has one."""

from pathlib import Path

from torch import nn

from ..wav2lip import weights
from ..wav2lip.expert import Expert384
from ..wav2lip.generator import Wav2Lip384
from . import checkpoints
from .checkpoints import Checkpoint
from .errors import TrainingError

_NETWORKS: dict[str, type[nn.Module]] = {"expert": Expert384, "generator": Wav2Lip384}


def export(source: Path, out: Path, *, half: bool) -> Checkpoint:
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
    found = _best(source)
    averaged = found.folder / f"{found.kind}-ema.safetensors"
    path = averaged if averaged.is_file() else found.folder / f"{found.kind}.safetensors"
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.save(weights.load(path, _NETWORKS[found.kind]), out, half=half)
    return found


def _best(source: Path) -> Checkpoint:
    if (source / "state.json").is_file():
        return checkpoints.read(source)
    newest = checkpoints.newest(source)
    if not newest:
        raise TrainingError(f"{source} has no checkpoint: it is no run's folder, or has not begun")
    best = newest.progress.best_step
    return newest if best is None else checkpoints.read(checkpoints.path(source, best))
