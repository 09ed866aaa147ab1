"""Lip sync, measured: figures against values known by hand, and the whole command once."""

import contextlib
import csv
import io
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar_engine.training.dataset import clip as files
from avatar_engine.training.dataset.clip import Clip
from avatar_engine.wav2lip.compat.syncnet import SyncNet
from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
from avatar_engine.wav2lip.discriminators import SyncExpert, SyncExpert384
from avatar_engine.wav2lip.mel import mel_windows, melspectrogram
from avatar_engine.wav2lip.model import LipSyncGenerator, Wav2Lip384
from avatar_engine.wav2lip.weights import LipSyncWeightsError, save_weights
from eval.__main__ import main
from eval.lipsync import mouth_opening
from eval.lipsync.evaluation import redraw
from eval.lipsync.held_out_clips import (
    HeldOutClip,
    fitted,
    read_held_out_clips,
    references,
    wrong_audio_partners,
)
from eval.lipsync.image_metrics import MOUTH, edge_colour, flicker, frechet_distance, l1, psnr, ssim
from eval.lipsync.perceptual_networks import (
    N_FEATURES,
    Inception,
    Lpips,
    load_inception,
    load_lpips,
    lpips_distance,
)
from eval.lipsync.sync_judges import (
    ExpertJudge,
    SyncJudge,
    SyncNetJudge,
    face_in_square,
    mfcc,
    pipeline_crop,
    score_sync,
)
from eval.metrics import mean_estimate, ratio_estimate

Pixels = NDArray[np.uint8]
Sound = NDArray[np.float32]
SIDE = 384


def talk(n: int, seed: int) -> tuple[Pixels, Sound, NDArray[np.float64]]:
    """A face whose mouth is as open, and whose jaw as bright, as its sound is loud."""
    rng = np.random.default_rng(seed)
    loud = rng.uniform(0, 1, n)
    loud[:4] = 0
    noise = rng.normal(0, 0.1, (n, 640))
    samples = (noise * 10 ** (2 * (loud - 1))[:, None] * (loud > 0)[:, None]).astype(np.float32)
    frames = np.full((n, SIDE, SIDE, 3), (200, 150, 130), np.uint8)
    frames[:, 360:] = (40 + 200 * loud)[:, None, None, None]
    for frame, opening in zip(frames, loud, strict=True):
        frame[250 : 250 + round(60 * opening), 160:224] = (30, 10, 10)
    return frames, samples.ravel(), loud


def write_clip(folder: Path, frames: Pixels, samples: Sound, text: str = "", **more: Any) -> Clip:
    part = files.begin_clip(folder)
    files.write_frames(part, frames)
    files.write_audio(part, np.round(samples * 32767).astype(np.int16))
    n = len(frames)
    card = files.ClipMetadata(
        source="made", source_sha256="", start_s=0, end_s=n / 25, n_frames=n, fps=25, size=SIDE,
        detector="known", boxes=[[25, 0, 359, 353]] * n, squares=[[0, 0, 384]] * n, offset=None,
        settings="", text=text, **more,
    )  # fmt: skip
    files.write_metadata(part, card)
    files.finish_clip(part)
    return Clip(folder)


# LSE-D, LSE-C, offset


def test_the_sync_figures_are_least_distance_and_median_less_least() -> None:
    both = np.eye(2, dtype=np.float32)
    found = score_sync(both, both, vshift=1)
    # At -1 and +1 one window is compared with the other (√2), one with the zeros outside (1).
    apart = (1 + np.sqrt(2)) / 2
    assert found.distances == pytest.approx([apart, 0, apart], abs=1e-5)
    assert found.lse_d == pytest.approx(0, abs=1e-5)
    assert found.lse_c == pytest.approx(apart, abs=1e-5)
    assert found.offset == 0


def test_a_sound_three_frames_early_has_offset_three() -> None:
    lips = np.eye(40, dtype=np.float32)
    early, late = np.roll(lips, -3, axis=0), np.roll(lips, 3, axis=0)
    assert score_sync(lips, early).offset == 3
    assert score_sync(lips, late).offset == -3
    # The three windows whose sound lies outside the clip are compared with zeros: distance 1.
    assert score_sync(lips, early).lse_d == pytest.approx(3 / 40, abs=1e-5)


