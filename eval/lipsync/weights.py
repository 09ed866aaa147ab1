"""Others' published networks from their files, tensors only: no code in a file is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from avatar_engine.wav2lip.weights import WeightsError


@dataclass(frozen=True, slots=True)
class Part:
    """A file that holds all of a network's weights, or some."""

    path: Path
    title: str
    """What it should be, for people to read."""
    prefix: str = ""
    """What the names begin with that are taken from it."""


def fill(network: nn.Module, parts: Sequence[Part]) -> None:
    """Give a network its weights, and make it ready for inference.

    Args:
        network: Its own names are those of the files; what else a file holds is left.
        parts: The files.

    Raises:
        WeightsError: A file is missing, damaged or another one, or not all is there.
    """
    wanted = network.state_dict()
    state: dict[str, Tensor] = {}
    for part in parts:
        names = [name for name in wanted if name.startswith(part.prefix)]
        content = _read(part.path)
        found = {name: content[name] for name in names if name in content}
        wrong = [name for name, t in found.items() if t.shape != wanted[name].shape]
        if not found or wrong:
            which = f"; {wrong[0]} has another shape" if wrong else ""
            raise WeightsError(f"{part.path} is not {part.title}{which}.")
        state |= found
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(wanted.keys() - state.keys() - counters)
    if missing:
        files = " and ".join(str(part.path) for part in parts)
        raise WeightsError(f"{files}: {len(missing)} tensors are missing, such as {missing[0]}.")
    network.load_state_dict(state, strict=False)
    network.eval().requires_grad_(False)


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"{path} cannot be read: there is no such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # a broken or hostile pickle can raise anything
        raise WeightsError(
            f"{path} cannot be read as a table of weights; perhaps it is damaged."
        ) from problem
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path} holds no table of weights.")
    return {str(name): t for name, t in content.items() if isinstance(t, Tensor)}
