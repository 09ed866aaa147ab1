"""In eight bits the mouth looks the same, or eight bits are not used."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_engine.__main__ import main
from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip import calibration
from avatar_engine.wav2lip.avatar import SHIPPED_WEIGHTS
from avatar_engine.wav2lip.backends import selection
from avatar_engine.wav2lip.backends.base import BackendError, FaceFeatures, MelWindows
from avatar_engine.wav2lip.backends.openvino_cpu import (
    OpenVinoBackend,
    Precision,
    native_precisions,
)
from avatar_engine.wav2lip.backends.selection import choose_backend
from avatar_engine.wav2lip.backends.torch_backends import TorchCpuBackend
from avatar_engine.wav2lip.calibration import calibration_mels
from avatar_engine.wav2lip.feature_cache import FaceFeatureExtractor
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.quantization import (
    MIN_MOUTH_PSNR,
    QuantizationError,
    mouth_psnr,
    quantized_decoder,
    ranges_file,
    read_ranges,
    write_ranges,
)
from avatar_engine.wav2lip.split_generator import MouthDecoder, split_generator
from avatar_engine.wav2lip.weights import load_weights, save_weights

PRESENTERS = Path(__file__).resolve().parent.parent / "assets" / "presenters"
WEIGHTS = SHIPPED_WEIGHTS / "generator.safetensors"
N_FRAMES = 6  # of each presenter, none of them measured with


multiplies_bytes = pytest.mark.skipif(
    "int8" not in native_precisions(), reason="without VNNI, sums of two products overflow"
)


class ShippedScene:
    """The shipped weights, frames of a shipped presenter, and sounds of no calibration."""

    def __init__(self, presenter: str) -> None:
        loop = Presenter(PRESENTERS / presenter)
        face_encoder, self.decoder = split_generator(load_weights(WEIGHTS, Wav2Lip384))
        maker = FaceFeatureExtractor(loop, face_encoder)
        indices = np.linspace(3, len(loop) - 4, N_FRAMES).astype(int)
        made = [maker.maps(int(index)) for index in indices]
        self.maps: FaceFeatures = [np.stack(level) for level in zip(*made, strict=True)]
        self.mels: MelWindows = calibration_mels(2 * N_FRAMES + 1)[1::2]
        self.exact = TorchCpuBackend(self.decoder, 1).draw(self.mels, self.maps)

    def in_eight_bits(self) -> MouthDecoder:
        return quantized_decoder(self.decoder, read_ranges(WEIGHTS).input_max)


@pytest.fixture(scope="module")
def scene() -> ShippedScene:
    return ShippedScene("suit")


@pytest.fixture
def copied_weights(tmp_path: Path) -> Path:
    """The shipped weights with their ranges, in a folder of their own."""
    for file in (WEIGHTS, ranges_file(WEIGHTS)):
        shutil.copy(file, tmp_path)
    return tmp_path / WEIGHTS.name


@pytest.fixture
def fastest_in_eight_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that multiplies bytes fastest, whatever this one does."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(selection, "fastest_precision", lambda: "int8")
    monkeypatch.setattr(selection, "native_precisions", lambda: {"fp32", "int8"})


def test_what_is_calibrated_with_is_speech() -> None:
    mels = calibration_mels(16)
    assert mels.shape == (16, 1, 80, 16)
    assert (mels.max(axis=(1, 2, 3)) > 0).mean() > 0.8, "something is heard in most"


@pytest.mark.parametrize("presenter", ["suit", "blouse"])
def test_the_shipped_ranges_keep_the_mouth_of_every_shipped_presenter(presenter: str) -> None:
    scene = ShippedScene(presenter)
    drawn = TorchCpuBackend(scene.in_eight_bits(), 1).draw(scene.mels, scene.maps)
    assert MIN_MOUTH_PSNR + 5 < mouth_psnr(drawn, scene.exact) < 60, "rounded, and not to be seen"


@multiplies_bytes
def test_openvino_draws_what_torch_imitates(scene: ShippedScene) -> None:
    made = scene.in_eight_bits()
    imitated = TorchCpuBackend(made, 1).draw(scene.mels, scene.maps)
    drawn = OpenVinoBackend(made, scene.maps, 1, "int8").draw(scene.mels, scene.maps)
    assert mouth_psnr(drawn, scene.exact) > MIN_MOUTH_PSNR
    assert mouth_psnr(drawn, imitated) > 45


@pytest.mark.parametrize("precision", sorted(native_precisions()))
def test_a_frame_is_the_same_whichever_others_are_drawn_with_it(
    scene: ShippedScene, precision: Precision
) -> None:
    """In every precision of this processor."""
    network = scene.in_eight_bits() if precision == "int8" else scene.decoder
    backend = OpenVinoBackend(network, scene.maps, 1, precision)
    together = backend.draw(scene.mels, scene.maps)
    for some in (slice(0, 1), slice(1, 3), slice(1, 4)):
        apart = backend.draw(scene.mels[some], [level[some] for level in scene.maps])
        assert np.array_equal(apart, together[some])


def test_rounding_leaves_the_network_as_it_was(scene: ShippedScene) -> None:
    before = {name: tensor.clone() for name, tensor in scene.decoder.state_dict().items()}
    scene.in_eight_bits()
    after = scene.decoder.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_start_measures_nothing_and_needs_no_voice() -> None:
    """In a process of its own: here the voice is imported already."""
    program = f"""
