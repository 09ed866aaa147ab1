"""Training: on tiny clips drawn here, with the narrowest networks, by the real commands."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

pytest.importorskip("accelerate", reason="pip install 'zhengwen[train]'")
pytest.importorskip("tensorboard", reason="pip install 'zhengwen[train]'")

from avatar_engine.__main__ import main
from avatar_engine.training import checkpoint, device, expert, generator, low_resolution
from avatar_engine.training.checkpoint import best_checkpoint
from avatar_engine.training.data import BatchPrefetcher, ClipSampler, Sample, load_training_data
from avatar_engine.training.dataset.clip import (
    ClipMetadata,
    read_clips,
    write_audio,
    write_frames,
    write_metadata,
)
from avatar_engine.training.expert import ExpertTask
from avatar_engine.training.generator import detect_plateau
from avatar_engine.training.loop import TrainingReport, train_network
from avatar_engine.training.samples import (
    FaceAugmentation,
    apply_gain,
    choose_validation_pairs,
    expert_training_pair,
    generator_training_windows,
    generator_window,
)
from avatar_engine.training.settings import (
    ClipDomain,
    ExpertSettings,
    GeneratorSettings,
    TrainingError,
    TrainingSettings,
    read_settings,
)
from avatar_engine.training.task import RunProgress
from avatar_engine.wav2lip.discriminators import SyncExpert384
from avatar_engine.wav2lip.weights import load_weights, save_weights

ROOT = Path(__file__).parent.parent
N_FRAMES = 30
ENVIRONMENT = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def one_thread_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# --- clips ------------------------------------------------------------------------------------


def make_clip(
    folder: Path,
    number: int,
    *,
    text: str = "",
    n_frames: int = N_FRAMES,
    loop: str = "",
    loop_first: int = 0,
) -> None:
    """A face whose mouth is as open as its sound, a tone that swells and fades, is loud."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(number)
    at = np.arange(n_frames * 640) / 16_000
    loudness = np.clip(np.sin(2 * np.pi * (1.5 + rng.random()) * at + 6 * rng.random()), 0, 1)
    sound = loudness * np.sin(2 * np.pi * 220 * at) * 12_000
    opening = loudness.reshape(n_frames, -1).mean(1)
    skin = tuple(int(c) for c in rng.integers(120, 230, 3))
    write_frames(folder, (face(skin, float(o)) for o in opening))
    write_audio(folder, sound.astype(np.int16))
    box = [0.0, 0.0, 1.0, 1.0]
    write_metadata(
        folder,
        ClipMetadata(
            source="drawn", source_sha256=f"{number:064d}", start_s=0.0, end_s=n_frames / 25,
            n_frames=n_frames, fps=25, size=384, detector="none", boxes=[box] * n_frames,
            squares=[box[:3]] * n_frames, offset=None, settings="", text=text, loop=loop,
            loop_first=loop_first,
        ),
    )  # fmt: skip


