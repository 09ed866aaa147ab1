"""Training clips of a drawn presenter: the lips say what is heard, and nothing else moves."""

import random
import shutil
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_engine.__main__ import main
from avatar_engine.training.dataset.clip import read_clips, write_audio
from avatar_engine.training.synthetic.clip_synthesis import IdentityVariation
from avatar_engine.training.synthetic.mouth_shapes import (
    MouthShapes,
    choose_mouth_shapes,
    viseme_weights,
)
from avatar_engine.training.synthetic.utterances import (
    SyntheticUtterance,
    align_phonemes,
    read_recordings,
    recorded_utterances,
    synthesize_utterance,
    synthesized_utterances,
)
from avatar_engine.viseme.avatar import read_mouth_tiles
from avatar_engine.viseme.coarticulation import VISEMES
from tests import videos
from tests.videos import write_video
from tts_engine import Phoneme
from tts_engine.espeak.voice import EspeakVoice

SUIT = videos.PRESENTERS / "suit"
TEXTS = ["请带好身份证。", "办理居住证不收费。", "妈妈爸爸都来了。", "The fee is ten yuan."]


@pytest.fixture(scope="module")
def presenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first two seconds of the shipped one: each training clip's loop is written whole."""
    folder, n = tmp_path_factory.mktemp("presenter") / "suit", 50
    shutil.copytree(SUIT, folder)
    whole = videos.presenter("suit")
    write_video(folder / "idle.mp4", [whole.frame(i) for i in range(n)], None)
    np.savez(folder / "track.npz", face=whole.faces[:n])
    warp = dict(np.load(SUIT / "viseme" / "warp.npz"))
    np.savez(folder / "viseme" / "warp.npz", **{**warp, "shift": warp["shift"][:n]})
    card = (folder / "presenter.yaml").read_text("utf-8")
    (folder / "presenter.yaml").write_text(card.replace(f"frames: {len(whole)}", f"frames: {n}"))
    return folder


