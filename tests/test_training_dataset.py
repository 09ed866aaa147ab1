"""Videos become training clips: real files, made here of the presenters that ship."""

import json
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar_engine.__main__ import main
from avatar_engine.face_detection import (
    Face,
    FaceError,
    TrackRules,
    crop_square,
    face_squares,
    load_detector,
    overhang,
    track_face,
)
from avatar_engine.face_detection.tracking import smooth_boxes
from avatar_engine.training.dataset import clip as files
from avatar_engine.training.dataset.av_sync import measure_av_offset
from avatar_engine.training.dataset.clip import Clip, ClipError, read_clips
from avatar_engine.training.dataset.clip_extraction import PreparationSettings
from avatar_engine.training.dataset.preparation import (
    DatasetPreparation,
    PreparationError,
    PreparationProgress,
    PreparationReport,
)
from avatar_engine.training.dataset.speech_segments import (
    SegmentationRules,
    find_speech_segments,
    loudness_levels,
)
from avatar_engine.video.reader import VideoReadError, check_video, read_audio, read_frames
from avatar_engine.viseme.avatar import VisemeAvatar
from avatar_engine.wav2lip.discriminators import SyncExpert, SyncExpert384
from avatar_engine.wav2lip.mel import FPS, SAMPLE_RATE
from avatar_engine.wav2lip.weights import save_weights
from tests.videos import RATE, SIDE, Pixels, presenter, shrunk, silence, write_video
from tts_engine import Speech
from tts_engine.espeak.voice import EspeakVoice


class Talk:
    """A presenter who says two sentences with a pause of half a second between them."""

    def __init__(self, name: str) -> None:
        self.presenter = presenter(name)
        voice = EspeakVoice()
        said = [
            np.concatenate([piece.samples for piece in voice.speak(text)])
            for text in ("请带好身份证。", "九点到五点。")
        ]
        samples = np.concatenate([silence(0.4), said[0], silence(0.5), said[1], silence(0.4)])
        whole = VisemeAvatar(self.presenter).render([Speech(samples, RATE)])
        drawn = list(whole)
        self.frames = [shrunk(frame) for some in drawn for frame in some.pixels]
        self.samples = np.concatenate([some.speech.samples for some in drawn])


@pytest.fixture(scope="module")
def talk() -> Talk:
    return Talk("suit")


@pytest.fixture(scope="module")
def video(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "talk.mp4", talk.frames, talk.samples)


@pytest.fixture(scope="module")
def prepared(
    video: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PreparationReport]:
    out = tmp_path_factory.mktemp("prepared")
    return out, DatasetPreparation(out, PreparationSettings()).run([video])


def reasons(report: PreparationReport) -> set[str]:
    return {clip.reason for video in report.videos for clip in video.clips}


def prepare(
    out: Path, *videos: Path, settings: PreparationSettings | None = None
) -> PreparationReport:
    return DatasetPreparation(out, settings or PreparationSettings()).run(videos)


# What comes out


def test_each_sentence_becomes_a_clip(prepared: tuple[Path, PreparationReport], talk: Talk) -> None:
    out, report = prepared
    clips = read_clips(out)
    assert [clip.folder.name for clip in clips] == ["talk-000", "talk-001"]
    assert reasons(report) == {""}
    first, second = (clip.card for clip in clips)
    assert 0.1 < first.start_s < 0.4 < first.end_s < second.start_s < second.end_s
    for clip in clips:
        assert clip.frames([0, len(clip) - 1]).shape == (2, 384, 384, 3)
        assert len(clip.samples()) == 640 * len(clip)
        assert len(clip.card.boxes) == len(clip.card.squares) == len(clip)
        assert clip.card.fps == 25 and clip.card.detector == "cascade" and clip.card.offset is None


def test_the_sound_of_a_clip_is_that_of_its_pictures(
    prepared: tuple[Path, PreparationReport], talk: Talk
) -> None:
    loud = np.abs(talk.samples)
    for clip in read_clips(prepared[0]):
        a, b = (round(s * RATE) for s in (clip.card.start_s, clip.card.end_s))
        there = loud[a:b]
        here = np.abs(clip.samples())
        envelopes = [
            np.array([part.mean() for part in np.array_split(s, len(clip) * 4)])
            for s in (here, there)
        ]
        fits = [
            np.corrcoef(envelopes[0], np.roll(envelopes[1], shift))[0, 1] for shift in (-2, 0, 2)
        ]
        assert fits[1] > 0.98 and fits[1] == max(fits)


