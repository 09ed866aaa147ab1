"""Weights on disk: ours as safetensors, others' read without running what they may hold.

What a file holds is recognized by tensor names and shapes, never by its file name;
so is the width of a 384 pixel network. Ours carry what they are in the
metadata as well, and the settings of the mel spectrogram they were trained on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import ClassVar, TypeVar, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from zhengwen.atomic_write import atomic_path

from ..errors import CodedError
from . import mel
from .compat.lipgan import LipGAN
from .compat.syncnet import SyncNet
from .compat.wav2lip96 import SyncExpert96, Wav2Lip96
from .discriminators import QualityDiscriminator, SyncExpert384
from .model import Wav2Lip384

Network = TypeVar("Network", bound=nn.Module)
State = Mapping[str, Tensor]


class LipSyncWeightsError(CodedError):
    """A weights file cannot be used; the text says why, and what to do."""

    MESSAGES: ClassVar[Mapping[str, str]] = {
        "weights_missing": "{path} cannot be read ({reason}): no weights.",
        "weights_damaged": "{path} is damaged or no weights file ({size:,} bytes); perhaps a "
        "copy or download was cut short. Fetch it again and compare its size.",
        "weights_hold_code": "{path} holds more than weights: loading it would run code from "
        "the file, so it is refused. Save it again as a table of tensors (torch.save("
        "network.state_dict(), ...)) where you trust it, and use that.",
        "no_tensors": "{path} is a torch file, but not of weights: a table of named tensors "
        'is needed, by itself or under "state_dict".',
        "other_network": "{path} should hold {wanted}, but it {found}.",
        "other_mel": "{path} was trained on another mel spectrogram ({differences}); it would "
        "hear nothing it knows. Use weights trained with these settings.",
        "needs_h5py": "{path} is a Keras file; to read it, install h5py (pip install h5py).",
        "other_keras_network": "{path} is a Keras file, but not of LipGAN's residual mel "
        "generator ({reason}); lipgan_residual_mel.h5 is.",
        "tensors_missing": "{path}: {count} tensors are missing, such as {example}.",
    }


@dataclass(frozen=True, slots=True)
class _KnownNetwork:
    """A network that files are compared with."""

    kind: str
    title: str
    type: type[nn.Module]
    build: Callable[[State], nn.Module]
    """Makes the network that ``state`` would fit; raises KeyError if it cannot be this one."""


_KNOWN = (
    _KnownNetwork(
        "wav2lip384",
        "the Wav2Lip-384 generator",
        Wav2Lip384,
        lambda state: Wav2Lip384(len(state["face_encoder_blocks.8.1.conv_block.0.weight"])),
    ),
    _KnownNetwork(
        "expert384",
        "the Wav2Lip-384 expert",
        SyncExpert384,
        lambda state: SyncExpert384(
            len(state["face_encoder.21.conv_block.0.weight"]),
            state["face_encoder.0.conv_block.0.weight"].shape[1] // 3,
        ),
    ),
    _KnownNetwork(
        "quality",
        "the visual quality discriminator",
        QualityDiscriminator,
        lambda state: QualityDiscriminator(
            96 if len(state["face_encoder_blocks.0.0.conv_block.0.weight"]) == 32 else 384
        ),
    ),
    _KnownNetwork("wav2lip96", "the original Wav2Lip generator", Wav2Lip96, lambda _: Wav2Lip96()),
    _KnownNetwork(
        "expert96", "the original Wav2Lip expert", SyncExpert96, lambda _: SyncExpert96()
    ),
    _KnownNetwork("lipgan", "the LipGAN generator", LipGAN, lambda _: LipGAN()),
    _KnownNetwork("syncnet", "SyncNet (syncnet_v2.model)", SyncNet, lambda _: SyncNet()),
)


def save_weights(network: nn.Module, path: Path, *, half: bool = False) -> None:
    """Write a network of this package as safetensors, all of it or nothing.

    Args:
        network: Any network of this package.
        path: Where to; a file that is there is replaced.
        half: Keep kernels in 16 bits (float16). Biases and the statistics of
            the norms, less than 1 % of the file, stay in 32.
    """
    kind = next(known.kind for known in _KNOWN if type(network) is known.type)
    metadata = {"format": "pt", "kind": kind, **_options(network), **mel.MEL_SETTINGS}
    state = {
        name: (tensor.half() if half and tensor.ndim > 1 else tensor).detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    with atomic_path(path) as partial:
        save_file(state, partial, metadata)


def load_weights(path: Path, expected: type[Network]) -> Network:
    """Read a network, ready for inference: in single precision, on the CPU, ``eval()``.

    ``expected`` may be a common base: ``load_weights(path, LipSyncGenerator)``
    reads whichever generator the file holds.

    Reads safetensors, torch checkpoints (weights only; also with the weights
    under ``"state_dict"`` or with names after ``"module."``, as the official
    ones have them) and, for LipGAN, Keras' ``.h5``.

    Raises:
        LipSyncWeightsError: There is no such file, it is damaged, it holds code or
            another network, or it was trained on another mel spectrogram.
    """
    wanted = " or ".join(known.title for known in _KNOWN if issubclass(known.type, expected))
    state, metadata = _read(path)
    differing = [
        f"{name} {metadata[name]} instead of {value}"
        for name, value in mel.MEL_SETTINGS.items()
        if metadata.get(name, value) != value
    ]
    if differing:
        raise LipSyncWeightsError("other_mel", path=path, differences=", ".join(differing))
    network, found = _identify(state)
    if not isinstance(network, expected):
        holds = f"looks like {found}" if found else _unknown(state)
        raise LipSyncWeightsError("other_network", path=path, wanted=wanted, found=holds)
    network.to_empty(device="cpu")
    network.load_state_dict({**_counters(network), **state})
    return network.eval()


def _options(network: nn.Module) -> dict[str, str]:
    """What of a network can vary, and the order of its colours."""
    names = ("width", "n_frames", "size", "channel_order")
    return {name: str(getattr(network, name)) for name in names if hasattr(network, name)}


def _counters(network: nn.Module) -> dict[str, Tensor]:
    """How many batches the norms have seen: of no use here, and missing in old files."""
    names = (name for name in network.state_dict() if name.endswith("num_batches_tracked"))
    return {name: torch.tensor(0) for name in names}


def _identify(state: State) -> tuple[nn.Module | None, str]:
    """The network that ``state`` fits, without its memory, and its title."""
    for known in _KNOWN:
        try:
            with torch.device("meta"):
                network = known.build(state)
        except (KeyError, IndexError, ValueError):  # other names, or a width that cannot be
            continue
        if _shapes(network.state_dict()) == _shapes(state):
            width = getattr(network, "width", 512)
            return network, known.title + (f" of width {width}" if width != 512 else "")
    return None, ""


def _shapes(state: State) -> dict[str, torch.Size]:
    return {k: v.shape for k, v in state.items() if not k.endswith("num_batches_tracked")}


def _unknown(state: State) -> str:
    names = ", ".join(list(state)[:3])
    return (
        f"holds {len(state)} tensors ({names} ...) whose names or shapes are those of none of the "
        "networks here; perhaps it comes from a fork for another face size"
    )


def _read(path: Path) -> tuple[State, Mapping[str, str]]:
    """Names and tensors (kernels widened to 32 bits), and the metadata of a safetensors file."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        reason = error.strerror
        raise LipSyncWeightsError("weights_missing", path=path, reason=reason) from error
    metadata: Mapping[str, str] = {}
    if start.startswith(b"\x89HDF"):
        content: object = _read_keras(path)
    elif start[8:9] == b"{":
        content, metadata = _read_safetensors(path)
    else:
        content = _read_torch(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    ):
        raise LipSyncWeightsError("no_tensors", path=path)
    tensors = cast(State, content)
    return {
        name.removeprefix("module."): t.float() if t.is_floating_point() else t
        for name, t in tensors.items()
    }, metadata


def _read_safetensors(path: Path) -> tuple[State, Mapping[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise _damaged(path) from error


def _read_torch(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        if "GLOBAL" in str(error):  # something to be imported, and then called
            raise LipSyncWeightsError("weights_hold_code", path=path) from error
        raise _damaged(path) from error
    except Exception as error:  # a broken pickle can raise anything
        raise _damaged(path) from error


def _read_keras(path: Path) -> State:
    try:
        from .compat.keras_weights import read_keras_weights
    except ImportError as error:
        raise LipSyncWeightsError("needs_h5py", path=path) from error
    with torch.device("meta"):
        network = LipGAN()
    try:
        return read_keras_weights(path, network)
    except OSError as error:
        raise _damaged(path) from error
    except ValueError as error:
        raise LipSyncWeightsError("other_keras_network", path=path, reason=error) from error


def _damaged(path: Path) -> LipSyncWeightsError:
    return LipSyncWeightsError("weights_damaged", path=path, size=path.stat().st_size)
