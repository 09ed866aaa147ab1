"""Every backend draws what the plain generator draws."""

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from avatar_engine.__main__ import main as command_line
from avatar_engine.wav2lip.backends.base import (
    BackendError,
    FaceFeatures,
    InferenceBackend,
    MelWindows,
    warm_up,
)
from avatar_engine.wav2lip.backends.onnx_export import export_onnx
from avatar_engine.wav2lip.backends.openvino_cpu import (
    OpenVinoBackend,
    Precision,
    fastest_precision,
    native_precisions,
)
from avatar_engine.wav2lip.backends.selection import choose_backend
from avatar_engine.wav2lip.backends.torch_backends import TorchCpuBackend
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.split_generator import split_generator
from avatar_engine.wav2lip.weights import save_weights
from tests.test_split_generator import lived_in

N = 3


class Scene:
    """A network with lived-in norms, what it is given and what it plainly draws."""

    def __init__(self) -> None:
        self.generator = lived_in(Wav2Lip384(32))
        with torch.no_grad():
            # Pictures of one grey would agree whatever is wrong.
            self.generator.output_block[1].weight.mul_(2)  # type: ignore[operator]
            self.faces, mels = torch.rand(N, 6, 384, 384), torch.randn(N, 1, 80, 16)
            face_encoder, self.decoder = split_generator(self.generator)
            lower = self.generator(mels, self.faces)[:, :, 192:, 64:320] * 255
            self.maps: FaceFeatures = [level.half().numpy() for level in face_encoder(self.faces)]
        self.plain = lower.permute(0, 2, 3, 1).numpy()
        self.mels: MelWindows = mels.numpy()

    def make(self, name: str) -> InferenceBackend:
        if name == "torch":
            return TorchCpuBackend(self.decoder, 1)
        if name == "cuda":
            return choose_backend(self.decoder, self.maps, "cuda")
        return OpenVinoBackend(self.decoder, self.maps, 1, "fp32")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.fixture(
    scope="module", params=["openvino", "torch", pytest.param("cuda", marks=pytest.mark.gpu)]
)
def backend(scene: Scene, request: pytest.FixtureRequest) -> InferenceBackend:
    return scene.make(request.param)


def test_it_draws_what_the_generator_draws(backend: InferenceBackend, scene: Scene) -> None:
    """To a level of 255, of which half is rounding to bytes and some the 16 bits of the maps."""
    drawn = backend.draw(scene.mels, scene.maps)
    assert drawn.shape == (N, 192, 256, 3) and drawn.dtype == np.uint8
    assert scene.plain.std() > 10, "the pictures are not all of one colour"
    assert np.abs(drawn - scene.plain).max() < 1


class Magnified(nn.Module):
    """Draws how far the network is off what is expected of it: bytes would hide what is small.

    Grey is no difference; from grey to white is one of 1e-4.
    """

    def __init__(self, decoder: nn.Module, expected: Tensor) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("expected", expected)

    def forward(self, mels: Tensor, *maps: Tensor) -> Tensor:
        off: Tensor = self.decoder(mels, *maps) - self.expected
        return (0.5 + off * 0.5e4).clamp(0, 1)


@pytest.fixture(scope="module")
def magnified(scene: Scene) -> Magnified:
    """What is expected is drawn by the plain decoder, with the same 16 bits of the face."""
    generator = scene.generator
    with torch.no_grad():
        faces = [level.half().float() for level in generator.encode_face(scene.faces[:1])]
        mel = torch.from_numpy(scene.mels[:1])
        expected = generator.decode(generator.encode_audio(mel), faces)[:, :, 192:, 64:320]
    assert 0.02 < expected.min() and expected.max() < 0.98, "a difference would be seen"
    _, cropped = split_generator(generator, split_up_to=0)
    return Magnified(cropped, expected)


@pytest.fixture(scope="module")
def raw_maps(scene: Scene) -> FaceFeatures:
    """The face's maps, not split, where they are needed."""
    face_encoder, _ = split_generator(scene.generator, split_up_to=0)
    with torch.no_grad():
        return [level.half().numpy() for level in face_encoder(scene.faces[:1])]


@pytest.mark.parametrize("name", ["openvino", "torch", "onnx"])
def test_in_fp32_it_is_within_a_ten_thousandth_of_the_plain_network(
    scene: Scene, magnified: Magnified, raw_maps: FaceFeatures, name: str, tmp_path: Path
) -> None:
    mel = scene.mels[:1]
    if name == "onnx":
        export_onnx(magnified, raw_maps, tmp_path / "lips.onnx")
        session = onnxruntime.InferenceSession(
            tmp_path / "lips.onnx", providers=["CPUExecutionProvider"]
        )
        names = [given.name for given in session.get_inputs()]
        (drawn,) = session.run(None, dict(zip(names, [mel, *raw_maps], strict=True)))
    elif name == "torch":
        drawn = TorchCpuBackend(magnified, 1).draw(mel, raw_maps)
    else:
        drawn = OpenVinoBackend(magnified, raw_maps, 1, "fp32").draw(mel, raw_maps)
    assert 0 < drawn.min() and drawn.max() < 255


