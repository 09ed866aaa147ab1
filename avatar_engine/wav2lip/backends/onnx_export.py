"""The network as a file that runtimes for other hardware read."""

import warnings
from pathlib import Path

import torch
from torch import nn

from zhengwen.atomic_write import atomic_path

from .base import FaceFeatures, PixelNetwork, example_inputs

ONNX_OPSET = 17


def export_onnx(decoder: nn.Module, maps: FaceFeatures, out: Path) -> None:
    """Write the network as ONNX.

    Inputs are ``mels`` (n, 1, 80, 16), 32-bit, and ``map_0`` to ``map_8``, 16-bit, as
    ``FaceFeatureEncoder`` makes them; the output is ``pixels``, (n, h, w, 3) bytes, RGB. n
    is free.

    Args:
        decoder: The network.
        maps: Of any frame, for their shapes.
        out: A file that is there is replaced.

    Raises:
        OSError: The file cannot be written.
    """
    pixels = PixelNetwork(decoder).eval()
    given = example_inputs(maps, 2)
    names = ["mels", *(f"map_{level}" for level in range(len(given) - 1))]
    with atomic_path(out) as partial, warnings.catch_warnings():
        # The newer exporter needs three more packages to write the same file.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            pixels,
            given,
            str(partial),
            input_names=names,
            output_names=["pixels"],
            dynamic_axes={name: {0: "n"} for name in [*names, "pixels"]},
            opset_version=ONNX_OPSET,
            dynamo=False,
        )
