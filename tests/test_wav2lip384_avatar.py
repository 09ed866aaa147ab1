"""The neural avatar: draws from the sound alone, streams, and leaves the rest as it is."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_engine.base import Frames
from avatar_engine.checks import check_avatar
from avatar_engine.face_detection import crop_square, face_squares
from avatar_engine.presenter import Presenter, PresenterError
from avatar_engine.wav2lip.avatar import Wav2Lip384Avatar
from avatar_engine.wav2lip.mel import GENERATOR_LEAD, mel_windows, melspectrogram
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.weights import load_weights, save_weights
from tts_engine import Speech

SUIT = Path(__file__).resolve().parent.parent / "assets" / "presenters" / "suit"
RATE = 16_000


@pytest.fixture(scope="module")
def presenter(tmp_path_factory: pytest.TempPathFactory) -> Presenter:
    """The first second of the shipped one: the rest of the loop would only take longer."""
    whole = Presenter(SUIT)
    whole._loop, whole.faces = whole._loop[:25], whole.faces[:25]
    return whole


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "generator.safetensors"
    save_weights(Wav2Lip384(32).eval(), path)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def avatar(presenter: Presenter, weights: Path, cache: Path) -> Wav2Lip384Avatar:
    return Wav2Lip384Avatar(presenter, weights=weights, cache=cache)


def speech(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.normal(size=int(seconds * RATE))).astype(np.float32)


def drawn(avatar: Wav2Lip384Avatar, pieces: list[np.ndarray], first: int = 0) -> np.ndarray:
    frames: list[Frames] = list(avatar.render((Speech(p, RATE) for p in pieces), first=first))
    return np.concatenate([some.pixels for some in frames])


def test_it_keeps_every_promise_of_an_avatar(avatar: Wav2Lip384Avatar) -> None:
    check_avatar(avatar)


def test_a_sentence_in_pieces_looks_like_the_whole(avatar: Wav2Lip384Avatar) -> None:
    sound = speech(0.6)
    whole = drawn(avatar, [sound], first=7)
    pieces = drawn(avatar, [sound[:1_500], sound[1_500:4_500], sound[4_500:]], first=7)
    assert np.abs(whole.astype(int) - pieces).max() <= 1


def test_at_half_the_rate_every_second_picture_stays(avatar: Wav2Lip384Avatar) -> None:
    sound = speech(0.32)
    full = drawn(avatar, [sound], first=3)
    frames = list(avatar.render([Speech(sound, RATE)], first=3, every=lambda: 2))
    for some in frames:
        there = full[some.first - 3 :][: len(some)]
        assert (
            np.abs(some.pixels.astype(int) - there[::2].repeat(2, axis=0)[: len(some)]).max() <= 1
        )
    assert sum(len(some.speech.samples) for some in frames) == len(sound)


def test_silence_shows_the_loop_itself(avatar: Wav2Lip384Avatar, presenter: Presenter) -> None:
    pictures = drawn(avatar, [np.zeros(RATE // 2, np.float32)], first=20)
    assert all(
        np.array_equal(picture, presenter.frame(20 + i)) for i, picture in enumerate(pictures)
    )


def test_only_the_mouth_is_drawn(avatar: Wav2Lip384Avatar, presenter: Presenter) -> None:
    pictures = drawn(avatar, [speech(0.4)])
    for i, picture in enumerate(pictures):
        changed = np.argwhere((picture != presenter.frame(i)).any(axis=2))
        left, top, side = face_squares(presenter.faces)[i]
        assert len(changed), "random weights draw something"
        assert changed[:, 0].min() > top + 0.45 * side and changed[:, 0].max() < top + side
        assert changed[:, 1].min() > left and changed[:, 1].max() < left + side


def test_it_draws_what_the_network_draws(
    avatar: Wav2Lip384Avatar, presenter: Presenter, weights: Path
) -> None:
    """The fast form with its cache against the plain network, at the middle of the mouth."""
    sound = speech(0.6)
    picture = drawn(avatar, [sound])[5]
    square = face_squares(presenter.faces)[5]
    face = torch.from_numpy(crop_square(presenter.frame(5), square)).permute(2, 0, 1)[None] / 255
    masked = face.clone()
    masked[:, :, 192:] = 0
    mel = melspectrogram(np.pad(sound, (0, RATE)))
    heard = torch.from_numpy(mel_windows(mel, [5 - GENERATOR_LEAD]))
    with torch.no_grad():
        network = load_weights(weights, Wav2Lip384).eval()
        plain = network(heard, torch.cat([masked, face], dim=1))[0].permute(1, 2, 0).numpy() * 255
    pasted = crop_square(picture, square).astype(float)
    mouth = np.s_[260:320, 150:230]
    assert np.abs(pasted[mouth] - plain[mouth]).mean() < 2


def test_the_loop_is_prepared_once_for_the_same_weights(
    presenter: Presenter,
    weights: Path,
    cache: Path,
    avatar: Wav2Lip384Avatar,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
) -> None:
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.npy")}
    Wav2Lip384Avatar(presenter, weights=weights, cache=cache, backend="torch", threads=1)
    assert "lips are drawn by torch fp32, 1 thread" in log.text
    assert "preparing" not in log.text
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.npy")} == before
    torch.manual_seed(2)
    save_weights(Wav2Lip384(32).eval(), tmp_path / "other.safetensors")
    Wav2Lip384Avatar(
        presenter, weights=tmp_path / "other.safetensors", cache=cache, backend="torch"
    )
    assert "preparing suit for these weights: 25 frames" in log.text
    assert len({path.parent for path in cache.rglob("*.npy")}) == 2, "never mixed"


def test_with_less_room_frames_are_made_when_they_are_shown_and_look_the_same(
    presenter: Presenter, weights: Path, avatar: Wav2Lip384Avatar, tmp_path: Path
) -> None:
    small = Wav2Lip384Avatar(presenter, weights=weights, cache=tmp_path, cache_mib=20)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.npy")) < 20 * 2**20
    assert 2 <= small._feature_cache.n_kept < len(presenter) == avatar._feature_cache.n_kept
    sound = speech(0.4)
    pictures, whole = drawn(small, [sound], first=20), drawn(avatar, [sound], first=20)
    assert np.abs(pictures.astype(int) - whole).max() <= 1


def test_a_damaged_frame_of_the_cache_is_computed_anew_and_a_torn_cache_is_built_again(
    presenter: Presenter,
    weights: Path,
    avatar: Wav2Lip384Avatar,
    cache: Path,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
) -> None:
    folder = avatar._feature_cache.folder
    shutil.copytree(folder, tmp_path / folder.name)
    level = tmp_path / folder.name / "0.npy"
    content = bytearray(level.read_bytes())
    content[-1] ^= 0x7F  # of the last frame
    level.write_bytes(content)
    flipped = Wav2Lip384Avatar(presenter, weights=weights, cache=tmp_path)
    sound = speech(0.2)
    whole = drawn(avatar, [sound], first=22)
    assert np.abs(drawn(flipped, [sound], first=22).astype(int) - whole).max() <= 1
    assert log.text.count("is damaged at frame") == 1 and "at frame 24" in log.text
    level.write_bytes(content[: len(content) // 2])
    torn = Wav2Lip384Avatar(presenter, weights=weights, cache=tmp_path)
    assert np.abs(drawn(torn, [sound], first=22).astype(int) - whole).max() <= 1
    assert level.stat().st_size == len(content), "it was built again"


def test_without_weights_it_says_what_to_do(presenter: Presenter, tmp_path: Path) -> None:
    with pytest.raises(PresenterError, match=r"no weights at .*train some"):
        Wav2Lip384Avatar(presenter, weights=tmp_path / "none.safetensors")
