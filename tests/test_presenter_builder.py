"""A video of a person becomes a presenter that the chat page can show."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from avatar_engine import Presenter
from avatar_engine.__main__ import main
from avatar_engine.training.presenter_builder.builder import (
    PresenterBuildError,
    PresenterOptions,
    build_presenter,
)
from avatar_engine.training.presenter_builder.loop_selection import (
    CROSS_FADE_FRAMES,
    LoopSegment,
    close_loop,
)
from avatar_engine.training.presenter_builder.scan import VideoScan
from tests.videos import (
    RATE,
    SIDE,
    Pixels,
    presenter,
    presenter_frames,
    shrunk,
    silence,
    write_video,
)

SPEAKS, CALM, CHEWS = 30, 45, 30  # frames: what the person does, one after the other
OPTIONS = PresenterOptions("fang", "written consent, 3 May 2026", "internal use only", seconds=1.2)


def mouthing(frame: Pixels, opened: int) -> Pixels:
    """The same person with the mouth open by some pixels."""
    left, top, right, bottom = SUIT.faces[0] * SIDE / 720
    middle = round((left + right) / 2), round(top + 0.82 * (bottom - top))
    drawn = frame.copy()
    cv2.ellipse(drawn, middle, (11, opened), 0, 0, 360, (40, 10, 10), -1)
    return drawn


SUIT = presenter("suit")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = presenter_frames("suit", SPEAKS + CALM + CHEWS)
    for i in (*range(SPEAKS), *range(SPEAKS + CALM, len(frames))):
        frames[i] = mouthing(frames[i], 2 + 4 * (i % 3))
    t = np.arange(round(SPEAKS / 25 * RATE)) / RATE
    said = (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)
    samples = np.concatenate([said, silence((CALM + CHEWS) / 25)])
    return write_video(tmp_path_factory.mktemp("video") / "person.mp4", frames, samples)


@pytest.fixture(scope="module")
def made(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Presenter:
    out = tmp_path_factory.mktemp("presenters")
    told: list[int] = []
    result = build_presenter(video, out, OPTIONS, step=lambda done, total: told.append(done))
    assert told[-1] == SPEAKS + CALM + CHEWS
    # Silent is the chewing too; calm is only what is before it.
    assert SPEAKS / 25 <= result.start_s < result.end_s <= (SPEAKS + CALM) / 25 + 0.05
    assert result.folder == out / "fang" and [p.name for p in out.iterdir()] == ["fang"]
    return Presenter(result.folder)


def test_the_presenter_loads_and_says_who_it_is(made: Presenter) -> None:
    assert made.size == (SIDE, SIDE) and made.card.fps == 25
    assert made.card.consent == OPTIONS.consent and made.card.licence == OPTIONS.licence
    assert made.card.title == {"zh-CN": "fang", "en": "fang"}
    assert made.card.label == "AI生成"
    assert len(made) == made.card.frames >= 20
    with av.open(str(made.folder / "idle.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_face_is_where_the_track_says(made: Presenter) -> None:
    truth = SUIT.faces[SPEAKS : SPEAKS + CALM].mean(axis=0) * SIDE / 720
    assert np.abs(made.faces.mean(axis=0) - truth).max() < 0.06 * SIDE


def test_the_last_picture_of_the_loop_joins_the_first(made: Presenter) -> None:
    # Blurred, for the noise of the codec is another in every picture.
    loop = [cv2.GaussianBlur(made.frame(i).astype(np.float32), (0, 0), 3) for i in range(len(made))]
    changes = [np.abs(a - b).mean() for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]
    assert changes[-1] < 2 * max(changes[:-1])
    assert changes[-1] < 0.5 * max(np.abs(loop[0] - picture).mean() for picture in loop)
    assert np.abs(np.diff(made.faces[[-1, 0]], axis=0)).max() < 2


def test_the_mark_is_in_every_picture(made: Presenter) -> None:
    for i in (0, len(made) // 2):
        corner = made.frame(i)[-26:-4, -60:-4].astype(int)
        assert corner.max() > 200 and corner.max() - corner.min() > 120


def test_the_mouth_is_closed_all_along(made: Presenter) -> None:
    left, top, right, bottom = (round(v) for v in made.faces.mean(axis=0))
    mouth = np.s_[round(top + 0.72 * (bottom - top)) : bottom, left + 20 : right - 20]
    open_ones = [made.frame(i)[mouth].mean(axis=2).min() for i in range(len(made))]
    closed = shrunk(SUIT.frame(SPEAKS))[mouth].mean(axis=2).min()
    assert min(open_ones) > closed - 15


def test_a_stretch_can_be_named_and_the_picture_made_smaller(video: Path, tmp_path: Path) -> None:
    wanted = replace(OPTIONS, start_s=1.4, seconds=1.0, height=161, title="小芳", voice="male")
    result = build_presenter(video, tmp_path, wanted)
    assert (result.start_s, result.size) == (1.4, (160, 160))
    fang = Presenter(result.folder)
    assert fang.card.title["zh-CN"] == "小芳" and fang.card.voice == "male"
    truth = SUIT.faces[SPEAKS : SPEAKS + CALM].mean(axis=0) * 160 / 720
    assert np.abs(fang.faces.mean(axis=0) - truth).max() < 0.06 * 160


# How the end is joined


def seen(positions: list[float]) -> VideoScan:
    """Pictures of a soft bar that stands at some places, pixels."""
    x = np.arange(160)
    rows = [128 + 100 * np.exp(-(((x - p) / 12) ** 2)) for p in positions]
    thumbnails = np.repeat(np.array(rows)[:, None], 90, axis=1).astype(np.uint8)
    n = len(positions)
    boxes = np.tile(np.array([40, 20, 100, 80], np.float32), (n, 1))
    return VideoScan(boxes, np.ones(n, bool), np.zeros(n), np.zeros(n), thumbnails)


def test_ends_that_look_the_same_are_faded_into_each_other() -> None:
    swaying = [80 + 4 * np.sin(2 * np.pi * i / 50) for i in range(80)]
    loop = close_loop(seen(swaying), 0, 80)
    assert loop.join == "cross-fade" and loop.n - CROSS_FADE_FRAMES == 50, "one sway"
    places = loop.places()
    assert len(places) == loop.length
    # From picture to picture, around the end as well, nothing moves faster than in the video.
    mean = [swaying[a] * (1 - share) + swaying[b] * share for a, b, share in places]
    steps = np.abs(np.diff([*mean, mean[0]]))
    assert steps.max() < 1.2 * np.abs(np.diff(swaying)).max()


def test_ends_that_look_different_are_played_backwards() -> None:
    loop = close_loop(seen([40 + i for i in range(60)]), 5, 50)
    assert loop == LoopSegment(5, 50, "there and back")
    places = [place for place, _, _ in loop.places()]
    assert len(places) == loop.length == 98
    assert max(abs(a - b) for a, b in zip(places, places[1:] + places[:1], strict=True)) == 1


# What cannot be done


def test_nobody_is_made_a_presenter_without_consent(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ["presenter", str(video), "--name", "fang", "--out", str(tmp_path)]
    assert main([*start, "--licence", "any"]) == 1
    assert "without their consent" in capsys.readouterr().err
    assert main([*start, "--consent", "  ", "--licence", "any"]) == 1
    assert main([*start, "--consent", "written"]) == 1
    assert "--licence" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_presenter_that_is_there_is_replaced_only_by_force(video: Path, tmp_path: Path) -> None:
    wanted = replace(OPTIONS, start_s=1.4, seconds=1.0)
    folder = tmp_path / "fang"
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(PresenterBuildError, match=r"is there already.*--force"):
        build_presenter(video, tmp_path, wanted)
    assert (folder / "mine").exists()
    build_presenter(video, tmp_path, wanted, force=True)
    assert not (folder / "mine").exists() and len(Presenter(folder)) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["fang"]


def test_without_a_second_of_silence_it_is_said_what_to_film(tmp_path: Path) -> None:
    frames = presenter_frames("suit", 30)
    noise = 0.2 * np.random.default_rng(0).standard_normal(round(1.2 * RATE))
    noise[: RATE // 10] = 0
    talking = write_video(tmp_path / "talking.mp4", frames, noise.astype(np.float32))
    with pytest.raises(
        PresenterBuildError, match=r"nowhere is it silent for 1 s\. Film some seconds"
    ):
        build_presenter(talking, tmp_path, OPTIONS)
    with pytest.raises(PresenterBuildError, match=r"only 0\.2 s from 1 s on"):
        build_presenter(talking, tmp_path, replace(OPTIONS, start_s=1.0))
    assert [path.name for path in tmp_path.iterdir()] == ["talking.mp4"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "../suit"}, "letters, digits"),
        ({"seconds": 0.5}, "lasts 1 to 20 s"),
        ({"voice": "deep"}, "female or male"),
        ({"start_s": -1.0}, "cannot start"),
    ],
)
def test_wishes_that_cannot_be_are_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(PresenterBuildError, match=why):
        replace(OPTIONS, **change)  # type: ignore[arg-type]
