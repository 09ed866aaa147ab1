"""``eval speed``: every form draws the same picture, and the table shows what was measured."""

from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from avatar_engine.video.encoder import X264_OPTIONS
from avatar_engine.wav2lip.backends.torch_backends import TorchCpuBackend
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.weights import save_weights
from eval.performance.frame_inputs import FrameInputs, calibrate_batch_norms
from eval.performance.frame_speed import (
    SpeedReport,
    measure_network,
    measure_steps_apart,
    tables,
)
from eval.performance.frame_steps import ENCODER_SETTINGS, EncoderSetting, measure_encoder_settings
from eval.performance.network_benchmark import (
    EXACT,
    NetworkRow,
    NetworkTask,
    capped_psnr,
    median_row,
)
from eval.performance.network_variants import NETWORK_VARIANTS

N = 2


@pytest.fixture(scope="module")
def material() -> FrameInputs:
    return FrameInputs.gather(N)


@pytest.fixture(scope="module")
def generator() -> Wav2Lip384:
    torch.manual_seed(0)
    made = Wav2Lip384(32)
    calibrate_batch_norms(made)
    return made


@pytest.fixture(scope="module")
def plain(generator: Wav2Lip384, material: FrameInputs) -> np.ndarray:
    network, faces = NETWORK_VARIANTS["plain"](generator, material.tensor())
    return TorchCpuBackend(network, 1).draw(material.mels, faces)


@pytest.mark.parametrize("form", ["folded", "cached", "cropped", "hybrid", "all_split"])
def test_every_form_draws_the_same_picture(
    form: str, generator: Wav2Lip384, material: FrameInputs, plain: np.ndarray
) -> None:
    network, maps = NETWORK_VARIANTS[form](generator, material.tensor())
    drawn = TorchCpuBackend(network, 1).draw(material.mels, maps)
    assert plain.std() > 2, "the pictures are not all of one colour"
    assert capped_psnr(drawn, plain) > 55


def test_something_is_heard_in_every_frame_of_a_sentence(material: FrameInputs) -> None:
    assert material.mels.shape == (N, 1, 80, 16)
    assert FrameInputs.gather(8).mels.max(axis=(1, 2, 3)).min() > -2


def test_psnr_of_equal_and_of_different_pictures() -> None:
    picture = np.zeros((4, 4), np.uint8)
    assert capped_psnr(picture, picture) == EXACT
    assert capped_psnr(picture + np.uint8(255), picture) == pytest.approx(0)


@pytest.mark.slow
def test_a_row_is_measured_in_a_process_of_its_own(
    generator: Wav2Lip384, material: FrameInputs, plain: np.ndarray, tmp_path: Path
) -> None:

    save_weights(generator, tmp_path / "generator.safetensors")
    material.save(tmp_path / "material.npz")
    np.save(tmp_path / "plain.npy", plain)
    task = NetworkTask("hybrid", "torch", 1, 1, str(tmp_path))
    row = measure_network(task)
    assert row.fps > 0 and row.cpu_ms > 0 and row.cache_mb == pytest.approx(1.54, abs=0.01)
    assert row.memory_mb > 50 and row.psnr_db is not None and row.psnr_db > 55
    nowhere = NetworkTask("hybrid", "torch", 1, 1, str(tmp_path / "elsewhere"))
    with pytest.raises(OSError, match=r"hybrid with torch could not be measured: .*material\.npz"):
        measure_network(nowhere)


@pytest.mark.slow
def test_the_steps_beside_the_network_are_measured_in_a_process_of_their_own() -> None:
    steps = measure_steps_apart(1)
    assert {"hear: mel spectrogram", "RGB to YUV", "x264, AAC, MP4"} <= steps.keys()
    assert steps["RGB to YUV"] > 0


def test_figures_of_several_rounds_are_their_medians() -> None:
    rounds = [NetworkRow(fps, 1, 2, 3, None) for fps in (10, 90, 12)]
    assert median_row(rounds) == NetworkRow(12, 1, 2, 3, None)


def test_the_table_shows_speed_ups_and_the_sum_of_the_way() -> None:
    rows = {
        "384, torch": NetworkRow(5, 200, 400, 0, EXACT),
        "OpenVINO: what talks": NetworkRow(30, 33, 300, 3.7, 60),
    }
    sent = EncoderSetting("superfast", 24, True, 1.8, 669, 44.8)
    report = SpeedReport(
        "a machine", "random weights", 1, 5, rows, {"paste": 2.0, "x264": 5.0}, [sent]
    )
    console = Console(width=140, record=True)
    for table in tables(report):
        console.print(table)
    text = console.export_text()
    assert "6.0" in text and "same" in text and "40.00" in text and "what is sent" in text


def test_what_is_sent_is_one_of_the_ways_to_encode_that_are_compared() -> None:
    assert (X264_OPTIONS["preset"], int(X264_OPTIONS["crf"])) in ENCODER_SETTINGS


@pytest.mark.slow
def test_every_way_to_encode_is_measured_and_the_finer_one_takes_more_bits() -> None:
    ways = {(way.preset, way.crf): way for way in measure_encoder_settings()}
    assert (
        list(ways) == list(ENCODER_SETTINGS)
        and [w.is_shipped for w in ways.values()].count(True) == 1
    )
    assert all(way.face_db > 40 and way.cpu_ms > 0 for way in ways.values())
    assert ways["superfast", 23].kbit_s > ways["superfast", 24].kbit_s
