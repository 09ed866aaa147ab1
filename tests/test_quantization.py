"""In eight bits the mouth looks the same, or eight bits are not used."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip import quantization
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
from avatar_engine.wav2lip.feature_cache import FeatureCache
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.quantization import (
    MIN_MOUTH_PSNR,
    calibration_mels,
    fake_quantized,
    mouth_psnr,
)
from avatar_engine.wav2lip.split_generator import MouthDecoder, split_generator
from avatar_engine.wav2lip.weights import load_weights

SUIT = Path(__file__).resolve().parent.parent / "assets" / "presenters" / "suit"
WEIGHTS = SHIPPED_WEIGHTS / "generator.safetensors"


multiplies_bytes = pytest.mark.skipif(
    "int8" not in native_precisions(), reason="without VNNI, sums of two products overflow"
)


class Scene:
    """The shipped weights, some frames of the shipped presenter, and sounds of no calibration."""

    def __init__(self, folder: Path) -> None:
        presenter = Presenter(SUIT)
        presenter._loop, presenter.faces = presenter._loop[:4], presenter.faces[:4]
        steady, self.speaking = split_generator(load_weights(WEIGHTS, Wav2Lip384))
        self.maps: FaceFeatures = FeatureCache(presenter, steady, WEIGHTS, folder).of(range(4))
        self.mels: MelWindows = calibration_mels()[1::4]
        self.exact = TorchCpuBackend(self.speaking, 1).draw(self.mels, self.maps)

    def in_eight_bits(self) -> MouthDecoder:
        mels = calibration_mels()[::2]
        which = np.resize(np.arange(4), len(mels))
        return fake_quantized(self.speaking, mels, [level[which] for level in self.maps])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("maps"))


def test_what_is_calibrated_with_is_speech() -> None:
    mels = calibration_mels()
    assert mels.shape == (2 * quantization.N_CALIBRATION_FRAMES, 1, 80, 16)
    assert (mels.max(axis=(1, 2, 3)) > 0).mean() > 0.8, "something is heard in most"


def test_the_shipped_lips_are_the_same_to_the_eye(scene: Scene) -> None:
    drawn = TorchCpuBackend(scene.in_eight_bits(), 1).draw(scene.mels, scene.maps)
    assert MIN_MOUTH_PSNR + 5 < mouth_psnr(drawn, scene.exact) < 60, "rounded, and not to be seen"


@multiplies_bytes
def test_openvino_draws_what_torch_imitates(scene: Scene) -> None:
    made = scene.in_eight_bits()
    imitated = TorchCpuBackend(made, 1).draw(scene.mels, scene.maps)
    drawn = OpenVinoBackend(made, scene.maps, 1, "int8").draw(scene.mels, scene.maps)
    assert mouth_psnr(drawn, scene.exact) > MIN_MOUTH_PSNR
    assert mouth_psnr(drawn, imitated) > 45


@pytest.mark.parametrize("precision", sorted(native_precisions()))
def test_a_frame_is_the_same_whichever_others_are_drawn_with_it(
    scene: Scene, precision: Precision
) -> None:
    """In every precision of this processor."""
    network = scene.in_eight_bits() if precision == "int8" else scene.speaking
    backend = OpenVinoBackend(network, scene.maps, 1, precision)
    together = backend.draw(scene.mels, scene.maps)
    for some in (slice(0, 1), slice(1, 3), slice(1, 4)):
        apart = backend.draw(scene.mels[some], [level[some] for level in scene.maps])
        assert np.array_equal(apart, together[some])


def test_rounding_leaves_the_network_as_it_was(scene: Scene) -> None:
    before = {name: tensor.clone() for name, tensor in scene.speaking.state_dict().items()}
    scene.in_eight_bits()
    after = scene.speaking.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@multiplies_bytes
def test_eight_bits_are_taken_where_they_are_fastest_and_keep_the_picture(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(selection, "fastest_precision", lambda: "int8")
    assert choose_backend(scene.speaking, scene.maps, threads=1).name == "OpenVINO int8, 1 thread"
    assert "eight bits draw the mouth as fp32 does to 4" in log.text


def test_eight_bits_that_spoil_the_picture_are_not_used_unless_they_are_asked_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(selection, "fastest_precision", lambda: "int8")
    monkeypatch.setattr(selection, "MIN_MOUTH_PSNR", 70.0)
    monkeypatch.setattr(selection, "native_precisions", lambda: {"fp32", "int8"})
    assert choose_backend(scene.speaking, scene.maps, threads=1).name == "OpenVINO fp32, 1 thread"
    assert "70 dB are wanted: lips are drawn in fp32" in log.text
    forced = choose_backend(scene.speaking, scene.maps, threads=1, precision="int8")
    assert forced.name == "OpenVINO int8, 1 thread"


def test_a_precision_that_cannot_be_is_refused(scene: Scene) -> None:
    with pytest.raises(BackendError, match="no precision 'fp4'; choose auto, fp32, bf16, int8"):
        choose_backend(scene.speaking, scene.maps, precision="fp4")
    with pytest.raises(BackendError, match="a setting of OpenVINO; torch has its own"):
        choose_backend(scene.speaking, scene.maps, "torch", precision="int8")


def test_a_precision_that_would_only_be_imitated_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "native_precisions", lambda: {"fp32"})
    with pytest.raises(BackendError, match="this processor does not multiply in bf16"):
        choose_backend(scene.speaking, scene.maps, "openvino", precision="bf16")