def face(skin: tuple[int, ...], opening: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    picture = np.full((384, 384, 3), skin, np.uint8)
    cv2.circle(picture, (130, 120), 20, (30, 30, 30), -1)
    cv2.circle(picture, (254, 120), 20, (30, 30, 30), -1)
    cv2.ellipse(picture, (192, 290), (60, 4 + int(60 * opening)), 0, 0, 360, (90, 20, 20), -1)
    return picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sentences by ``anna``, and two of them again by ``bert``; bert has closed mouths."""
    folder = tmp_path_factory.mktemp("clips")
    for i, text in enumerate(("one", "two", "three")):
        make_clip(folder / "anna" / f"a{i}", i, text=text)
    loop = folder / "bert" / "loop"
    for i, text in enumerate(("Two ", "three")):
        make_clip(folder / "bert" / f"b{i}", 10 + i, text=text, loop="loop")
    loop.mkdir()
    write_frames(loop, (face((200, 180, 160), 0.0) for _ in range(4)))
    return folder


def common(clips: Path, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "data": [
            {"name": "anna", "clips": [str(clips / "anna")], "held_out": 0.3},
            {"name": "bert", "clips": [str(clips / "bert")], "held_out": 0.3},
        ],
        "width": 32,
        "steps": 4,
        "learning_rate": 1e-3,
        "ema": 0.9,
        "validate_every": 4,
        "report_every": 1,
        "checkpoint_every": 2,
        "precision": "fp32",
        "workers": 1,
    }


def expert_settings(clips: Path, out: Path, **more: Any) -> ExpertSettings:
    fields = {**common(clips, out), "batch": 2, "n_frames": 1, "validation": 2, **more}
    return ExpertSettings.model_validate(fields)


def generator_settings(clips: Path, out: Path, **more: Any) -> GeneratorSettings:
    fields = {**common(clips, out), "batch": 2, "frames_per_window": 1, "validation": 1, **more}
    return GeneratorSettings.model_validate(fields)


def write_yaml(path: Path, settings: TrainingSettings) -> Path:
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return path


def state(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a checkpoint: the weights, their mean, and the optimizer's."""
    tensors = {
        f"{path.name} {name}": tensor
        for path in folder.glob("*.safetensors")
        for name, tensor in load_file(path).items()
    }
    for path in folder.glob("*.optimizer.pt"):
        for i, values in torch.load(path, weights_only=True)["state"].items():
            tensors |= {f"{path.name} {i} {name}": values[name] for name in values}
    return tensors


def assert_equal(one: Path, other: Path) -> None:
    first, second = state(one), state(other)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


# --- a whole run ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expert_run(
    clips: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[TrainingReport]]:
    """An expert, trained without interruption."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        torch.set_num_threads(1)
        out = tmp_path_factory.mktemp("expert")
        lines: list[TrainingReport] = []
        outcome = train_network(expert_settings(clips, out), report=lines.append)
    assert outcome.end == "finished"
    return out, lines


def read_curve(run: Path) -> list[dict[str, str]]:
    """The rows of a run's ``curve.csv``, by column."""
    with (run / "curve.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_checkpoints_curves_and_scores_of_each_domain_apart(
    expert_run: tuple[Path, list[TrainingReport]],
) -> None:
    out, _ = expert_run
    assert {path.name for path in out.glob("step-*")} == {"step-000002", "step-000004"}
    rows = read_curve(out)
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    for domain in ("anna", "bert"):
        assert 0 <= float(rows[-1][f"{domain}/accuracy"]) <= 1
        assert 0 <= float(rows[-1][f"{domain}/auroc"]) <= 1
        assert rows[0][f"{domain}/accuracy"] == ""
    assert list((out / "tensorboard").iterdir())


def test_a_run_that_is_done_changes_nothing_when_it_is_started_again(
    clips: Path, expert_run: tuple[Path, list[TrainingReport]]
) -> None:
    out, _ = expert_run
    written = (out / "step-000004" / "state.json").stat().st_mtime_ns
    assert train_network(expert_settings(clips, out)).progress.step == 4
    assert (out / "step-000004" / "state.json").stat().st_mtime_ns == written


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_very_same_weights(
    clips: Path, expert_run: tuple[Path, list[TrainingReport]], tmp_path: Path
) -> None:
    whole, _ = expert_run
    settings = expert_settings(clips, tmp_path / "run", checkpoint_every=1)
    config = write_yaml(tmp_path / "expert.yaml", settings)
    command = [sys.executable, "-m", "avatar_engine", "train", "expert", str(config)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ENVIRONMENT})
    while process.poll() is None and not (settings.out / "step-000002").is_dir():
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    reached = checkpoint.newest_checkpoint(settings.out)
    assert reached and 2 <= reached.progress.step < 4
    (settings.out / "step-000009.part").mkdir()  # as if it had been killed while writing

    outcome = train_network(settings)
    assert outcome.checkpoint
    assert_equal(outcome.checkpoint, whole / "step-000004")
    assert not list(settings.out.glob("*.part"))
    assert [row["step"] for row in read_curve(settings.out)] == ["1", "2", "3", "4"]