import sys
from pathlib import Path
import torch
from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip.avatar import Wav2Lip384Avatar
from avatar_engine.wav2lip.backends import selection
selection.fastest_precision = lambda: "int8"
selection.native_precisions = lambda: {{"fp32", "int8"}}
torch.cuda.is_available = lambda: False
presenter = Presenter(Path({str(PRESENTERS / "suit")!r}))
presenter._loop, presenter.faces = presenter._loop[:1], presenter.faces[:1]
avatar = Wav2Lip384Avatar(presenter, cache=sys.argv[1], threads=1)
print(avatar._backend.name)
print([name for name in sys.modules if "espeak" in name or name.endswith("wav2lip.calibration")])
"""
    with tempfile.TemporaryDirectory() as cache:
        run = subprocess.run(
            [sys.executable, "-c", program, cache], capture_output=True, text=True, check=True
        )
    assert run.stdout.splitlines() == ["OpenVINO int8, 1 thread", "[]"]


def test_eight_bits_are_taken_where_they_are_fastest_and_keep_the_picture(
    scene: ShippedScene, fastest_in_eight_bits: None, log: pytest.LogCaptureFixture
) -> None:
    chosen = choose_backend(scene.decoder, scene.maps, threads=1, weights=WEIGHTS)
    assert chosen.name == "OpenVINO int8, 1 thread"
    assert "eight bits draw the mouth as fp32 does to 4" in log.text


def test_ranges_that_spoil_the_picture_are_not_used_unless_they_are_asked_for(
    scene: ShippedScene,
    copied_weights: Path,
    fastest_in_eight_bits: None,
    log: pytest.LogCaptureFixture,
) -> None:
    write_ranges(replace(read_ranges(copied_weights), mouth_psnr=37.9), copied_weights)
    chosen = choose_backend(scene.decoder, scene.maps, threads=1, weights=copied_weights)
    assert chosen.name == "OpenVINO fp32, 1 thread"
    assert "lips are drawn in fp32: 38 dB are wanted of eight bits" in log.text
    forced = choose_backend(
        scene.decoder, scene.maps, threads=1, precision="int8", weights=copied_weights
    )
    assert forced.name == "OpenVINO int8, 1 thread"


def test_ranges_of_other_weights_are_not_used_and_the_log_says_how_to_measure_them(
    scene: ShippedScene,
    copied_weights: Path,
    fastest_in_eight_bits: None,
    log: pytest.LogCaptureFixture,
) -> None:
    save_weights(Wav2Lip384(32), copied_weights)
    chosen = choose_backend(scene.decoder, scene.maps, threads=1, weights=copied_weights)
    assert chosen.name == "OpenVINO fp32, 1 thread"
    assert "belongs to other weights" in log.text
    assert f"python -m avatar_engine quantize {copied_weights}" in log.text
    with pytest.raises(BackendError, match="belongs to other weights"):
        choose_backend(
            scene.decoder, scene.maps, threads=1, precision="int8", weights=copied_weights
        )


def test_missing_and_damaged_ranges_are_told_apart(copied_weights: Path) -> None:
    path = ranges_file(copied_weights)
    for damage in ("", "[]", json.dumps({"input_max": [1.0]})):
        path.write_text(damage)
        with pytest.raises(QuantizationError, match="is damaged"):
            read_ranges(copied_weights)
    path.unlink()
    with pytest.raises(QuantizationError, match="there are no eight-bit ranges at"):
        read_ranges(copied_weights)


def test_ranges_of_another_number_of_layers_are_refused(scene: ShippedScene) -> None:
    with pytest.raises(QuantizationError, match="1 ranges are not of 17 layers"):
        quantized_decoder(scene.decoder, (1.0,))


def test_the_command_measures_ranges_that_belong_to_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "N_CALIBRATION_FRAMES", 2)
    torch.manual_seed(1)
    weights = tmp_path / "mine.safetensors"
    save_weights(Wav2Lip384(32).eval(), weights)
    assert main(["quantize", str(weights), "--presenter", str(PRESENTERS / "suit")]) == 0
    ranges = read_ranges(weights)
    assert len(ranges.input_max) == 17 and min(ranges.input_max) > 0
    assert f"to {ranges.mouth_psnr:.1f} dB" in capsys.readouterr().out


def test_a_precision_that_cannot_be_is_refused(scene: ShippedScene) -> None:
    with pytest.raises(BackendError, match="no precision 'fp4'; choose auto, fp32, bf16, int8"):
        choose_backend(scene.decoder, scene.maps, precision="fp4")
    with pytest.raises(BackendError, match="a setting of OpenVINO; torch has its own"):
        choose_backend(scene.decoder, scene.maps, "torch", precision="int8")


def test_a_precision_that_would_only_be_imitated_is_refused(
    scene: ShippedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "native_precisions", lambda: {"fp32"})
    with pytest.raises(BackendError, match="this processor does not multiply in bf16"):
        choose_backend(scene.decoder, scene.maps, "openvino", precision="bf16")
