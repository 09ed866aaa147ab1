"""``python -m avatar_engine export-onnx``: the network for hardware that no backend knows."""

import argparse
from pathlib import Path


def add_export_onnx_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``export-onnx``."""
    parser.add_argument("weights", type=Path, metavar="GENERATOR.safetensors")
    parser.add_argument("out", type=Path, metavar="OUT.onnx")


def run_export_onnx(options: argparse.Namespace) -> int:
    """Export; returns the exit code."""
    import torch

    from ..wav2lip.backends.onnx_export import export_onnx
    from ..wav2lip.model import Wav2Lip384
    from ..wav2lip.split_generator import split_generator
    from ..wav2lip.weights import load_weights

    if options.out.suffix != ".onnx":
        raise ValueError(f"{options.out} must end in .onnx")
    generator = load_weights(options.weights, Wav2Lip384)
    steady, speaking = split_generator(generator)
    with torch.inference_mode():
        face = torch.zeros(1, 6, generator.size, generator.size)
        maps = [level.half().numpy() for level in steady(face)]
    export_onnx(speaking, maps, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.1f} MiB; see docs/speed.md")
    return 0