def test_what_moves_when_somebody_speaks_is_in_the_lower_half(
    prepared: tuple[Path, PreparationReport],
) -> None:
    for clip in read_clips(prepared[0]):
        frames = clip.frames(range(len(clip))).astype(np.float32).mean(axis=3)
        moving = frames.std(axis=0)[:, 96:288].sum(axis=1)
        assert moving[192:].sum() > 2 * moving[:192].sum()
        assert moving[192:336].argmax() + 192 in range(220, 330)  # and not at the very edge


def test_the_chin_is_in_the_square_and_the_square_is_steady(
    prepared: tuple[Path, PreparationReport], talk: Talk
) -> None:
    scale = SIDE / talk.presenter.card.width
    for clip in read_clips(prepared[0]):
        where = np.array(clip.card.squares)
        first = round(clip.card.start_s * 25)
        shown = (first + np.arange(len(clip))) % len(talk.presenter)
        faces = talk.presenter.faces[shown] * scale
        below_chin = (where[:, 1] + where[:, 2] - faces[:, 3]) / where[:, 2]
        assert (below_chin > 0).all() and (below_chin < 0.15).all()
        steps = np.abs(np.diff(where, axis=0)) / where[1:, 2:] * 384
        assert steps.mean() < 1  # pixels of the crop


def test_pictures_keep_their_colours(prepared: tuple[Path, PreparationReport], talk: Talk) -> None:
    clip = read_clips(prepared[0])[0]
    at = round(clip.card.start_s * 25)
    for index in (0, 7):
        wanted = crop_square(talk.frames[at + index], np.array(clip.card.squares[index]))
        error = clip.frames([index])[0].astype(int) - wanted
        assert np.abs(error).mean() < 3 and np.abs(error.mean(axis=(0, 1))).max() < 1.5


def test_the_report_says_what_was_done_and_what_was_not(
    prepared: tuple[Path, PreparationReport],
) -> None:
    report = json.loads((prepared[0] / "report.json").read_text("utf-8"))
    assert report["sync_checked"] is False
    assert [video["outcome"] for video in report["videos"]] == ["prepared"]
    assert len(report["videos"][0]["clips"]) == 2
    assert not list(prepared[0].glob("*.part")) and not (prepared[0] / ".scratch").exists()


# Again, and after an interruption


