"""The forms of the network that are compared, from the plain one to the one that talks."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from avatar_engine.wav2lip.backends.base import (
    FaceFeatures,
    InferenceBackend,
    MelWindows,
    MouthPixels,
)
from avatar_engine.wav2lip.backends.onnx_export import export_onnx
from avatar_engine.wav2lip.backends.openvino_cpu import OpenVinoBackend
from avatar_engine.wav2lip.backends.torch_backends import TorchCpuBackend, TorchCudaBackend
from avatar_engine.wav2lip.calibration import RANGE_FACTOR, calibration_mels
from avatar_engine.wav2lip.model import LipSyncGenerator
from avatar_engine.wav2lip.quantization import largest_inputs, quantized_decoder
from avatar_engine.wav2lip.split_generator import (
    MouthDecoder,
    fold_batch_norm,
    mouth_area,
    split_generator,
)

NetworkVariant = tuple[nn.Module, FaceFeatures]
"""Something to run, and what of n faces it is given: the faces themselves, or cached maps."""


class _WholeNetwork(nn.Module):
    """Everything for every frame; what is seen is looked at."""

    def __init__(self, generator: LipSyncGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, mels: Tensor, faces: Tensor) -> Tensor:
        drawn: Tensor = self.generator(mels, faces)
        return drawn[..., *mouth_area(self.generator.size)]


class _WithoutFaceEncoder(nn.Module):
    """Without the face encoder."""

    def __init__(self, generator: LipSyncGenerator) -> None:
        super().__init__()
        self.audio = generator.audio_encoder
        self.blocks = generator.face_decoder_blocks
        self.output = generator.output_block
        self.seen = mouth_area(generator.size)

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        x = self.audio(mels)
        for block, face in zip(self.blocks, maps, strict=True):
            x = torch.cat([block(x), face], dim=1)
        drawn: Tensor = self.output(x)
        return drawn[..., *self.seen]


def plain(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """As it was trained."""
    return _WholeNetwork(generator), [faces.half().numpy()]


def folded(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """Norms and residuals are in the kernels."""
    return plain(fold_batch_norm(generator), faces)


def cached(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """The face encoder's maps are known."""
    generator = fold_batch_norm(generator)
    with torch.inference_mode():
        maps = [level.half().numpy() for level in reversed(generator.encode_face(faces))]
    return _WithoutFaceEncoder(generator), maps


def cropped(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """Only what is needed of what is seen is computed."""
    return _split(generator, faces, up_to=0)


def hybrid(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """The deep levels are split: the form that talks."""
    face_encoder, decoder = split_generator(generator)
    with torch.inference_mode():
        return decoder, [level.half().numpy() for level in face_encoder(faces)]


def all_split(generator: LipSyncGenerator, faces: Tensor) -> NetworkVariant:
    """Every level is split, for half as much memory again."""
    return _split(generator, faces, up_to=generator.size)


def _split(generator: LipSyncGenerator, faces: Tensor, up_to: int) -> NetworkVariant:
    face_encoder, decoder = split_generator(generator, split_up_to=up_to)
    with torch.inference_mode():
        return decoder, [level.half().numpy() for level in face_encoder(faces)]


class OnnxRuntimeCpu:
    """ONNX Runtime on a processor, for comparison."""

    def __init__(self, network: nn.Module, maps: FaceFeatures, threads: int) -> None:
        import onnxruntime

        self.name = "ONNX Runtime"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "network.onnx")
            export_onnx(network, maps, path)
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        self._names = [given.name for given in self._session.get_inputs()]

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """See :class:`avatar_engine.wav2lip.backends.base.InferenceBackend`."""
        given = dict(zip(self._names, (mels, *maps), strict=True))
        return np.asarray(self._session.run(None, given)[0])


def _in_eight_bits(network: nn.Module, maps: FaceFeatures, threads: int) -> InferenceBackend:
    """Made with other sentences than those that are measured."""
    assert isinstance(network, MouthDecoder)
    mels = calibration_mels(16)
    which = np.resize(np.arange(len(maps[0])), len(mels))
    seen = largest_inputs(network, mels, [level[which] for level in maps])
    made = quantized_decoder(network, tuple(RANGE_FACTOR * value for value in seen))
    return OpenVinoBackend(made, maps, threads, "int8")


NETWORK_VARIANTS: dict[str, Callable[[LipSyncGenerator, Tensor], NetworkVariant]] = {
    form.__name__: form for form in (plain, folded, cached, cropped, hybrid, all_split)
}
RUNTIMES: dict[str, Callable[[nn.Module, FaceFeatures, int], InferenceBackend]] = {
    "torch": lambda network, maps, threads: TorchCpuBackend(network, threads),
    "ONNX Runtime": OnnxRuntimeCpu,
    "OpenVINO": lambda network, maps, threads: OpenVinoBackend(network, maps, threads, "fp32"),
    "OpenVINO bf16": lambda network, maps, threads: OpenVinoBackend(network, maps, threads, "bf16"),
    "OpenVINO int8": lambda network, maps, threads: _in_eight_bits(network, maps, threads),
    "CUDA fp16": lambda network, maps, threads: TorchCudaBackend(network, maps),
}