def test_no_window_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        score_sync(np.empty((0, 8), np.float32), np.empty((0, 8), np.float32))


class Brightness(nn.Module):
    """Reads the brightness of each of five lower halves off their last rows."""

    def forward(self, stacks: Tensor) -> Tensor:
        levels: Tensor = stacks[:, :, -20:].mean((2, 3)).reshape(-1, 5, 3).mean(2)
        return levels - levels.mean(1, keepdim=True)


class Loudness(nn.Module):
    """Reads the level of each of five frames off 16 mel columns."""

    def forward(self, mels: Tensor) -> Tensor:
        levels = nn.functional.adaptive_avg_pool1d(mels.mean(2), 5).flatten(1)
        return levels - levels.mean(1, keepdim=True)


class ListeningExpert(SyncExpert):
    """An expert made by hand, for faces whose jaw is as bright as their sound is loud."""

    size, channel_order, n_frames = 384, "RGB", 5

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = nn.Sequential(Brightness())
        self.audio_encoder = nn.Sequential(Loudness())


class ListeningSyncNet(SyncNet):
    """Likewise for cepstra, whose first row is the energy, and pictures of 224 pixels."""

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def embed_audio(self, cepstra: Tensor) -> Tensor:
        energy = cepstra[:, 0, 0].reshape(-1, 5, 4).mean(2)
        return nn.functional.normalize(energy - energy.mean(1, keepdim=True))

    def embed_lips(self, frames: Tensor) -> Tensor:
        assert frames.shape[1:] == (3, 5, 224, 224)
        levels = frames[:, :, :, 155:165, 90:130].mean((1, 3, 4))
        return nn.functional.normalize(levels - levels.mean(1, keepdim=True))


@pytest.mark.parametrize(
    "judge", [ExpertJudge(ListeningExpert()), SyncNetJudge(ListeningSyncNet())]
)
def test_a_judge_finds_by_how_many_frames_pictures_were_moved(
    judge: SyncJudge, tmp_path: Path
) -> None:
    frames, samples, _ = talk(48, seed=1)
    card = write_clip(tmp_path / "clip", frames[:1], samples[:640]).card
    sounds = judge.sounds(samples)
    assert score_sync(judge.lips(frames, card), sounds).offset == 0
    assert score_sync(judge.lips(np.roll(frames, 3, axis=0), card), sounds).offset == 3
    assert score_sync(judge.lips(np.roll(frames, -4, axis=0), card), sounds).offset == -4
    assert len(sounds) == 48 - 5, "the script leaves the last window out"


def test_a_judge_prefers_a_clip_s_own_sound(tmp_path: Path) -> None:
    frames, samples, _ = talk(48, seed=1)
    card = write_clip(tmp_path / "clip", frames[:1], samples[:640]).card
    judge = ExpertJudge(ListeningExpert())
    lips = judge.lips(frames, card)
    own, wrong = (
        score_sync(lips, judge.sounds(samples)),
        score_sync(lips, judge.sounds(talk(48, seed=2)[1])),
    )
    assert own.lse_d < 0.5 * wrong.lse_d
    assert own.lse_c > 2 * wrong.lse_c


def test_the_official_judge_is_shown_what_its_pipeline_cuts_out() -> None:
    frame = np.full((SIDE, SIDE, 3), 255, np.uint8)
    frame[200:] = 0
    face = (0.25, 0.25, 0.75, 0.75)  # half a side of 192 pixels; cut from 96 to 365 of 384
    cut = pipeline_crop(frame, face)
    assert cut.shape == (224, 224, 3)
    edge = int(np.argmax(cut[:, 112, 0] < 128))
    assert edge == pytest.approx((200 - 96) / (2.8 * 96) * 224, abs=1)
    wide = pipeline_crop(frame, (0.0, 0.0, 1.0, 1.0))
    assert (wide[:, 0] == 110).all(), "beside the picture it is grey"
    assert (wide[0, 112] == 255).all(), "above it nothing is added"