def test_an_interrupted_run_goes_on_where_it_stopped(
    video: Path, talk: Talk, tmp_path: Path
) -> None:
    def stop(step: PreparationProgress) -> None:
        if step.n_kept == 1:
            raise KeyboardInterrupt

    later = write_video(tmp_path / "later.mp4", talk.frames[:45], talk.samples[: 45 * RATE // 25])
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        DatasetPreparation(out, PreparationSettings()).run([video, later], stop)
    made = {clip.folder: clip.folder.stat().st_mtime_ns for clip in read_clips(out)}
    assert 1 <= len(made) < 3
    (out / "talk-009.part").mkdir()
    with (out / "journal.jsonl").open("a") as file:
        file.write('{"clip": {"na')  # and the power failed

    report = prepare(out, video, later)
    names = [clip.name for v in report.videos for clip in v.clips]
    assert names == ["talk-000", "talk-001", "later-000"]
    assert len(read_clips(out)) == 3
    assert {folder: folder.stat().st_mtime_ns for folder in made} == made
    assert not (out / "talk-009.part").exists()
    again = prepare(out, video, later)
    assert [v.outcome for v in again.videos] == ["unchanged", "unchanged"]
    assert [v.clips for v in again.videos] == [v.clips for v in report.videos]


@pytest.fixture
def again(prepared: tuple[Path, PreparationReport], tmp_path: Path) -> Path:
    """A copy of the folder in which ``video`` was prepared."""
    return Path(shutil.copytree(prepared[0], tmp_path / "again"))


def test_other_settings_make_other_clips(video: Path, again: Path) -> None:
    longer = PreparationSettings(SegmentationRules(pause_s=1.0))
    prepare(again, video, settings=longer)
    assert len(read_clips(again)) == 1
    assert read_clips(again)[0].card.settings == longer.digest()


def test_a_clip_that_somebody_removed_is_made_again(video: Path, again: Path) -> None:
    (again / "talk-001" / "clip.json").unlink()
    assert prepare(again, video).videos[0].outcome == "prepared"
    assert len(read_clips(again)) == 2


def test_a_copy_is_passed_over_and_a_namesake_is_not(
    video: Path, talk: Talk, tmp_path: Path
) -> None:
    copy, other = tmp_path / "copy.mp4", tmp_path / "talk.mp4"
    copy.write_bytes(video.read_bytes())
    write_video(other, talk.frames[:45], talk.samples[: 45 * RATE // 25])
    report = prepare(tmp_path / "out", video, copy, other)
    assert [v.outcome for v in report.videos] == ["prepared", "same", "prepared"]
    names = [clip.name for v in report.videos for clip in v.clips if clip.kept]
    assert len(names) == len(set(names)) == len(read_clips(tmp_path / "out")) == 3


def test_two_runs_cannot_write_into_one_folder(video: Path, tmp_path: Path) -> None:
    def again(step: PreparationProgress) -> None:
        with pytest.raises(PreparationError, match="another run"):
            prepare(tmp_path, video)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DatasetPreparation(tmp_path, PreparationSettings()).run([video], again)


def test_a_damaged_clip_is_refused_by_name(
    prepared: tuple[Path, PreparationReport], tmp_path: Path
) -> None:
    with pytest.raises(ClipError, match=tmp_path.name):
        Clip(tmp_path)
    clip = read_clips(prepared[0])[0]
    with pytest.raises(IndexError):
        clip.frames([len(clip)])


# What is left out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame, i: np.hstack([frame, frame[:, ::-1]]), "several faces"),
        (lambda frame, i: np.roll(frame, SIDE // 2, axis=0), "no face"),
        (lambda frame, i: frame if i % 30 < 15 else frame * 0 + 90, "no steady face|the scene"),
        (lambda frame, i: cv2.resize(frame, (150, 150)), "the face is too small"),
        (lambda frame, i: frame if i < 22 else frame[:, ::-1] // 2, "the scene changes"),
    ],
)
def test_a_clip_without_one_steady_face_is_left_out(
    talk: Talk, tmp_path: Path, change: object, reason: str
) -> None:
    assert callable(change)
    n = 40  # frames: the first sentence
    frames = [np.ascontiguousarray(change(f, i)) for i, f in enumerate(talk.frames[:n])]
    path = write_video(tmp_path / "bad.mp4", frames, talk.samples[: n * RATE // 25])
    report = prepare(tmp_path / "out", path)
    assert len(report.videos[0].clips) == 1
    [said] = reasons(report)
    assert any(part in said for part in reason.split("|")), said
    assert not read_clips(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_picture_that_stands_still_is_left_out(talk: Talk, tmp_path: Path) -> None:
    times = [i / 25 if i < 15 else i / 25 + 1 for i in range(40)]
    path = write_video(
        tmp_path / "still.mp4", talk.frames[:40], talk.samples[: 2 * RATE], times=times
    )
    assert reasons(prepare(tmp_path / "out", path)) == {"the picture stands still"}


def found(left: float, width: float = 100.0, turn: float | None = None) -> list[Face]:
    return [Face(left, 50.0, left + width, 180.0, turn)]


def test_frames_that_the_detector_missed_are_filled_in() -> None:
    seen = [found(10.0 + i) for i in range(40)]
    seen[12:18] = [[]] * 6
    np.testing.assert_allclose(
        track_face(seen, TrackRules())[12:18, 0], np.arange(22, 28), atol=0.5
    )
    seen[8:22] = [[]] * 14
    with pytest.raises(FaceError, match="no steady face: lost"):
        track_face(seen, TrackRules())


def test_a_false_alarm_in_a_few_frames_is_not_a_second_face() -> None:
    seen = [found(10.0) for _ in range(40)]
    seen[7] = [*seen[7], Face(300.0, 10.0, 380.0, 120.0)]
    assert len(track_face(seen, TrackRules())) == 40


def test_faces_that_jump_or_turn_away_are_refused() -> None:
    with pytest.raises(FaceError, match="jumps"):
        track_face([found(10.0 if i < 20 else 50.0) for i in range(40)], TrackRules())
    with pytest.raises(FaceError, match="turned away"):
        track_face([found(10.0, turn=0.6) for _ in range(40)], TrackRules())


def test_smoothing_takes_the_tremble_and_leaves_the_movement() -> None:
    i = np.arange(150)
    path = 100 + 20 * np.sin(2 * np.pi * i / 100)  # a head that sways in 4 s
    noise = np.random.default_rng(1).normal(0, 2, (150, 4))
    noise[:, 1:] += 3 * np.sin(2 * np.pi * i / 5.5)[:, None]  # a chin that goes with syllables
    true = np.stack([path, path, path + 100, path + 130], axis=1)
    made = smooth_boxes(true + noise)
    assert np.abs(np.diff(made[:, 2] - made[:, 0])).mean() < 0.1  # the head does not grow
    error = (made - true)[5:-5]
    assert np.abs(error).mean() < 1.2 and np.abs(np.diff(error, axis=0)).mean() < 0.35
    # The original's mean of five frames follows every syllable:
    five = np.stack([np.convolve(c, np.full(5, 0.2), "same") for c in (true + noise).T], axis=1)
    assert np.abs(np.diff((five - true)[5:-5], axis=0)).mean() > 0.4


# Faces and squares


@pytest.mark.parametrize("name", ["suit", "blouse"])
def test_the_built_in_detector_finds_the_presenter_where_it_is(name: str) -> None:
    shown, detector = presenter(name), load_detector()
    for index in (0, 100, 200):
        [seen] = detector.detect(shown.frame(index))
        assert seen.overlap(Face(*shown.faces[index])) > 0.75


def test_a_square_is_cut_to_a_fraction_of_a_pixel() -> None:
    y, x = np.mgrid[0:600, 0:900]
    ramp = np.dstack([x / 4, y / 4, x * 0]).astype(np.uint8)
    for left, top, side in ((100.5, 50.25, 200), (10, 20, 500), (5, 0, 590)):
        made = crop_square(ramp, np.array([left, top, side], np.float32)).astype(float)
        middle = made[48:336, 48:336].mean(axis=(0, 1))
        wanted = (np.array([left, top]) + side / 2 - 0.5) / 4 - 0.375  # whole greys, rounded down
        np.testing.assert_allclose(middle[:2], wanted, atol=0.05)


def test_a_large_picture_is_shrunk_without_skipping_pixels() -> None:
    board = np.indices((2000, 2000)).sum(axis=0) % 2 * 255
    made = crop_square(
        np.dstack([board] * 3).astype(np.uint8), np.array([100, 100, 1600], np.float32)
    )
    assert made.std() < 5 and abs(made.mean() - 127.5) < 2


def test_how_far_a_face_is_cut_off_by_the_edge_is_known() -> None:
    where = face_squares(np.array([[100, 60, 200, 200], [-40, 60, 60, 200]], np.float32))
    assert overhang(where, (720, 720)) == pytest.approx(47.5 / 115)
    assert overhang(where[:1], (720, 720)) == 0


def test_the_square_stands_below_the_chin_however_tall_the_box() -> None:
    short, tall = face_squares(np.array([[0, 50, 100, 150], [0, 0, 100, 150]], np.float32))
    np.testing.assert_array_equal(short, tall)
    assert short[1] + short[2] > 150


@pytest.mark.parametrize(("name", "text"), [("a.onnx", "not YuNet"), ("b.bin", "no known")])
def test_weights_of_no_detector_are_refused_in_words(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(FaceError, match=text):
        load_detector(tmp_path / name)
    with pytest.raises(FaceError, match="there is no file"):
        load_detector(tmp_path / "nowhere.onnx")


# Reading


def coded(n: int) -> list[Pixels]:
    """Pictures that show their number: tens at the left, ones at the right, as shades of grey."""
    frames = np.zeros((n, 64, 96, 3), np.uint8)
    for i, frame in enumerate(frames):
        frame[:, :48], frame[:, 48:] = 20 + 20 * (i // 10), 20 + 20 * (i % 10)
    return list(frames)


def numbers(path: Path, first: int = 0, n: int | None = None) -> NDArray[np.float64]:
    seen = [p.pixels[:, [*range(16, 32)]].mean() for p in read_frames(path, FPS, first, n)]
    ones = [p.pixels[:, [*range(64, 80)]].mean() for p in read_frames(path, FPS, first, n)]
    return 10 * np.round(np.array(seen) / 20 - 1) + np.round(np.array(ones) / 20 - 1)


@pytest.mark.parametrize("fps", [10, 24, 29.97, 60])
def test_any_frame_rate_becomes_25(tmp_path: Path, fps: float) -> None:
    path = write_video(tmp_path / "a.mp4", coded(100), None, times=[i / fps for i in range(100)])
    shown = numbers(path)
    assert abs(len(shown) - 100 / fps * 25) <= 2
    ticks = np.arange(len(shown)) / 25
    assert np.abs(shown[:-2] / fps - ticks[:-2]).max() <= 0.5 / fps + 0.002


def test_a_variable_frame_rate_keeps_every_picture_at_its_time(tmp_path: Path) -> None:
    gaps = np.random.default_rng(3).uniform(0.015, 0.08, 100)
    times = np.concatenate([[0], np.cumsum(gaps)[:-1]])
    path = write_video(tmp_path / "a.mp4", coded(100), None, times=list(times))
    shown = numbers(path).astype(int)
    nearest = [int(np.abs(times - tick / 25).argmin()) for tick in range(len(shown))]
    assert len(shown) == round(times[-1] * 25) + 1
    assert np.mean(shown == nearest) > 0.97  # times are stored in whole milliseconds


def test_a_stretch_shows_the_same_as_the_whole(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", coded(100), None, times=[i / 30 for i in range(100)])
    for first in (25, 37):  # the first is a key frame
        np.testing.assert_array_equal(numbers(path, first, 20), numbers(path)[first : first + 20])


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_phone_video_is_turned_upright(tmp_path: Path, rotation: int) -> None:
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:32, :32] = 220  # a light corner at the top left
    # What the phone stores is turned the other way, clockwise for a positive angle.
    stored = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    path = write_video(tmp_path / "a.mp4", [stored] * 5, None, rotation=rotation)
    seen = next(read_frames(path, FPS)).pixels
    assert seen.shape == upright.shape
    assert np.abs(seen.astype(int) - upright).mean() < 5


@pytest.mark.parametrize(("matrix", "stored"), [(1, 1), (6, 5)])  # BT.709, BT.601
def test_the_colours_are_those_that_the_file_means(
    tmp_path: Path, matrix: int, stored: int
) -> None:
    skin = np.full((64, 64, 3), (224, 160, 120), np.uint8)
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "8"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        video.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(skin, format="rgb24")
        out.mux(video.encode(frame.reformat(format="yuv420p", dst_colorspace=stored)))
        out.mux(video.encode(None))
    seen = next(read_frames(tmp_path / "a.mp4", FPS)).pixels
    np.testing.assert_allclose(seen.mean(axis=(0, 1)), (224, 160, 120), atol=3)


def test_stereo_at_48_khz_becomes_mono_at_16(tmp_path: Path) -> None:
    t = np.arange(48_000 * 2) / 48_000
    both = np.stack([0.3 * np.sin(2 * np.pi * 440 * t), 0.1 * np.sin(2 * np.pi * 440 * t)], axis=1)
    path = write_video(tmp_path / "a.mkv", coded(50), both, rate=48_000, codec="pcm_s16le")
    heard = np.concatenate(list(read_audio(path, SAMPLE_RATE))) / 32768
    assert abs(len(heard) - 32_000) <= 1024
    spectrum = np.abs(np.fft.rfft(heard[4000:20_000]))
    assert spectrum.argmax() == 440
    assert np.abs(heard[4000:20_000]).max() == pytest.approx(0.2, abs=0.01)


def test_sound_that_starts_late_stays_late(tmp_path: Path) -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2 :] = 0.5 * np.sin(np.arange(RATE - RATE // 2) / 5)
    path = write_video(tmp_path / "a.mkv", coded(50), click, late=0.4)
    heard = np.abs(np.concatenate(list(read_audio(path, SAMPLE_RATE))))
    assert (heard > 3000).argmax() / 16_000 == pytest.approx(0.9, abs=0.02)


def test_a_long_video_is_never_held_whole(tmp_path: Path) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    path = write_video(tmp_path / "a.mp4", [frame] * 500, np.zeros(20 * RATE, np.float32))
    tracemalloc.start()
    n = sum(1 for _ in read_frames(path, FPS)) + sum(
        len(piece) for piece in read_audio(path, SAMPLE_RATE)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n >= 500 + 19 * 16_000
    assert peak < 8 * 2**20  # 115 MB of pictures went by


def test_a_file_that_is_no_footage_is_refused_in_words(talk: Talk, tmp_path: Path) -> None:
    some = talk.frames[:30]
    mute = write_video(tmp_path / "mute.mp4", some, None)
    with pytest.raises(VideoReadError, match=r"mute\.mp4 has no sound"):
        check_video(mute)
    with av.open(str(tmp_path / "blind.m4a"), "w") as out:
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(silence(1)[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    with pytest.raises(VideoReadError, match=r"blind\.m4a has no moving picture"):
        check_video(tmp_path / "blind.m4a")
    (tmp_path / "half.mp4").write_bytes(mute.read_bytes()[:5000])
    with pytest.raises(VideoReadError, match=r"half\.mp4 cannot be read.*cut off"):
        check_video(tmp_path / "half.mp4")
    with pytest.raises(VideoReadError, match="No such file"):
        check_video(tmp_path / "nowhere.mp4")


def test_what_is_there_of_a_film_that_was_cut_off_is_used(talk: Talk, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", talk.frames, talk.samples)
    data = whole.read_bytes()
    cut_off = tmp_path / "cut.mkv"
    cut_off.write_bytes(data[: len(data) * 2 // 3])
    [video] = prepare(tmp_path / "out", cut_off).videos
    assert video.outcome == "prepared" and "cut off: it should last" in video.notes[0]
    assert read_clips(tmp_path / "out")


def test_a_sound_shorter_than_a_frame_fails_in_words(talk: Talk, tmp_path: Path) -> None:
    path = write_video(tmp_path / "blip.mkv", talk.frames[:30], silence(0.005), rate=48_000)
    [video] = prepare(tmp_path / "out", path).videos
    assert video.outcome == "failed" and "less than a frame" in video.reason


# Sentences


def heard(*parts: NDArray[np.floating]) -> list[tuple[float, float]]:
    """Sentences of a sound at 16 kHz that comes in pieces of odd lengths."""
    pcm = (np.concatenate(parts) * 32767).astype(np.int16)
    pieces = np.array_split(pcm, max(1, len(pcm) // 1777))
    loudness = np.concatenate([np.empty(0, np.float32), *loudness_levels(pieces)])
    found = find_speech_segments(loudness, SegmentationRules())
    return [(s.start_s, s.end_s) for s in found]


def babble(seconds: float, loud: float = 0.2) -> NDArray[np.floating]:
    n = round(seconds * 16_000)
    syllables = 0.6 + 0.4 * np.sin(np.arange(n) * 2 * np.pi * 4 / 16_000)
    return loud * syllables * np.random.default_rng(5).uniform(-1, 1, n)


def hiss(seconds: float, loud: float = 0.002) -> NDArray[np.floating]:
    return np.random.default_rng(7).uniform(-loud, loud, round(seconds * 16_000))


@pytest.mark.parametrize("loud", [0.9, 0.2, 0.02])
def test_silence_is_relative_to_how_loud_the_speech_is(loud: float) -> None:
    room = hiss(0.7, loud / 100)
    found = heard(room, babble(1.5, loud), room, babble(2, loud), room)
    assert len(found) == 2
    np.testing.assert_allclose(found, [(0.7, 2.2), (2.9, 4.9)], atol=0.2)
    assert found[0][0] < 0.7 and found[0][1] > 2.2  # nothing is cut off


def test_a_noisy_room_does_not_join_all_sentences() -> None:
    room = hiss(0.7, 0.02)  # 20 dB below the speech
    assert len(heard(room, babble(1.5), room, babble(2), room)) == 2


def test_breaths_do_not_cut_and_scraps_are_left_out() -> None:
    assert len(heard(hiss(1), babble(1), hiss(0.15), babble(1), hiss(1))) == 1
    assert heard(hiss(1), babble(0.3), hiss(1), babble(1), hiss(1))[0][0] > 2


def test_a_long_speech_is_cut_at_its_breaths() -> None:
    found = heard(hiss(1), babble(6), hiss(0.2), babble(7), hiss(1))
    assert len(found) == 2 and found[0][1] == pytest.approx(7.1, abs=0.25)
    assert all(end - start <= 8 for start, end in heard(babble(30)))


def test_nobody_speaks_in_silence() -> None:
    assert heard(np.zeros(32_000)) == heard(np.zeros(0)) == []
    assert heard(hiss(3, 0.0001)) == []


# Sync


def flicker() -> SyncExpert:
    """An expert for films that are bright when it is loud."""

    class LoudnessJudge(torch.nn.Module):
        def forward(self, mels: torch.Tensor) -> torch.Tensor:
            level = (mels[:, 0, :, 2].mean(dim=1) > 0).float()
            return torch.stack([level, 1 - level], dim=1)

    class Bright(torch.nn.Module):
        def forward(self, mouths: torch.Tensor) -> torch.Tensor:
            level = (mouths.mean(dim=(1, 2, 3)) > 0.5).float()
            return torch.stack([level, 1 - level], dim=1)

    class Flicker(SyncExpert):
        size, channel_order = 384, "RGB"

    expert = Flicker()
    expert.n_frames = 1
    expert.audio_encoder = torch.nn.Sequential(LoudnessJudge())
    expert.face_encoder = torch.nn.Sequential(Bright())
    return expert


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_sound_that_is_late_or_early_is_measured(
    prepared: tuple[Path, PreparationReport], tmp_path: Path, late: int
) -> None:
    source = read_clips(prepared[0])[0].card
    n = 60
    on = np.random.default_rng(9).random(n + 20) > 0.5
    shade = [np.full((384, 384, 3), 220 if bright else 30, np.uint8) for bright in on[10 : 10 + n]]
    part = files.begin_clip(tmp_path / "clip")
    files.write_frames(part, shade)
    tone = np.repeat(on[10 - late : 10 - late + n], 640) * babble(n / 25, 0.5)
    files.write_audio(part, (tone * 32767).astype(np.int16))
    files.write_metadata(part, replace(source, n_frames=n))
    files.finish_clip(part)
    assert measure_av_offset(Clip(tmp_path / "clip"), flicker()).offset == late


def test_an_expert_that_is_named_is_asked(talk: Talk, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "expert.safetensors"
    save_weights(SyncExpert384(width=32, n_frames=1).eval(), weights)
    path = write_video(tmp_path / "a.mp4", talk.frames[:40], talk.samples[: 40 * RATE // 25])
    anywhere = PreparationSettings(expert=weights, max_offset=12)
    report = prepare(tmp_path / "out", path, settings=anywhere)
    assert report.sync_checked and reasons(report) == {""}
    offset = read_clips(tmp_path / "out")[0].card.offset
    assert offset is not None and -12 <= offset <= 12
    strict = PreparationSettings(expert=weights, max_offset=abs(offset) - 1)
    [reason] = reasons(prepare(tmp_path / "out", path, settings=strict))
    assert reason.startswith(f"the sound is {abs(offset)} frames")


# The command line


def test_the_command_line_prepares_side_by_side_and_reports(
    video: Path, talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mute = write_video(tmp_path / "[red]mute.mp4", talk.frames[:10], None)
    out = tmp_path / "out"
    assert main(["prepare", str(video), str(mute), "--out", str(out), "--workers", "2"]) == 3
    printed = capsys.readouterr().out
    assert "2 clips kept, 0 left out" in printed and "[red]mute.mp4 has no sound" in printed
    assert "not checked" in printed
    assert len(read_clips(out)) == 2
    assert main(["prepare", str(video), "--out", str(out), "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["videos"][0]["outcome"] == "unchanged"


def test_the_command_line_refuses_what_it_cannot_do(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main(["prepare", str(tmp_path / "nowhere.mp4"), *out]) == 1
    assert "there is no file" in capsys.readouterr().err
    assert main(["prepare", str(video), *out, "--shortest", "9"]) == 1
    assert "shortest" in capsys.readouterr().err
    (tmp_path / "bad.pth").write_bytes(b"nonsense")
    assert main(["prepare", str(video), *out, "--expert", str(tmp_path / "bad.pth")]) == 1
    assert "bad.pth" in capsys.readouterr().err
