"""The forms of the network that are compared, from the plain one to the one that talks."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from avatar_engine.wav2lip.backends.base import Backend, Drawn, Maps, Mels
from avatar_engine.wav2lip.backends.onnx_file import export
from avatar_engine.wav2lip.backends.openvino_cpu import OpenVinoCpu
from avatar_engine.wav2lip.backends.torch_cpu import TorchCpu
from avatar_engine.wav2lip.backends.torch_cuda import TorchCuda
from avatar_engine.wav2lip.eight_bits import heard, rounded
from avatar_engine.wav2lip.generator import Generator
from avatar_engine.wav2lip.split import Speaking, fold, seen, split

Form = tuple[nn.Module, Maps]
"""Something to run, and what of n faces it is given: the faces themselves, or cached maps."""


class _Whole(nn.Module):
    """Everything for every frame; what is seen is looked at."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, mels: Tensor, faces: Tensor) -> Tensor:
        drawn: Tensor = self.generator(mels, faces)
        return drawn[..., *seen(self.generator.size)]


class _Cached(nn.Module):
    """Without the face encoder."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.audio = generator.audio_encoder
        self.blocks = generator.face_decoder_blocks
        self.output = generator.output_block
        self.seen = seen(generator.size)

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        x = self.audio(mels)
        for block, face in zip(self.blocks, maps, strict=True):
            x = torch.cat([block(x), face], dim=1)
        drawn: Tensor = self.output(x)
        return drawn[..., *self.seen]


def plain(generator: Generator, faces: Tensor) -> Form:
    """As it was trained."""
    return _Whole(generator), [faces.half().numpy()]


def folded(generator: Generator, faces: Tensor) -> Form:
    """Norms and residuals are in the kernels."""
    return plain(fold(generator), faces)


def cached(generator: Generator, faces: Tensor) -> Form:
    """The face encoder's maps are known."""
    generator = fold(generator)
    with torch.inference_mode():
        maps = [level.half().numpy() for level in reversed(generator.encode_face(faces))]
    return _Cached(generator), maps


def cropped(generator: Generator, faces: Tensor) -> Form:
    """Only what is needed of what is seen is computed."""
    return _split(generator, faces, up_to=0)


def hybrid(generator: Generator, faces: Tensor) -> Form:
    """The deep levels are split: the form that talks."""
    steady, speaking = split(generator)
    with torch.inference_mode():
        return speaking, [level.half().numpy() for level in steady(faces)]


def all_split(generator: Generator, faces: Tensor) -> Form:
    """Every level is split, for half as much memory again."""
    return _split(generator, faces, up_to=generator.size)


def _split(generator: Generator, faces: Tensor, up_to: int) -> Form:
    steady, speaking = split(generator, split_up_to=up_to)
    with torch.inference_mode():
        return speaking, [level.half().numpy() for level in steady(faces)]


class OnnxRuntime:
    """ONNX Runtime on a processor, for comparison."""

    def __init__(self, network: nn.Module, maps: Maps, threads: int) -> None:
        import onnxruntime

        self.name = "ONNX Runtime"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "network.onnx")
            export(network, maps, path)
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        self._names = [given.name for given in self._session.get_inputs()]

    def draw(self, mels: Mels, maps: Maps) -> Drawn:
        """See :class:`avatar_engine.wav2lip.backends.base.Backend`."""
        given = dict(zip(self._names, (mels, *maps), strict=True))
        return np.asarray(self._session.run(None, given)[0])


def _in_eight_bits(network: nn.Module, maps: Maps, threads: int) -> Backend:
    """Made with other sentences than those that are measured."""
    assert isinstance(network, Speaking)
    mels = heard()
    which = np.resize(np.arange(len(maps[0])), len(mels))
    made = rounded(network, mels, [level[which] for level in maps])
    return OpenVinoCpu(made, maps, threads, "int8")


FORMS: dict[str, Callable[[Generator, Tensor], Form]] = {
    form.__name__: form for form in (plain, folded, cached, cropped, hybrid, all_split)
}
RUNTIMES: dict[str, Callable[[nn.Module, Maps, int], Backend]] = {
    "torch": lambda network, maps, threads: TorchCpu(network, threads),
    "ONNX Runtime": OnnxRuntime,
    "OpenVINO": lambda network, maps, threads: OpenVinoCpu(network, maps, threads, "fp32"),
    "OpenVINO bf16": lambda network, maps, threads: OpenVinoCpu(network, maps, threads, "bf16"),
    "OpenVINO int8": lambda network, maps, threads: _in_eight_bits(network, maps, threads),
    "CUDA fp16": lambda network, maps, threads: TorchCuda(network, maps),
}