def test_cepstra_are_those_of_python_speech_features() -> None:
    tone = np.round(8000 * np.sin(2 * np.pi * 440 * np.arange(1600) / 16000)).astype(np.int16)
    expected = [  # python_speech_features 0.6: mfcc(tone, 16000)[0]
        19.0612, 18.8048, 1.7108, -14.176, -27.2079, -33.5164, -29.6769,
        -18.5695, -3.2607, 10.0248, 18.0446, 17.9827, 11.9081,
    ]  # fmt: skip
    found = mfcc(tone)
    assert found.shape == (13, 9)
    assert found[:, 0] == pytest.approx(expected, abs=1e-4)
    assert np.isfinite(mfcc(np.zeros(6400, np.int16))).all()


# Pictures


def test_equal_pictures_have_no_difference() -> None:
    frames = talk(3, seed=0)[0]
    assert l1(frames, frames) == 0
    assert psnr(frames, frames) == np.inf
    assert ssim(frames, frames) == pytest.approx(1)


def test_an_even_difference_gives_the_figures_of_the_formulas() -> None:
    one, other = np.full((2, 40, 40, 3), 100, np.uint8), np.full((2, 40, 40, 3), 110, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert l1(one, other) == pytest.approx(10 / 255)
    assert psnr(one, other) == pytest.approx(20 * np.log10(255 / 10))
    assert ssim(one, other) == pytest.approx((2 * 100 * 110 + c1) / (100**2 + 110**2 + c1))


def test_ssim_weighs_its_window_as_wang_does() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2, 11, 11)).astype(np.uint8)  # just one window
    at = np.arange(-5, 6)
    weight = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    weight /= weight.sum()
    mx, my = (weight * x).sum(), (weight * y).sum()
    vx, vy = (weight * (x - mx) ** 2).sum(), (weight * (y - my) ** 2).sum()
    xy = (weight * (x - mx) * (y - my)).sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = (2 * mx * my + c1) * (2 * xy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    grey = [np.repeat(p[None, ..., None], 3, axis=3) for p in (x, y)]
    assert ssim(*grey) == pytest.approx(expected)


def test_what_changes_in_the_mouth_alone_is_no_flicker() -> None:
    still = np.full((6, SIDE, SIDE, 3), 100, np.uint8)
    talking, flickering = still.copy(), still.copy()
    MOUTH.of(talking)[1::2] = 200
    flickering[1::2] = 110
    assert flicker(still) == flicker(talking) == 0
    assert flicker(flickering) == pytest.approx(10)


def test_a_tint_shows_at_the_edge_and_noise_does_not() -> None:
    real = np.full((2, SIDE, SIDE, 3), 100, np.uint8)
    tinted = real + np.array([6, 0, 0], np.uint8)
    noisy = (real + np.random.default_rng(0).integers(-9, 10, real.shape)).astype(np.uint8)
    assert edge_colour(tinted, real) == pytest.approx(2)
    assert edge_colour(noisy, real) < 0.2
    inside = real.copy()
    MOUTH.of(inside)[:] = 0
    assert edge_colour(inside, real) == 0


# The mouth


def test_a_mouth_that_opens_with_the_sound_follows_it() -> None:
    frames, samples, _ = talk(40, seed=3)
    face = mouth_opening.mouth_range(frames)
    assert face is not None
    opened, loud = mouth_opening.opening(frames, face), mouth_opening.loudness(samples)
    follows = mouth_opening.loudness_correlation(opened, loud)
    astray = mouth_opening.loudness_correlation(
        mouth_opening.opening(talk(40, seed=4)[0], face)[4:], loud[4:]
    )
    assert follows is not None and follows > 0.8
    assert astray is not None and abs(astray) < 0.5
    assert mouth_opening.shut_in_silence(opened, loud) == 1
    assert mouth_opening.shut_in_silence(1 - opened, loud) == 0


def test_a_mouth_that_never_moves_is_not_measured() -> None:
    assert mouth_opening.mouth_range(np.full((5, SIDE, SIDE, 3), 120, np.uint8)) is None


# FID and LPIPS


def test_frechet_is_that_of_two_gaussians() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 1, (500, 3))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, one + np.array([3, 0, 4])) == pytest.approx(25)
    # Twice as wide around the same mean: tr(C + 4C - 2 * 2C) = tr(C).
    wider = (one - one.mean(0)) * 2 + one.mean(0)
    assert frechet_distance(one, wider) == pytest.approx(np.cov(one, rowvar=False).trace())
    few = rng.normal(0, 1, (4, 64))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6), (
        "singular covariances are no trouble"
    )