def test_an_asked_for_stop_keeps_the_step_and_the_same_command_goes_on(
    clips: Path, expert_run: tuple[Path, list[TrainingReport]], tmp_path: Path
) -> None:
    whole, _ = expert_run
    settings = expert_settings(clips, tmp_path, checkpoint_every=100)

    def interrupt(step: int) -> None:
        if step == 1:
            signal.raise_signal(signal.SIGTERM)

    stopped = train_network(settings, on_step=interrupt)
    assert (stopped.end, stopped.progress.step) == ("stopped", 1)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    timed = train_network(settings.model_copy(update={"max_hours": 1e-9}))
    assert (timed.end, timed.progress.step) == ("out of time", 2)
    (tmp_path / "step-000009.part").mkdir()  # as if it had been killed while writing
    assert train_network(settings).end == "finished"
    assert_equal(tmp_path / "step-000004", whole / "step-000004")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_two_processes_train_one_network(clips: Path, tmp_path: Path) -> None:
    settings = expert_settings(clips, tmp_path / "run", steps=2, validate_every=2)
    config = write_yaml(tmp_path / "expert.yaml", settings)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc-per-node", "2", "-m", "avatar_engine", "train", "expert", str(config)]
    done = subprocess.run(
        launch,
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "on 2 x cpu" in done.stderr
    assert done.stderr.count("all steps are done") == 1
    found = checkpoint.newest_checkpoint(settings.out)
    assert found and found.progress.step == 2


# --- what is learnt -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_expert_learns_a_batch_by_heart(clips: Path, tmp_path: Path) -> None:
    settings = expert_settings(clips, tmp_path, augment=False, ema=0, workers=0, batch=4)
    task = ExpertTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    same = RunProgress(step=0)
    losses = [task.step(same, 1e-3)[0]["sync"].item() for _ in range(5)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.slow
def test_the_generator_learns_a_batch_by_heart(clips: Path, tmp_path: Path) -> None:
    settings = generator_settings(clips, tmp_path, ema=0, workers=0)
    task = generator.GeneratorTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    same = RunProgress(step=0)
    losses = [task.step(same, 3e-3)[0]["l1"].item() for _ in range(4)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.fixture(scope="module")
def expert_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "expert.safetensors"
    torch.manual_seed(0)
    save_weights(SyncExpert384(32, 3), path)
    return path


def test_the_generator_trains_with_all_its_losses_and_the_expert_stays_as_it_was(
    clips: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    expert = tmp_path / "expert.safetensors"
    save_weights(SyncExpert384(32, 1), expert)
    before = expert.read_bytes()
    lines: list[TrainingReport] = []
    seen: list[dict[str, torch.Tensor]] = []

    frozen = generator._load_frozen_expert

    def watched(path: Path, device: torch.device) -> SyncExpert384:
        network = frozen(path, device)
        seen.append(network.state_dict())
        assert not network.training
        return network

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "_load_frozen_expert", watched)
        settings = generator_settings(
            clips, tmp_path, expert=expert, sync_from=1, gan_weight=0.05,
            steps=2, mouth_weight=2.0, validate_every=2, checkpoint_every=9, samples=2,
        )  # fmt: skip
        outcome = train_network(settings, report=lines.append)
    assert ["sync" in line.losses for line in lines] == [False, True]
    assert all({"gan", "quality"} <= line.losses.keys() for line in lines)
    fresh = load_weights(expert, SyncExpert384).state_dict()
    assert all(torch.equal(seen[0][name], fresh[name]) for name in fresh)
    assert expert.read_bytes() == before

    assert outcome.checkpoint
    names = {path.name for path in outcome.checkpoint.iterdir()}
    assert {"generator.safetensors", "generator-ema.safetensors", "quality.safetensors"} <= names
    picture = cv2.imread(str(tmp_path / "samples" / "step-000002.png"))
    assert picture is not None and picture.shape == (4 * 384, 2 * 384, 3)
    assert not picture[192:384].any(), "what is to be drawn is hidden"
    assert picture[384:].reshape(3, 384, -1).any((1, 2)).all()


def test_the_sync_loss_gets_its_weight_when_l1_has_settled() -> None:
    progress = RunProgress(stale=7)
    settled = []
    for l1 in (0.2, 0.1, 0.0999, 0.05, 0.0499, 0.0495, 0.051, 0.01):
        detect_plateau(progress, l1)
        settled.append(bool(progress.task.get("settled")))
    assert settled == [False] * 6 + [True] * 2, "three times not 2 % better; and then it stays"
    assert progress.stale == 0, "patience begins anew"


# --- data ---------------------------------------------------------------------------------------


def domains(clips: Path, **held_out: float | str) -> list[ClipDomain]:
    return [
        ClipDomain(name=name, clips=[clips / name], held_out=part)
        for name, part in held_out.items()
    ]


def test_a_sentence_is_on_one_side_whoever_says_it(clips: Path) -> None:
    data = load_training_data(domains(clips, anna=0.3, bert=0.01))
    trained = {take.sentence for takes in data.training.values() for take in takes}
    held = {take.sentence for takes in data.held_out.values() for take in takes}
    assert trained and held and not trained & held
    sides = {
        take.clip.card.text: name
        for name, some in (("trained", data.training), ("held", data.held_out))
        for take in some.get("anna", [])
    }
    for name, some in (("trained", data.training), ("held", data.held_out)):
        for take in some.get("bert", []):
            assert sides[take.clip.card.text.strip().lower()] == name
    assert sum(map(len, [*data.training.values(), *data.held_out.values()])) == 5


def test_without_words_a_clip_is_known_by_where_it_was_cut_out(tmp_path: Path) -> None:
    for i in (1, 2, 2, 3):
        make_clip(tmp_path / f"c{i}{len(list(tmp_path.iterdir()))}", i)
    data = load_training_data([ClipDomain(name="x", clips=[tmp_path], held_out=0.01)])
    assert len({take.sentence for take in [*data.training["x"], *data.held_out["x"]]}) == 3


def test_an_identity_can_be_held_out_as_a_whole(clips: Path) -> None:
    data = load_training_data(domains(clips, anna=0.0, bert="all"))
    assert list(data.training) == ["anna"] and len(data.training["anna"]) == 3
    assert list(data.held_out) == ["bert"]


def test_batches_never_hold_what_is_held_out_and_depend_on_their_number_alone(
    clips: Path,
) -> None:
    data = load_training_data(domains(clips, anna=0.3, bert=0.3))
    held = {take.clip.folder for takes in data.held_out.values() for take in takes}
    drawing = ClipSampler(data.training, {"anna": 1.0, "bert": 1.0})
    drawn = [drawing(np.random.default_rng(i)).clip.folder for i in range(300)]
    assert not held & set(drawn)
    assert {folder.name for folder in drawn} == {
        take.clip.folder.name for takes in data.training.values() for take in takes
    }

    def draw(rng: np.random.Generator, frames: int) -> Sample:
        return expert_training_pair(drawing, rng, frames, wrong_sounds=0, augment=True, gain_db=6)

    eager, lazy = BatchPrefetcher(draw, 1, 0, workers=2), BatchPrefetcher(draw, 1, 0, workers=0)
    for step in (0, 1, 2, 7):
        one, other = eager.get(step, 3, 1), lazy.get(step, 3, 1)
        assert all(np.array_equal(one[name], other[name]) for name in one)
    others = BatchPrefetcher(draw, 1, 1, workers=0).get(7, 3, 1)
    assert not np.array_equal(others["mels"], other["mels"]), "another process, another batch"
    assert eager.get(8, 2, 3)["mouths"].shape == (2, 3, 192, 384, 3), "frames may change"
    eager.close()


def test_lips_may_be_compared_with_their_own_sound_and_with_many_others(clips: Path) -> None:
    drawing = ClipSampler(load_training_data(domains(clips, anna=0.3)).training, {"anna": 1.0})
    for seed in range(10):
        pair = expert_training_pair(
            drawing, np.random.default_rng(seed), 5, wrong_sounds=4, augment=False, gain_db=0
        )
        assert pair["mels"].shape == (5, 1, 80, 16) and pair["mouths"].shape == (5, 192, 384, 3)
        assert pair["in_sync"].tolist() == [1, 0, 0, 0, 0]
        away = np.abs(pair["mels"].astype(float)[1:] - pair["mels"][0]).max(axis=(1, 2, 3))
        assert away.min() > 0, "no other sound is its own"


def test_a_domain_is_drawn_as_often_as_it_weighs(clips: Path) -> None:
    data = load_training_data(domains(clips, anna=0.3, bert=0.01))
    drawing = ClipSampler(data.training, {"anna": 3.0, "bert": 1.0})
    rng = np.random.default_rng(0)
    drawn = [drawing(rng).clip.folder.parent.name for _ in range(2000)]
    assert drawn.count("anna") / len(drawn) == pytest.approx(0.75, abs=0.04)


def test_silence_is_not_drawn(tmp_path: Path) -> None:
    make_clip(tmp_path / "c", 1)
    clip = read_clips(tmp_path)[0]
    pcm = (clip.samples() * 32767).astype(np.int16)
    pcm[: 20 * 640] = 3  # a hiss
    write_audio(tmp_path / "c", pcm)
    make_clip(tmp_path / "d", 2)
    data = load_training_data([ClipDomain(name="x", clips=[tmp_path], held_out=0)])
    take = next(take for take in data.training["x"] if take.clip.folder.name == "c")
    assert take.audible_starts.min() >= 16
    write_audio(tmp_path / "c", pcm * 0)
    write_audio(tmp_path / "d", pcm * 0)
    silent = ClipSampler(
        load_training_data([ClipDomain(name="x", clips=[tmp_path], held_out=0)]).training,
        {"x": 1.0},
    )
    with pytest.raises(TrainingError, match="silent"):
        silent.sample_audible(np.random.default_rng(0))


def test_validation_pairs_are_always_the_same_and_half_of_them_in_sync(clips: Path) -> None:
    data = load_training_data(domains(clips, anna=0.0, bert="all"))
    drawing = ClipSampler(data.held_out, {"bert": 1.0})
    pairs, again = (choose_validation_pairs(drawing, 5, 20, seed=0) for _ in range(2))
    assert pairs == again
    assert sum(heard == seen for _, heard, seen in pairs) == 10
    assert all(0 <= seen <= N_FRAMES - 5 for _, _, seen in pairs)


def test_references_are_closed_mouths_where_there_are_and_other_frames_elsewhere(
    clips: Path,
) -> None:
    data = load_training_data(domains(clips, anna=0.0, bert="all"))
    rng = np.random.default_rng(0)
    bert = data.held_out["bert"][0]
    sample = generator_window(bert, 3, 5, rng)
    shut = bert.clip.references(range(3, 8))
    assert shut is not None and np.array_equal(sample["references"], shut)
    anna = data.training["anna"][0]
    frames = anna.clip.frames(range(N_FRAMES))
    for start in (0, 3, 25):
        sample = generator_window(anna, start, 5, rng)
        assert np.array_equal(sample["targets"], frames[start : start + 5])
        places = [
            at
            for at in range(N_FRAMES - 4)
            if np.array_equal(sample["references"], frames[at : at + 5])
        ]
        assert any(abs(at - start) >= 5 for at in places)


def test_the_same_heads_say_several_sounds_where_they_are_known_and_other_faces_elsewhere(
    tmp_path: Path,
) -> None:
    for i, first in enumerate((0, 2)):
        make_clip(tmp_path / "bert" / f"b{i}", i, loop="loop", loop_first=first, n_frames=12)
    make_clip(tmp_path / "anna" / "a", 7)
    loop = tmp_path / "bert" / "loop"
    loop.mkdir()
    write_frames(loop, (face((200, 180, 100 + 20 * i), 0.0) for i in range(5)))
    data = load_training_data(domains(tmp_path, anna=0.0, bert=0.0))

    def windows(name: str, seed: int) -> Sample:
        drawing = ClipSampler({name: data.training[name] or data.held_out[name]}, {name: 1.0})
        rng = np.random.default_rng(seed)
        return generator_training_windows(drawing, rng, 2, n_windows=3, augment=False, gain_db=0)

    sounds = set()
    for seed in range(5):
        sample = windows("bert", seed)
        assert sample["face_index"].tolist() == [0, 1, 0, 1, 0, 1]
        assert np.array_equal(sample["references"], sample["references"][sample["face_index"]])
        assert not np.array_equal(sample["references"][0], sample["references"][1])
        sounds |= {mel.tobytes() for mel in sample["mels"]}
    assert len(sounds) > 10
    assert windows("anna", 0)["face_index"].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_generator_may_draw_lower_halves_alone_and_encode_a_face_once(
    clips: Path, tmp_path: Path
) -> None:
    settings = generator_settings(
        clips, tmp_path, ema=0, workers=0, batch=4, sounds_per_face=2, lower_half=True, samples=1
    )
    task = generator.GeneratorTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    seen: list[int] = []
    network = task.learners[0].network
    network.register_forward_pre_hook(lambda _, given: seen.append(len(given[1])))
    for step in range(3):
        task.step(RunProgress(step=step), 3e-3)
    assert min(seen) == 2 and max(seen) > 2, "bert's heads are known, anna's are not"
    assert "mouth_l1" in task.validate(RunProgress()).domains["anna"]


def test_a_generator_may_begin_with_small_pictures_which_teach_all_but_the_top(
    clips: Path, tmp_path: Path
) -> None:
    settings = generator_settings(
        clips, tmp_path, ema=0, workers=0, coarse_steps=8, lower_half=True
    )
    task = generator.GeneratorTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    before = {n: p.clone() for n, p in task.learners[0].network.named_parameters()}
    losses = [task.step(RunProgress(step=0), 3e-3)[0]["coarse"].item() for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]
    after = dict(task.learners[0].network.named_parameters())
    changed = {n.split(".conv_block")[0] for n, p in after.items() if not torch.equal(p, before[n])}
    assert {"audio_encoder.0", "face_decoder_blocks.0.0", "face_decoder_blocks.6.0"} <= changed
    assert not any(n.startswith(("face_decoder_blocks.8", "output_block")) for n in changed)
    assert "l1" in task.step(RunProgress(step=8), 3e-3)[0]


def test_a_generator_may_be_held_to_small_pictures_while_it_learns_whole_ones(
    clips: Path, tmp_path: Path
) -> None:
    settings = generator_settings(
        clips, tmp_path, ema=0, workers=0, coarse_weight=1.0, lower_half=True
    )
    task = generator.GeneratorTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    losses = [task.step(RunProgress(step=0), 3e-3)[0] for _ in range(4)]
    assert losses[-1]["coarse"] < 0.8 * losses[0]["coarse"]
    assert losses[-1]["l1"] < losses[0]["l1"]


def test_an_expert_may_begin_with_its_eyes_and_its_ears_stay_as_they_are(
    clips: Path, tmp_path: Path
) -> None:
    settings = expert_settings(
        clips, tmp_path, ema=0, workers=0, wrong_sounds=3, eyes_steps=1, augment=False
    )
    task = ExpertTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    network = cast(SyncExpert384, task.learners[0].network)
    ears = {n: t.clone() for n, t in network.audio_encoder.state_dict().items()}
    eyes = {n: p.clone() for n, p in network.face_encoder.named_parameters()}
    assert set(task.step(RunProgress(step=0), 3e-3)[0]) == {"eyes"}
    assert not any(torch.equal(p, eyes[n]) for n, p in network.face_encoder.named_parameters())
    assert all(torch.equal(t, ears[n]) for n, t in network.audio_encoder.state_dict().items())
    assert set(task.step(RunProgress(step=1), 3e-3)[0]) == {"sync"}, "and then both learn"
    after = network.audio_encoder.state_dict()
    assert not all(torch.equal(t, ears[n]) for n, t in after.items())


def test_an_expert_may_begin_with_small_pictures_and_see_the_same_in_whole_ones(
    clips: Path, tmp_path: Path
) -> None:
    settings = expert_settings(
        clips,
        tmp_path,
        ema=0,
        workers=0,
        coarse_steps=3,
        coarse_batch=4,
        coarse_sounds=2,
        augment=False,
    )
    task = ExpertTask(
        settings, load_training_data(settings.data), device.make_accelerator(settings)
    )
    network = cast(SyncExpert384, task.learners[0].network)
    before = {n: p.clone() for n, p in network.face_encoder.named_parameters()}
    for step in range(3):
        losses, samples = task.step(RunProgress(step=step), 3e-3)
        assert set(losses) == {"coarse"} and samples == 4
    changed = {
        n for n, p in network.face_encoder.named_parameters() if not torch.equal(p, before[n])
    }
    assert changed and min(int(name.split(".")[0]) for name in changed) == 13
    network.eval()
    small = torch.rand(2, 3 * network.n_frames, 48, 96)
    small[1, :, 24:] *= 0.3
    whole = small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    with torch.no_grad():
        _, seen = network(torch.zeros(2, 1, 80, 16), whole)
        apart = (seen[0] - seen[1]).abs().max()
        assert (seen - low_resolution.embed_low_resolution(network, small)).abs().max() < apart / 20
    task.step(RunProgress(step=3), 3e-3)
    first = network.face_encoder.state_dict()["0.conv_block.0.weight"]
    assert not torch.equal(first, before["0.conv_block.0.weight"])


def test_eyes_cannot_learn_without_other_sounds(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="eyes_steps needs wrong_sounds"):
        expert_settings(clips, tmp_path, eyes_steps=1)


def test_a_change_is_one_for_all_frames_and_faces_stay_faces(clips: Path) -> None:
    frames = read_clips(clips / "anna")[0].frames([4, 4])
    changed = FaceAugmentation.draw(np.random.default_rng(1))(frames)
    assert changed.shape == frames.shape and changed.dtype == np.uint8
    assert np.array_equal(changed[0], changed[1])
    assert not np.array_equal(changed[0], frames[0])
    tones = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    still = FaceAugmentation(False, 0.0, 1.0, (0.0, 0.0), tones)
    assert np.array_equal(still(frames), frames)
    mirrored = FaceAugmentation(True, 0.0, 1.0, (0.0, 0.0), still.tones)
    assert np.abs(mirrored(frames)[0].astype(int) - frames[0, :, ::-1]).max() <= 1


def test_a_gain_on_the_mel_spectrogram_is_the_gain_of_the_sound(clips: Path) -> None:
    from avatar_engine.wav2lip.mel import melspectrogram

    samples = read_clips(clips / "anna")[0].samples() / 4
    softer, louder_by_6 = melspectrogram(samples), melspectrogram(samples * 10 ** (6 / 20))
    heard = louder_by_6 > -3  # well over the floor, which stays
    assert np.abs(apply_gain(softer, 6.0) - louder_by_6)[heard].max() < 0.02
    assert (apply_gain(np.full((80, 4), -4, np.float32), 6.0) == -4).all()


def test_scores_are_those_of_the_textbook() -> None:
    cosines = np.array([0.1, 0.4, 0.35, 0.8])
    in_sync = np.array([False, False, True, True])
    assert expert.balanced_accuracy(cosines, in_sync, 0.5) == pytest.approx(0.75)
    best = expert.best_threshold(cosines, in_sync)
    assert expert.balanced_accuracy(cosines, in_sync, best) == pytest.approx(0.75)


# --- what people get wrong ----------------------------------------------------------------------


def test_an_unknown_setting_is_named(clips: Path, tmp_path: Path) -> None:
    fields = {**common(clips, tmp_path), "batch": 1, "learning_rte": 1}
    fields["data"][0]["heldout"] = 0.2
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(fields))
    with pytest.raises(TrainingError) as error:
        read_settings(path, ExpertSettings)
    text = str(error.value)
    assert "learning_rte: there is no such setting; did you mean learning_rate?" in text
    assert "data.0.heldout: there is no such setting; did you mean held_out?" in text
    assert "batch: " in text


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [", "no YAML"), ("", "valid dictionary"), ("out: x\ndata: []\nsteps: 3", "data")],
)
def test_a_file_that_holds_no_settings_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=said):
        read_settings(path, GeneratorSettings)


def test_the_examples_that_ship_are_valid() -> None:
    folder = ROOT / "avatar_engine" / "training"
    assert read_settings(folder / "expert.yaml", ExpertSettings).width == 512
    assert read_settings(folder / "generator.yaml", GeneratorSettings).expert


def test_a_run_does_not_go_on_with_other_settings(
    clips: Path, expert_run: tuple[Path, list[TrainingReport]], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(expert_run[0], out)
    settings = expert_settings(clips, out)
    with pytest.raises(TrainingError, match=r"learning_rate was 0\.001, is 0\.002.*another folder"):
        train_network(settings.model_copy(update={"learning_rate": 2e-3}))
    with pytest.raises(TrainingError, match="network was expert, is generator"):
        train_network(generator_settings(clips, out))
    more = tmp_path / "clips"
    shutil.copytree(clips, more)
    make_clip(more / "anna" / "a9", 9, text="nine")
    with pytest.raises(TrainingError, match=r"data\.anna\.clips was 3 clips .* is 4 clips"):
        train_network(expert_settings(more, out))


def test_clips_that_cannot_be_used_are_explained(clips: Path, tmp_path: Path) -> None:
    def refuse(match: str, folder: Path, held_out: float | str = 0.3) -> None:
        with pytest.raises(TrainingError, match=match):
            load_training_data([ClipDomain(name="x", clips=[folder], held_out=held_out)])

    refuse("there is no folder .*nowhere", tmp_path / "nowhere")
    refuse("there are no clips in", tmp_path)
    make_clip(tmp_path / "one" / "c", 1)
    refuse("all clips are held out", tmp_path / "one")
    refuse("all clips are held out", clips / "anna", "all")
    make_clip(tmp_path / "short" / "c", 1, n_frames=6)
    refuse("too short: 10 frames", tmp_path / "short")
    make_clip(tmp_path / "short" / "d", 2)
    make_clip(tmp_path / "short" / "e", 3)
    assert load_training_data([ClipDomain(name="x", clips=[tmp_path / "short"])]).n_short == 1
    with pytest.raises(ValueError, match="nothing is held out"):
        expert_settings(clips, tmp_path, data=[{"name": "x", "clips": ["x"], "held_out": 0}])


def test_weights_of_another_shape_are_refused(
    clips: Path, expert_weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="n_frames 3, but the settings say 1"):
        train_network(expert_settings(clips, tmp_path / "a", start=expert_weights))
    with pytest.raises(TrainingError, match="looks at 3 frames together: batch"):
        train_network(generator_settings(clips, tmp_path / "c", expert=expert_weights))
    with pytest.raises(ValueError, match="should hold the Wav2Lip-384 generator"):
        train_network(generator_settings(clips, tmp_path / "b", start=expert_weights))


def test_a_full_disk_is_noticed_before_anything_is_learnt(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))
    with pytest.raises(TrainingError, match="not enough room"):
        train_network(expert_settings(clips, tmp_path))


def test_two_runs_do_not_write_into_one_folder(clips: Path, tmp_path: Path) -> None:
    import filelock

    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(TrainingError, match="another run"):
        train_network(expert_settings(clips, tmp_path))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "step-000007").mkdir()
    with pytest.raises(TrainingError, match="step-000007 is no whole checkpoint"):
        checkpoint.newest_checkpoint(tmp_path)