def test_a_frame_is_the_same_whichever_others_are_drawn_with_it(
    backend: InferenceBackend, scene: Scene
) -> None:
    together = backend.draw(scene.mels, scene.maps)
    for i in range(N):
        alone = backend.draw(scene.mels[i : i + 1], [level[i : i + 1] for level in scene.maps])
        difference = np.abs(alone[0].astype(int) - together[i]).max()
        assert difference <= (0 if backend.name.startswith("OpenVINO") else 1)


def test_any_number_of_frames_can_be_drawn_after_warming(
    backend: InferenceBackend, scene: Scene
) -> None:
    warm_up(backend, scene.maps, [1, 2])
    assert len(backend.draw(scene.mels[:2], [level[:2] for level in scene.maps])) == 2


def test_the_onnx_file_draws_the_same(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "lips.onnx"
    export_onnx(scene.decoder, scene.maps, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    assert names == ["mels", *(f"map_{i}" for i in range(9))]
    (drawn,) = session.run(None, dict(zip(names, [scene.mels, *scene.maps], strict=True)))
    assert np.abs(drawn - scene.plain).max() < 1
    assert [p.name for p in path.parent.iterdir()] == ["lips.onnx"]


def test_the_fastest_backend_that_is_there_is_taken_and_named(
    scene: Scene, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_backend(scene.decoder, scene.maps, threads=1).name.startswith("OpenVINO")
    assert "lips are drawn by OpenVINO" in log.text and "torch sees no CUDA device" in log.text
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert choose_backend(scene.decoder, scene.maps, threads=1).name == "torch fp32, 1 thread"
    assert "OpenVINO is not installed" in log.text


def test_a_backend_can_be_forced(scene: Scene, log: pytest.LogCaptureFixture) -> None:
    assert choose_backend(scene.decoder, scene.maps, "torch", 2).name == "torch fp32, 2 threads"
    assert "as the settings say" in log.text


@pytest.mark.parametrize(
    ("name", "threads", "says"),
    [
        ("tpu", None, "no backend 'tpu'; choose auto, cuda, openvino, torch"),
        ("cuda", None, "cuda cannot run here: torch sees no CUDA device"),
        ("torch", 0, "0 threads cannot draw"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str, threads: int | None, says: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BackendError, match=says):
        choose_backend(scene.decoder, scene.maps, name, threads)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 avx512f avx512_bf16", "bf16"),
        ("fpu avx512_vnni avx512_bf16 amx_tile amx_bf16 amx_int8", "bf16"),
        ("fpu avx2 avx512f avx512_vnni avx512_bf16", "int8"),
        ("fpu avx2 avx512f avx512_vnni", "int8"),  # bf16 would be emulated: slower than fp32
        ("fpu avx2 avx_vnni", "int8"),
        ("fpu avx2 avx512f", "fp32"),
    ],
)
def test_the_precision_is_chosen_by_the_flags_of_the_processor(
    flags: str, expected: Precision, tmp_path: Path
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nmodel name\t: amx_bf16\nflags\t\t: {flags}\nbugs\t: x\n")
    assert fastest_precision(path) == expected


def test_a_processor_that_does_not_say_computes_in_fp32(tmp_path: Path) -> None:
    assert fastest_precision(tmp_path / "none") == "fp32" and native_precisions(
        tmp_path / "none"
    ) == {"fp32"}


def test_openvino_tells_nobody(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its telemetry is not so much as imported, here or in a fresh process."""
    program = (
        "import sys\n"
        "from avatar_engine.wav2lip.backends.openvino_cpu import disable_telemetry\n"
        "disable_telemetry()\n"
        "import openvino\n"
        "assert not any(name.startswith('openvino_telemetry.') for name in sys.modules)\n"
        "from openvino.tools.ovc.telemetry_utils import tm; assert tm.__name__.endswith('stub')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    monkeypatch.setattr(socket, "socket", None)  # converting opens no connection
    OpenVinoBackend(scene.decoder, scene.maps, 1, "fp32")


def test_the_command_line_writes_the_onnx_file(tmp_path: Path) -> None:
    save_weights(lived_in(Wav2Lip384(32)), tmp_path / "generator.safetensors")
    out = tmp_path / "lips.onnx"
    assert command_line(["export-onnx", str(tmp_path / "generator.safetensors"), str(out)]) == 0
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert session.get_outputs()[0].shape[1:] == [192, 256, 3]
