"""A voice on disk: the three networks and what is known of them, in one file, in 16 bits."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .features import REFERENCE_HZ
from .networks import AcousticModel, ProsodyModel
from .sentence_prosody import SentenceProsodyModel
from .vocoder import Vocoder

_WORDS, _SENTENCES = "zhengwen neural voice 1", "zhengwen neural voice 2"
"""Made of single words, whose sentences are made by rules; or of sentences."""


@dataclass(frozen=True, slots=True)
class NetworkSizes:
    """How large the networks are."""

    prosody: int = 160
    acoustic: int = 224
    vocoder: int = 224

    def build(self, reference_hz: float) -> "VoiceNetworks":
        """Return untrained networks of these widths, for a voice made of sentences.

        Args:
            reference_hz: What the semitones of its pitch are above.
        """
        return VoiceNetworks(
            self,
            SentenceProsodyModel(self.prosody),
            AcousticModel(self.acoustic, english=True),
            Vocoder(self.vocoder),
            reference_hz,
        )

    def build_for_words(self) -> "VoiceNetworks":
        """Return the networks of a voice made of single words."""
        return VoiceNetworks(
            self,
            ProsodyModel(self.prosody),
            AcousticModel(self.acoustic),
            Vocoder(self.vocoder),
            REFERENCE_HZ,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VoiceNetworks:
    """The networks of one voice."""

    sizes: NetworkSizes
    prosody: ProsodyModel | SentenceProsodyModel
    """Of single words, or of sentences."""
    acoustic: AcousticModel
    vocoder: Vocoder
    reference_hz: float
    """What the semitones of its pitch are above, Hz."""


class VoiceWeightsError(ValueError):
    """A file does not hold a voice that this program can use."""


def save_weights(models: VoiceNetworks, path: Path, notes: dict[str, str]) -> None:
    """Write a voice made of sentences.

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
    facts = {
        "format": _SENTENCES,
        "sizes": json.dumps(asdict(models.sizes)),
        "reference_hz": str(models.reference_hz),
        **notes,
    }
    save_file(tensors, path, facts)


def load_weights(path: Path) -> VoiceNetworks:
    """Read a voice, ready to speak.

    Raises:
        VoiceWeightsError: The file is missing, damaged or of another kind.
    """
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata() or {}
            sizes = NetworkSizes(**json.loads(facts.get("sizes", "{}")))
            if facts.get("format") == _SENTENCES:
                models = sizes.build(float(facts["reference_hz"]))
            elif facts.get("format") == _WORDS:
                models = sizes.build_for_words()
            else:
                raise VoiceWeightsError(
                    f"{path} is no voice of this program ({_SENTENCES!r} or {_WORDS!r})"
                )
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