# --- what ships -----------------------------------------------------------------------------------


def test_export_writes_the_best_weights_as_the_networks_are_loaded(
    expert_run: tuple[Path, list[TrainingReport]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = expert_run
    full, half = tmp_path / "e.safetensors", tmp_path / "e16.safetensors"
    assert main(["export", str(out), str(full)]) == 0
    assert main(["export", str(out / "step-000004"), str(half), "--half"]) == 0
    assert "step-000004" in capsys.readouterr().out
    mean = load_file(out / "step-000004" / "expert-ema.safetensors")
    exported = load_weights(full, SyncExpert384)
    assert exported.n_frames == 1
    assert all(torch.equal(mean[name], tensor) for name, tensor in exported.state_dict().items())
    assert half.stat().st_size < 0.6 * full.stat().st_size
    load_weights(half, SyncExpert384)
    assert main(["export", str(tmp_path), str(full)]) == 1
    assert "no checkpoint" in capsys.readouterr().err


def test_the_best_checkpoint_is_kept_and_exported(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        progress = RunProgress(step=step, best_step=min(step, 2), best_score=0.5)
        checkpoint.save_checkpoint(tmp_path, "expert", progress, {}, [], None)
    assert {path.name[-1] for path in tmp_path.glob("step-*")} == {"2", "3", "4"}
    assert best_checkpoint(tmp_path).folder.name == "step-000002"
