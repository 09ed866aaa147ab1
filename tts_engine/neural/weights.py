"""A voice on disk: the three networks and what is known of them, in one file, in 16 bits."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .networks import AcousticModel, ProsodyModel
from .vocoder import Vocoder

_FORMAT = "zhengwen neural voice 1"


@dataclass(frozen=True, slots=True)
class NetworkSizes:
    """How large the networks are."""

    prosody: int = 128
    acoustic: int = 224
    vocoder: int = 224

    def build(self) -> "VoiceNetworks":
        """Return untrained networks of these widths."""
        return VoiceNetworks(
            self, ProsodyModel(self.prosody), AcousticModel(self.acoustic), Vocoder(self.vocoder)
        )


@dataclass(frozen=True, slots=True, eq=False)
class VoiceNetworks:
    """The networks of one voice."""

    sizes: NetworkSizes
    prosody: ProsodyModel
    acoustic: AcousticModel
    vocoder: Vocoder


class VoiceWeightsError(ValueError):
    """A file does not hold a voice that this program can use."""


def save_weights(models: VoiceNetworks, path: Path, notes: dict[str, str]) -> None:
    """Write a voice.

    Args:
        models: Its networks.
        path: The file.
        notes: What people should know: speakers, licence, how it was trained.
    """
    tensors = {
        f"{part}.{name}": tensor.half().contiguous()
        for part in ("prosody", "acoustic", "vocoder")
        for name, tensor in getattr(models, part).state_dict().items()
    }
    facts = {"format": _FORMAT, "sizes": json.dumps(asdict(models.sizes)), **notes}
    save_file(tensors, path, facts)


def load_weights(path: Path) -> VoiceNetworks:
    """Read a voice, ready to speak.

    Raises:
        VoiceWeightsError: The file is missing, damaged or of another kind.
    """
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata() or {}
            if facts.get("format") != _FORMAT:
                raise VoiceWeightsError(f"{path} is no voice of this program ({_FORMAT!r})")
            models = NetworkSizes(**json.loads(facts["sizes"])).build()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise VoiceWeightsError(f"cannot read the voice {path}: {error}") from error
    for part in ("prosody", "acoustic", "vocoder"):
        network: torch.nn.Module = getattr(models, part)
        own = {n.removeprefix(f"{part}."): t for n, t in tensors.items() if n.startswith(part)}
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise VoiceWeightsError(f"{path} does not fit its own sizes: {error}") from error
        network.eval()
    return models