def test_inception_has_the_layers_of_the_published_file(tmp_path: Path) -> None:
    network = Inception().eval()
    shapes = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    assert shapes["Conv2d_4a_3x3.conv.weight"] == (192, 80, 3, 3)
    assert shapes["Mixed_6b.branch7x7dbl_5.conv.weight"] == (192, 128, 1, 7)
    assert shapes["Mixed_7c.branch3x3dbl_3b.bn.running_var"] == (384,)
    assert sum(p.numel() for p in network.parameters()) == 21_785_568
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 64, 64)).shape == (1, N_FEATURES)
    with pytest.raises(LipSyncWeightsError, match="no such file"):
        load_inception(tmp_path / "pt_inception.pth")


def test_lpips_loads_its_two_published_files_and_is_zero_for_equal_pictures(tmp_path: Path) -> None:
    whole = Lpips().state_dict()
    alexnet = {k: v for k, v in whole.items() if k.startswith("features")}
    linear = {k: v.abs() for k, v in whole.items() if k.startswith("lin")}
    assert linear.keys() == {f"lin{i}.model.1.weight" for i in range(5)}
    more = {"classifier.6.bias": torch.zeros(1000)}  # which the published file has, too
    torch.save(alexnet | more, tmp_path / "alexnet.pth")
    torch.save(linear, tmp_path / "alex.pth")
    network = load_lpips(tmp_path / "alexnet.pth", tmp_path / "alex.pth")
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 3, 64, 64, 3)).astype(np.uint8)
    assert lpips_distance(network, one, one) == 0
    assert lpips_distance(network, one, other) == pytest.approx(lpips_distance(network, other, one))
    assert (
        lpips_distance(network, one, other)
        > lpips_distance(network, one, (one // 2 + other // 2))
        > 0
    )
    with pytest.raises(LipSyncWeightsError, match="should hold torchvision's AlexNet"):
        load_lpips(tmp_path / "alex.pth", tmp_path / "alexnet.pth")


def test_a_file_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(LipSyncWeightsError, match="damaged or no weights file"):
        load_inception(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


# Drawing


class Heard(LipSyncGenerator):
    """Draws nothing, and keeps what it was given."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.mels: list[Tensor] = []
        self.faces: list[Tensor] = []

    def encode_face(self, faces: Tensor) -> list[Tensor]:
        self.faces.append(faces)
        return [faces]

    def encode_audio(self, mels: Tensor) -> Tensor:
        self.mels.append(mels)
        return mels

    def decode(self, embedding: Tensor, maps: Sequence[Tensor]) -> Tensor:
        return maps[0][:, 3:]

    def decode_lower_half(self, embedding: Tensor, maps: Sequence[Tensor]) -> Tensor:
        return maps[0][:, 3:, 192:]


class Heard384(Heard, Wav2Lip384):
    """Of the size that draws lower halves alone."""


class Echo96(Heard, Wav2Lip96):
    """Shows its reference."""

    size, channel_order = 96, "BGR"


def test_the_generator_hears_both_sides_of_a_frame_and_sees_no_mouth() -> None:
    frames, samples, _ = talk(7, seed=5)
    generator = Heard384()
    drawn = redraw(generator, frames, np.broadcast_to(frames[:1], frames.shape), [samples])
    heard = torch.cat(generator.mels).numpy()
    assert np.array_equal(heard, mel_windows(melspectrogram(samples), range(-2, 5)))
    faces = torch.cat(generator.faces)
    assert faces[:, :3, 192:].abs().max() == 0, "the half to be drawn is hidden"
    assert np.array_equal((faces[:, :3, :192] * 255).round().numpy()[3, 0], frames[3, :192, :, 0])
    assert np.array_equal(drawn[0][6, 192:], frames[0, 192:]), "the reference is the first frame"
    assert np.array_equal(drawn[0][6, :192], frames[6, :192]), "only lower halves are drawn"


def test_a_generator_of_96_pixels_is_shown_its_own_size_and_colours() -> None:
    frames = np.full((2, SIDE, SIDE, 3), (250, 120, 10), np.uint8)
    generator = Echo96()
    drawn = redraw(generator, frames, frames, [np.zeros(2 * 640, np.float32)])
    assert generator.faces[0].shape == (1, 6, 96, 96)
    assert generator.faces[0][0, 3, 0, 0] == pytest.approx(10 / 255), "blue comes first"
    assert np.array_equal(drawn[0], frames)


# Material


def test_wrong_sounds_come_from_other_words_of_the_same_set(tmp_path: Path) -> None:
    frames, samples, _ = talk(6, seed=0)
    texts = {"a": ("x", "x", "y"), "b": ("z",)}
    items = [
        HeldOutClip(name, write_clip(tmp_path / name / str(i), frames, samples, text))
        for name, said in texts.items()
        for i, text in enumerate(said)
    ]
    chosen = wrong_audio_partners(items, seed=0)
    assert [other.clip.card.text for other in chosen[:2] if other] == ["y", "y"]
    assert chosen[2] is not None and chosen[2].set == "a"
    assert chosen[3] is not None and chosen[3].set == "a", "a set of one borrows from another"
    assert wrong_audio_partners(items[:1], seed=0) == [None]
    assert len(fitted(samples, 9)) == 9 * 640


def test_references_are_shut_lips_where_they_are_known(tmp_path: Path) -> None:
    frames, samples, _ = talk(6, seed=0)
    filmed = HeldOutClip("s", write_clip(tmp_path / "s" / "filmed", frames, samples))
    assert (references(filmed, frames) == frames[0]).all()
    loop = tmp_path / "s" / "loop"
    loop.mkdir()
    files.write_frames(loop, np.full((6, SIDE, SIDE, 3), 77, np.uint8))
    drawn = HeldOutClip("s", write_clip(tmp_path / "s" / "drawn", frames, samples, loop="loop"))
    assert drawn.has_loop and not filmed.has_loop
    assert (references(drawn, frames) == 77).all()


def test_a_folder_without_clips_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="avatar_engine prepare"):
        read_held_out_clips({"none": tmp_path}, None, 0)


def test_where_the_face_is_in_the_square_follows_from_the_card(tmp_path: Path) -> None:
    frames, samples, _ = talk(6, seed=0)
    clip = write_clip(tmp_path / "c", frames, samples)
    assert face_in_square(clip.card) == pytest.approx((25 / 384, 0, 359 / 384, 353 / 384))


# Summary


def test_means_and_ratios_have_intervals_that_repeat() -> None:
    values, below = np.array([1.0, 2.0, 3.0, 6.0]), np.array([2.0, 2.0, 4.0, 4.0])
    estimate = mean_estimate(values, seed=1)
    assert estimate.value == 3
    assert estimate.low is not None and estimate.high is not None
    assert 1 <= estimate.low < 3 < estimate.high <= 6
    assert mean_estimate(values, seed=1) == estimate != mean_estimate(values, seed=2)
    assert ratio_estimate(values, below, seed=1).value == 1
    assert ratio_estimate(2 * below, below, seed=1).low == pytest.approx(2), "drawn clip by clip"
    assert mean_estimate(np.array([np.inf, 30.0]), seed=0).value == np.inf


# The command


@dataclass(frozen=True)
class Run:
    out: Path
    code: int
    errors: str
    report: dict[str, Any]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two clips, tiny networks that know nothing, a copy of one clip to compare with."""
    folder = tmp_path_factory.mktemp("lipsync")
    torch.manual_seed(0)
    save_weights(Wav2Lip384(32), folder / "generator.safetensors")
    save_weights(SyncExpert384(32), folder / "expert.safetensors")
    for i, (text, voice) in enumerate((("请带好身份证", "xiaoyi"), ("Bring your card", "alan"))):
        frames, samples, _ = talk(12, seed=i)
        write_clip(folder / "clips" / f"c{i}", frames, samples, text, voice=voice)
    shutil.copytree(folder / "clips" / "c0", folder / "light" / "c0")
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = main(
            [
                "lipsync", "--clips", f"made={folder / 'clips'}",
                "--generator", str(folder / "generator.safetensors"),
                "--expert", str(folder / "expert.safetensors"),
                "--against", f"light={folder / 'light'}",
                "--sheets", "1", "--out", str(folder / "out"),
                "--max-mouth-psnr", "1", "--min-fid", "3", "--min-lse-d", "0",
            ]
        )  # fmt: skip
    report = json.loads((folder / "out" / "report.json").read_text("utf-8"))
    return Run(folder / "out", code, errors.getvalue(), report)


def test_each_hand_has_its_figures(evaluated: Run) -> None:
    hands = evaluated.report["figures"]["all"]["all"]
    assert list(hands) == ["real", "generated", "wrong_audio", "light"]
    sync_figures = {"lse_d", "lse_c", "offset", "in_sync"}
    for hand in hands.values():
        assert hand.keys() >= sync_figures | {"flicker", "opening_loudness"}
    assert hands["real"].keys().isdisjoint({"mouth_psnr", "lse_d_ratio"})
    assert hands["wrong_audio"].keys().isdisjoint({"mouth_psnr", "beats_wrong_audio"})
    assert hands["generated"].keys() >= {"mouth_l1", "lower_ssim", "lse_c_ratio", "edge_colour"}
    assert hands["generated"]["mouth_l1"]["n"] == 2
    assert hands["real"]["opening_loudness"]["value"] > 0.5


def test_a_copy_of_a_clip_is_as_good_as_the_clip(evaluated: Run) -> None:
    light = evaluated.report["figures"]["language"]["zh"]["light"]
    assert light["mouth_psnr"]["value"] == "inf"
    assert light["mouth_ssim"]["value"] == pytest.approx(1)
    assert light["lse_d_ratio"]["value"] == pytest.approx(1)
    assert light["lse_d"]["n"] == 1
    assert any("no clip of this name" in sentence for sentence in evaluated.report["left_out"])


def test_figures_are_given_by_set_language_and_voice(evaluated: Run) -> None:
    groups = evaluated.report["figures"]
    assert list(groups["set"]) == ["made"]
    assert list(groups["language"]) == ["en", "zh"]
    assert list(groups["voice"]) == ["alan", "xiaoyi"]


def test_what_could_not_be_measured_is_said(evaluated: Run) -> None:
    assert evaluated.report["missing"].keys() == {"syncnet_*", "lpips", "fid", "wav2lip96"}
    assert "syncnet_v2.model" in evaluated.report["missing"]["syncnet_*"]
    assert [
        len(curve) for curve in next(iter(evaluated.report["distances"].values())).values()
    ] == ([31] * 4)


def test_limits_that_are_not_kept_end_with_three(evaluated: Run) -> None:
    assert evaluated.code == 3
    assert re.search(r"mouth_psnr is [\d.]+, above 1", evaluated.errors)
    assert "fid has a limit, but these clips and weights cannot measure it" in evaluated.errors
    assert "lse_d" not in evaluated.errors, "a limit that is kept is not mentioned"


def test_a_table_of_clips_sheets_and_a_page_are_written(evaluated: Run) -> None:
    with (evaluated.out / "clips.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["drawn_by"] for row in rows if row["clip"] == "c1"] == (
        ["real", "generated", "wrong_audio"]
    )
    assert all(row["lse_d"] for row in rows)
    sheet = cv2.imread(str(evaluated.out / "sheet-made-c0.png"))
    assert sheet is not None
    assert sheet.shape == (5 * (192 + 20), 8 * 192, 3), "real, generated, difference, two others"
    page = (evaluated.out / "report.html").read_text("utf-8")
    assert "data:image/jpeg;base64," in page
    assert not re.search(r"(src|href)=.?(https?:)?//", page)
    assert page.count("<svg") == 1 and "sound comes before the lips" in page, "one judge"
    assert "LSE-D" in page and "wrong_audio" in page


def test_missing_weights_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = tmp_path / "generator.safetensors"
    assert main(["lipsync", "--clips", str(tmp_path), "--generator", str(gone)]) == 1
    error = capsys.readouterr().err
    assert str(gone) in error and "--generator" in error


def test_two_sets_of_one_name_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["lipsync", "--clips", f"a={tmp_path}", f"a={tmp_path}"]
    assert main(arguments) == 1
    assert "two folders of the same name" in capsys.readouterr().err
