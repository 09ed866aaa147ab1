"""Reads LipGAN's Keras checkpoint. HDF5 holds numbers only, so this is safe."""

import re
from collections.abc import Iterator
from pathlib import Path

import h5py  # type: ignore[import-untyped, import-not-found, unused-ignore]
import numpy as np
import torch
from torch import Tensor, nn

_LAYER = re.compile(r"(conv2d|conv2d_transpose|batch_normalization)(?:_(\d+))?")
_KINDS: dict[str, type[nn.Module]] = {
    "conv2d": nn.Conv2d,
    "conv2d_transpose": nn.ConvTranspose2d,
    "batch_normalization": nn.BatchNorm2d,
}


def read_keras_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """The weights in a Keras 2 ``.h5`` file, under the names they have in ``network``.

    Keras numbers its layers as they are made, kind by kind; the layers of
    ``network`` are taken to be in the same order.

    Raises:
        OSError: The file is damaged.
        ValueError: It holds other layers than ``network`` has.
    """
    with h5py.File(path, "r") as file:
        root = file.get("model_weights", file)
        layers = {kind: _layers(root, kind) for kind in _KINDS}
    state: dict[str, Tensor] = {}
    for kind, module_type in _KINDS.items():
        names = [name for name, module in network.named_modules() if type(module) is module_type]
        if len(names) != len(layers[kind]):
            raise ValueError(f"{len(layers[kind])} {kind} layers instead of {len(names)}")
        for name, arrays in zip(names, layers[kind], strict=True):
            state |= {f"{name}.{part}": tensor for part, tensor in _parts(kind, arrays)}
    return state


def _layers(root: h5py.Group, kind: str) -> list[list[np.ndarray]]:
    """The arrays of every layer of a kind, in the order in which Keras made them."""
    found = []
    for name in root:
        match = _LAYER.fullmatch(name)
        if match and match[1] == kind:
            group = root[name]
            arrays = [np.asarray(group[weight]) for weight in group.attrs["weight_names"]]
            found.append((int(match[2] or 0), arrays))
    return [arrays for _, arrays in sorted(found, key=lambda layer: layer[0])]


def _parts(kind: str, arrays: list[np.ndarray]) -> Iterator[tuple[str, Tensor]]:
    """Torch's names and layouts for the arrays of one layer."""
    tensors = [torch.from_numpy(array) for array in arrays]
    if kind == "batch_normalization":
        names = ("weight", "bias", "running_mean", "running_var")
        yield from zip(names, tensors, strict=True)
    else:
        kernel, bias = tensors  # the kernel is (height, width, ...), plain or transposed
        yield "weight", kernel.permute(3, 2, 0, 1).contiguous()
        yield "bias", bias