@pytest.fixture(scope="module")
def line() -> SyntheticUtterance:
    said = synthesize_utterance(EspeakVoice(), "妈妈把表格寄给派出所。", "espeak")
    assert said is not None
    return said


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Blender would have rendered of the fifteen visemes alone."""
    folder = tmp_path_factory.mktemp("mouths")
    tiles = read_mouth_tiles(SUIT / "viseme")
    for n, name in enumerate(VISEMES):
        cv2.imwrite(str(folder / f"{n}.png"), cv2.cvtColor(tiles[name], cv2.COLOR_RGB2BGR))
    np.save(folder / "mouths.npy", np.eye(len(VISEMES), dtype=np.float32))
    return folder


def test_every_mouth_is_made_of_visemes_and_is_shut_in_silence(line: SyntheticUtterance) -> None:
    mouths = viseme_weights(line.phonemes, line.samples, 16_000, 25)
    assert mouths.shape == (len(line.samples) // 640, 15)
    assert np.allclose(mouths.sum(axis=1), 1, atol=1e-5) and mouths.min() > -1e-5
    assert mouths[0, VISEMES.index("sil")] > 0.9 and mouths[-1, VISEMES.index("sil")] > 0.9


def test_lips_meet_for_every_m_b_and_p(line: SyntheticUtterance) -> None:
    mouths = viseme_weights(line.phonemes, line.samples, 16_000, 25)
    met = mouths[:, VISEMES.index("PP")] > 0.99
    n_labials = sum(p.symbol[:1] in ("m", "b", "p") for p in line.phonemes)
    assert n_labials == 5
    assert np.count_nonzero(np.diff(met.astype(int)) == 1) == n_labials


def test_a_louder_word_opens_the_mouth_wider() -> None:
    phonemes = (Phoneme("a", 0.0), Phoneme("", 0.6), Phoneme("a", 0.8), Phoneme("", 1.4))
    tone = np.sin(np.arange(16_000 * 2) / 16).astype(np.float32) * 0.3
    tone[: 16_000 * 7 // 10] *= 0.3
    tone[int(1.4 * 16_000) :] = 0
    opening = viseme_weights(phonemes, tone, 16_000, 25)[:, VISEMES.index("aa")]
    assert opening[25:30].max() > 1.5 * opening[5:10].max() > 0


def test_the_chosen_mouths_are_near_all_that_occur() -> None:
    lines = list(islice(synthesized_utterances(TEXTS, random.Random(1)), 8))
    few, far = choose_mouth_shapes(lines, SUIT / "viseme", 10)
    many, near = choose_mouth_shapes(lines, SUIT / "viseme", 60)
    assert few.shape == (10, 15) and many.shape == (60, 15)
    assert near < far / 2
    assert few[0, VISEMES.index("sil")] == 1


def test_a_mouth_that_was_photographed_comes_back_as_it_is(rehearsed: Path) -> None:
    mouths, tiles = MouthShapes(rehearsed, SUIT / "viseme"), read_mouth_tiles(SUIT / "viseme")
    for name, shares in zip(VISEMES, np.eye(15, dtype=np.float32), strict=True):
        away = np.abs(mouths.picture(shares).astype(int) - tiles[name])
        assert away.mean() < 3, name


def test_a_recording_has_the_phonemes_of_its_words_at_its_own_times(
    line: SyntheticUtterance,
) -> None:
    late = np.concatenate([np.zeros(8_000, np.float32), line.samples])
    times = [p.start for p in align_phonemes(late, line)]
    due = [p.start + 0.5 for p in line.phonemes]
    assert np.abs(np.array(times) - due)[1:-1].max() < 0.04


def test_recorded_words_become_lines_with_pauses(tmp_path: Path, line: SyntheticUtterance) -> None:
    (tmp_path / "words").mkdir()
    pcm = (line.samples * 32767).astype(np.int16)
    write_audio(tmp_path / "words", pcm)
    rows = "".join("words/audio.wav\t妈妈把表格寄给派出所。\n" for _ in range(2))
    (tmp_path / "words.tsv").write_text("file\ttext\n" + rows, "utf-8")
    made = next(
        recorded_utterances(read_recordings(tmp_path / "words.tsv"), "someone", random.Random(0))
    )
    assert made.voice == "someone" and made.text.count("妈妈") == 2
    assert len(made.samples) % 640 == 0
    assert [p.start for p in made.phonemes] == sorted(p.start for p in made.phonemes)


def test_a_variation_changes_all_pictures_in_the_same_way() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (12, 12, 3), np.uint8)
    picture = np.asarray(cv2.resize(small, (384, 384), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert (IdentityVariation(0).apply(picture) == picture).all()
    assert (IdentityVariation(3).apply(picture) == IdentityVariation(3).apply(picture)).all()
    assert (
        np.abs(
            IdentityVariation(3).apply(picture).astype(int) - IdentityVariation(4).apply(picture)
        ).mean()
        > 5
    )


def test_clips_show_the_loop_with_another_mouth(
    tmp_path: Path, rehearsed: Path, presenter: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS), "utf-8")
    order = ["enact", str(presenter), "--texts", str(texts), "--mouths", str(rehearsed)]
    order += ["--minutes", "0.05", "--identities", "0-1", "--out", str(tmp_path / "clips")]
    assert main(order) == 0
    clips = read_clips(tmp_path / "clips")
    assert sum(len(clip) for clip in clips) >= 0.05 * 60 * 25
    assert {clip.card.text for clip in clips} <= set(TEXTS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "clips").rglob("*.jpg")}
    for clip in clips:
        everything = range(len(clip))
        shown, references = clip.frames(everything), clip.references(everything)
        assert references is not None
        differ = np.abs(shown.astype(int) - references)
        assert differ[:, :170].mean() < 0.5, "forehead and eyes are the loop's"
        assert differ[0].mean() < 0.5, "shut before the first sound"
        assert differ[:, 192:].mean(axis=(1, 2, 3)).max() > 2, "and then the lips move"
        assert len(clip.samples()) == 640 * len(clip)
    assert main(order) == 0
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "clips").rglob("*.jpg")}
    assert before == after, "what exists is kept"


def test_the_light_avatar_plays_the_same_clips_to_be_compared_with(
    tmp_path: Path, rehearsed: Path, presenter: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS), "utf-8")
    clips = {}
    for name, drawn in (
        ("traced", ["--mouths", str(rehearsed)]),
        ("told", ["--light", "phonemes"]),
        ("hears", ["--light", "loudness"]),
    ):
        order = ["enact", str(presenter), "--texts", str(texts), *drawn, "--minutes", "0.01"]
        assert main([*order, "--out", str(tmp_path / name)]) == 0
        [clips[name]] = read_clips(tmp_path / name)
    assert len({clip.folder.name for clip in clips.values()}) == 1
    everything = range(len(clips["traced"]))
    shown = {name: clip.frames(everything)[:, 192:] for name, clip in clips.items()}
    difference = {
        name: np.abs(pictures.astype(int) - shown["traced"]).mean()
        for name, pictures in shown.items()
    }
    assert 0 < difference["told"] < difference["hears"]


def test_without_anything_to_say_the_command_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["gather", str(SUIT), "--out", str(tmp_path / "m.npy")])
    assert stop.value.code == 2
    assert "--texts" in capsys.readouterr().err
    empty = tmp_path / "empty.txt"
    empty.write_text("。\n", "utf-8")
    assert main(["gather", str(SUIT), "--texts", str(empty), "--out", str(tmp_path / "m.npy")]) == 1
    assert "no sentences" in capsys.readouterr().err
