"""The light avatar, on the presenters that ship."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from avatar_engine import Frames, Presenter, PresenterError
from avatar_engine.checks import check_avatar
from avatar_engine.viseme.avatar import VisemeAvatar
from tts_engine import Phoneme, Speech

FOLDER = Path(__file__).parent.parent / "assets" / "presenters"
RATE = 22_050


@pytest.fixture(scope="module", params=["suit", "blouse"])
def avatar(request: pytest.FixtureRequest) -> VisemeAvatar:
    return VisemeAvatar(Presenter(FOLDER / request.param))


def spoken(phonemes: list[Phoneme], seconds: float) -> Speech:
    return Speech(np.zeros(round(seconds * RATE), np.float32), RATE, "", tuple(phonemes))


def pictures(frames: list[Frames]) -> np.ndarray:
    return np.concatenate([f.pixels for f in frames])


def mouth_region(avatar: VisemeAvatar, index: int) -> tuple[slice, slice]:
    left, top, right, bottom = avatar.presenter.faces[index % len(avatar.presenter)].astype(int)
    return slice(top + (bottom - top) * 6 // 10, bottom), slice(left, right)


def test_in_hard_times_it_draws_every_second_picture_and_the_sound_stays_whole(
    avatar: VisemeAvatar,
) -> None:
    said = [spoken([Phoneme("a", 0.1), Phoneme("u", 0.5)], 1.0)]
    whole = list(avatar.render(said))
    half = list(avatar.render(said, every=lambda: 2))
    assert [len(f) for f in half] == [len(f) for f in whole]
    assert all(
        np.array_equal(a.speech.samples, b.speech.samples) for a, b in zip(half, whole, strict=True)
    )
    first, drawn = half[0].pixels, whole[0].pixels
    assert np.array_equal(first[::2], drawn[::2]) and np.array_equal(first[1], first[0])


def test_it_keeps_the_contract_of_every_avatar(avatar: VisemeAvatar) -> None:
    check_avatar(avatar)


def test_the_loop_is_at_least_eight_seconds_and_joins(avatar: VisemeAvatar) -> None:
    presenter = avatar.presenter
    n = len(presenter)
    assert n / presenter.card.fps >= 8

    def small(i: int) -> np.ndarray:  # without the noise of the encoder
        return cv2.resize(presenter.frame(i), (90, 90), interpolation=cv2.INTER_AREA).astype(int)

    def step(i: int) -> float:
        return float(np.abs(small(i) - small(i + 1)).mean())

    inside = [step(i) for i in range(n - 1)]
    assert step(n - 1) <= max(inside)


def test_silence_shows_the_idle_loop_itself(avatar: VisemeAvatar) -> None:
    drawn = pictures(list(avatar.render([spoken([Phoneme("", 0.0)], 0.4)], first=7)))
    idle = np.stack([avatar.presenter.frame(7 + i) for i in range(10)])
    np.testing.assert_array_equal(drawn, idle)


def test_an_open_vowel_changes_the_mouth_and_nothing_else(avatar: VisemeAvatar) -> None:
    drawn = pictures(list(avatar.render([spoken([Phoneme("a", 0.0)], 0.4)], first=30)))[5]
    change = np.abs(drawn.astype(int) - avatar.presenter.frame(35)).max(axis=2)
    region = mouth_region(avatar, 35)
    assert change[region].mean() > 5
    eyes_and_above = change[: region[0].start - 60]
    assert eyes_and_above.max() == 0


def test_lips_are_shut_on_m_and_open_on_a(avatar: VisemeAvatar) -> None:
    def darkness(symbol: str) -> float:
        """Share of the mouth region that is as dark as the inside of a mouth."""
        drawn = pictures(list(avatar.render([spoken([Phoneme(symbol, 0.0)], 0.4)])))[5]
        rows, columns = mouth_region(avatar, 5)
        margin = (columns.stop - columns.start) // 4
        mouth = drawn[rows, columns.start + margin : columns.stop - margin]
        return float((cv2.cvtColor(mouth, cv2.COLOR_RGB2GRAY) < 50).mean())

    assert darkness("m") < 0.006 < 0.02 < darkness("a")


def test_the_mouth_follows_the_head_without_a_seam(avatar: VisemeAvatar) -> None:
    """At the border of what is pasted, frames of speech differ from the loop by next to nothing."""
    n = len(avatar.presenter)
    speech = [spoken([Phoneme("a", 0.0)], n / 25)]
    worst = 0.0
    for frames in avatar.render(speech):
        for i, drawn in enumerate(frames.pixels):
            idle = avatar.presenter.frame(frames.first + i)
            change = cv2.absdiff(drawn, idle).max(axis=2)
            ys, xs = np.nonzero(change)
            if len(ys):
                border = [
                    change[ys.min()],
                    change[ys.max()],
                    change[:, xs.min()],
                    change[:, xs.max()],
                ]
                worst = max(worst, *(float(line.max()) for line in border))
    assert worst <= 12


def test_drawing_in_pieces_gives_the_same_pictures_as_drawing_at_once(avatar: VisemeAvatar) -> None:
    symbols = ["", "m", "a", "n", "i", "x", "au", ""]
    whole = spoken([Phoneme(s, i * 0.11) for i, s in enumerate(symbols)], 0.96)
    cut = round(0.4 * RATE)
    early = tuple(p for p in whole.phonemes if p.start < 0.4)
    late = tuple(Phoneme(p.symbol, p.start - 0.4) for p in whole.phonemes if p.start >= 0.4)
    pieces = [
        Speech(whole.samples[:cut], RATE, "", early),
        Speech(whole.samples[cut:], RATE, "", late),
    ]
    np.testing.assert_array_equal(
        pictures(list(avatar.render([whole]))), pictures(list(avatar.render(pieces)))
    )


def damaged(tmp_path: Path, name: str) -> Path:
    copy = tmp_path / "suit"
    shutil.copytree(FOLDER / "suit", copy)
    (copy / name).unlink()
    return copy


@pytest.mark.parametrize("name", ["presenter.yaml", "idle.mp4", "track.npz"])
def test_a_presenter_with_a_part_missing_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(PresenterError, match=name):
        Presenter(damaged(tmp_path, name))


@pytest.mark.parametrize("name", ["mouths.webp", "mouths.yaml", "mask.webp", "warp.npz"])
def test_missing_mouth_pictures_are_refused_in_words(tmp_path: Path, name: str) -> None:
    presenter = Presenter(damaged(tmp_path, f"viseme/{name}"))
    with pytest.raises(PresenterError, match=r"viseme"):
        VisemeAvatar(presenter)


def test_a_card_with_a_typing_mistake_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "suit"
    shutil.copytree(FOLDER / "suit", copy)
    card = yaml.safe_load((copy / "presenter.yaml").read_text("utf-8"))
    (copy / "presenter.yaml").write_text(yaml.safe_dump({**card, "licnece": "CC0"}), "utf-8")
    with pytest.raises(PresenterError, match="licnece"):
        Presenter(copy)
