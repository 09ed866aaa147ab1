"""A face and a sound become a video: real files, and networks too small to know anything."""

import json
import math
import pickle
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest
import torch

from avatar_engine.__main__ import main
from avatar_engine.face_detection import Face, crop_square
from avatar_engine.lipsync import face_regions as looking
from avatar_engine.lipsync import inputs as reading
from avatar_engine.lipsync import request
from avatar_engine.lipsync.errors import RenderError, RenderNote, error_record, report_codes
from avatar_engine.lipsync.inputs import AudioWindows, FaceSource
from avatar_engine.lipsync.render import RenderedVideo, RenderProgress, render_video
from avatar_engine.lipsync.request import FrameTransform, RenderRequest
from avatar_engine.video.mp4_file import Mp4File
from avatar_engine.video.reader import VideoReadError, read_audio
from avatar_engine.wav2lip.blending import blend_face, blend_mask
from avatar_engine.wav2lip.compat.lipgan import LipGAN
from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
from avatar_engine.wav2lip.discriminators import QualityDiscriminator
from avatar_engine.wav2lip.inference import LipSyncInference
from avatar_engine.wav2lip.mel import SAMPLE_RATE, mel_windows, melspectrogram
from avatar_engine.wav2lip.model import LipSyncGenerator, Wav2Lip384
from avatar_engine.wav2lip.weights import LipSyncWeightsError, save_weights
from tests.videos import (
    SIDE,
    Pixels,
    presenter,
    presenter_frames,
    tone,
    write_video,
    write_wav,
)

ROOT = Path(__file__).parent.parent
N = 8  # frames of the test video


@pytest.fixture(scope="module")
def frames() -> list[Pixels]:
    return presenter_frames("suit", N)


@pytest.fixture(scope="module")
def video(frames: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "face.mp4", frames, None)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "generator.safetensors"
    save_weights(Wav2Lip384(32), path)
    return path


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "voice.wav", tone(0.3))  # 7.5 frames


@pytest.fixture
def wanted(video: Path, voice: Path, generator: Path, tmp_path: Path) -> RenderRequest:
    return RenderRequest(video, voice, tmp_path / "out.mp4", generator)


def watched(path: Path) -> list[Pixels]:
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)
        ]


# Back into the picture


@pytest.mark.parametrize(
    "square", [(60.3, 51.8, 120.4), (33.0, 20.0, 192.0), (-40.2, 100.7, 210.5), (80.5, 90.5, 61.0)]
)
def test_pasting_what_was_cut_changes_nothing(
    frames: list[Pixels], square: tuple[float, float, float]
) -> None:
    picture = cv2.GaussianBlur(frames[0], (0, 0), 1.0).astype(np.uint8)
    where = np.array(square, np.float32)
    pasted = picture.copy()
    blend_face(pasted, crop_square(picture, where), np.append(where, where[2]))
    away = np.abs(pasted.astype(int) - picture)
    assert away.max() <= 6 and away.mean() < 0.25
    # A place wrong by half a pixel would be seen.
    shifted = picture.copy()
    blend_face(
        shifted,
        crop_square(picture, where),
        np.append(where, where[2]) + np.array([0.5, 0, 0, 0], np.float32),
    )
    assert np.abs(shifted.astype(int) - picture).mean() > 3 * away.mean()


def test_a_drawn_face_fades_into_the_picture_without_an_edge() -> None:
    for side in (96.0, 384.0, 500.0):
        picture = np.zeros((600, 600, 3), np.uint8)
        blend_face(picture, np.full((384, 384, 3), 255, np.uint8), np.array([50, 50, side, side]))
        steps = [np.abs(np.diff(picture[..., 0].astype(int), axis=axis)).max() for axis in (0, 1)]
        assert picture.max() == 255 and max(steps) < 255 * 4 * 2 / (0.1 * side)
        rows = np.flatnonzero(picture.any(axis=(1, 2)))
        assert rows[0] > 50 + 0.47 * side, "eyes and nose stay those of the video"
    mask = blend_mask(384)
    assert max(mask[:, [0, -1]].max(), mask[[0, -1]].max()) < 1e-6
    assert (mask[240:320, 120:264] > 0.95).all(), "the mouth is the network's alone"


# What networks see and hear


class ReferenceGenerator:
    """Notes what a generator is given, and gives the reference back."""

    faces: torch.Tensor

    def forward(self, mels: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        self.faces = faces
        return faces[:, 3:]


class Echo384(ReferenceGenerator, Wav2Lip384):
    def forward(  # type: ignore[override]
        self, mels: torch.Tensor, faces: torch.Tensor, *, lower_half: bool
    ) -> torch.Tensor:
        assert lower_half, "the upper half is not for the network to draw"
        return super().forward(mels, faces)[:, :, 192:]


class ReferenceGenerator96(ReferenceGenerator, Wav2Lip96):  # type: ignore[misc]
    pass


@pytest.mark.parametrize(("network", "red"), [(Echo384(32), 0), (ReferenceGenerator96(), 2)])
def test_each_network_is_given_its_own_order_of_colours(
    network: LipSyncGenerator, red: int
) -> None:
    inference = LipSyncInference(network)
    faces = np.zeros((2, network.size, network.size, 3), np.uint8)
    faces[..., 0], faces[..., 1] = 200, 50
    made = inference.draw(faces, np.zeros((2, 1, 80, 16), np.float32))
    assert np.array_equal(made, faces)
    given = cast(torch.Tensor, network.faces)
    assert given[:, [red, 3 + red], 0].min() == pytest.approx(200 / 255)
    assert not given[:, 2 - red].any()
    half = network.size // 2
    assert not given[:, :3, half:].any() and given[:, red, :half].all()


def test_the_reference_may_be_another_picture() -> None:
    inference = LipSyncInference(Echo384(32))
    faces = np.zeros((1, 384, 384, 3), np.uint8)
    mels = np.zeros((1, 1, 80, 16), np.float32)
    drawn = inference.draw(faces, mels, faces + 9)
    assert (drawn[:, 192:] == 9).all() and (drawn[:, :192] == 0).all()


def test_lipgan_draws_too() -> None:
    inference = LipSyncInference(LipGAN().eval())
    assert (inference.lead, inference.columns, inference.size) == (4, 27, 96)
    mels = np.zeros((1, 1, 80, 27), np.float32)
    assert inference.draw(np.zeros((1, 96, 96, 3), np.uint8), mels).shape == (1, 96, 96, 3)


def test_frames_hear_the_windows_that_their_network_was_trained_with(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", tone(30.0))
    heard = AudioWindows(path)
    whole = np.concatenate(list(read_audio(path, SAMPLE_RATE))).astype(np.float32) / 32768
    mel = melspectrogram(whole)
    frames = [0, 1, 13, 623, 624, 640]  # about the border of two pieces
    assert heard.n_frames == 750
    for lead, columns in ((2, 16), (0, 16), (4, 27)):
        made = heard.windows(frames, lead, columns)
        assert np.allclose(
            made, mel_windows(mel, [i - lead for i in frames], columns=columns), atol=1e-3
        )
    twice = AudioWindows(path, 50)
    assert twice.n_frames == 1500
    assert np.array_equal(twice.windows([20, 21], 2, 16)[0], heard.windows([10], 2, 16)[0])
    assert not np.array_equal(*twice.windows([20, 21], 2, 16))


# What comes out


@pytest.fixture(scope="module")
def rendered(
    video: Path, generator: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RenderedVideo, list[RenderProgress]]:
    folder = tmp_path_factory.mktemp("rendered")
    steps: list[RenderProgress] = []
    voice = write_wav(folder / "voice.wav", tone(0.45, 48_000, 2), 48_000)
    return render_video(
        RenderRequest(video, voice, folder / "out.mp4", generator), steps.append
    ), steps


def test_the_video_lasts_as_long_as_the_sound_and_has_the_size_of_the_face(
    rendered: tuple[RenderedVideo, list[RenderProgress]],
) -> None:
    made, steps = rendered
    pictures = watched(made.out)
    assert len(pictures) == made.n_frames == math.ceil(0.45 * 25)
    assert pictures[0].shape == (SIDE, SIDE, 3)
    with av.open(str(made.out)) as container:
        names = [stream.codec_context.name for stream in container.streams]
        assert names == ["h264", "aac"]
        assert "AI" in container.metadata["comment"]
    assert steps[-1] == RenderProgress("pictures", made.n_frames, made.n_frames)
    assert {step.stage for step in steps} == {"faces", "pictures"}
    assert not list(made.out.parent.glob(".*"))


def test_only_the_lower_face_is_drawn_anew(
    rendered: tuple[RenderedVideo, list[RenderProgress]], frames: list[Pixels]
) -> None:
    pictures = watched(rendered[0].out)
    changed = np.abs(pictures[0].astype(int) - frames[0]).mean(axis=2)
    left, top, right, bottom = presenter("suit").faces[0] * SIDE / 720
    middle = round((left + right) / 2)
    assert changed[round(bottom - 0.2 * (bottom - top)), middle] > 20
    assert changed[: round(top + 0.4 * (bottom - top))].mean() < 3
    assert changed[round(bottom) + 25 :].mean() < 3


def test_a_video_that_is_too_short_goes_there_and_back_and_that_is_said(
    rendered: tuple[RenderedVideo, list[RenderProgress]], frames: list[Pixels]
) -> None:
    assert rendered[0].notes == [RenderNote("video_shorter", {"video": "0.3", "audio": "0.5"})]
    assert "forwards and backwards" in str(rendered[0].notes[0])
    top = [picture[:60].astype(int) for picture in watched(rendered[0].out)]
    assert np.abs(top[N] - top[N - 2]).mean() <= np.abs(top[N] - top[0]).mean()


def test_stereo_sound_of_48_khz_goes_through(
    rendered: tuple[RenderedVideo, list[RenderProgress]],
) -> None:
    with av.open(str(rendered[0].out)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (48_000, 2)
    heard = np.concatenate(list(read_audio(rendered[0].out, 48_000, 2))) / 32768
    said = tone(0.45, 48_000, 2)
    n = min(len(heard), len(said))
    assert abs(len(heard) - len(said)) < 48_000 / 25
    for channel in (0, 1):
        assert np.corrcoef(heard[:n, channel], said[:n, channel])[0, 1] > 0.95


def test_going_back_shows_the_same_pictures_in_reverse(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BUFFERED_BYTES", 3 * SIDE * SIDE * 3)  # three pictures
    source = FaceSource(video, FrameTransform())
    forwards = list(source.forwards())
    assert len(forwards) == N
    seen = list(source.ping_pong(N, 20))
    places = [*range(N), *range(N - 2, 0, -1), *range(N)][:20]
    assert [place for place, _ in seen] == places
    assert all(np.array_equal(picture, forwards[place]) for place, picture in seen)
    assert [place for place, _ in source.ping_pong(3, 6, first=2)] == [2, 3, 4, 3, 2, 3]


def test_a_video_that_is_too_long_is_cut_and_that_is_said(
    wanted: RenderRequest, tmp_path: Path
) -> None:
    made = render_video(
        replace(wanted, audio=write_wav(tmp_path / "a.wav", tone(0.1)), box=(60, 170, 70, 170))
    )
    assert made.n_frames == 3 and "is cut at 0.1 s" in str(made.notes[0])


def test_a_picture_speaks_at_the_rate_asked_for(
    wanted: RenderRequest, frames: list[Pixels]
) -> None:
    face = wanted.out.with_name("脸.png")
    face.write_bytes(cv2.imencode(".png", frames[0][:, :, ::-1])[1].tobytes())
    made = render_video(replace(wanted, face=face, fps=10, mark=True))
    assert made.n_frames == 3 and made.notes == []
    with av.open(str(made.out)) as container:
        assert container.streams.video[0].average_rate == 10
    corner = watched(made.out)[0][-30:, -60:]
    assert np.abs(corner.astype(int) - frames[0][-30:, -60:]).max() > 80, "the mark is there"


def test_wav2lip_users_find_the_options_they_know(
    wanted: RenderRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "wav2lip.pth"
    torch.manual_seed(5)
    state = {f"module.{name}": value for name, value in Wav2Lip96().state_dict().items()}
    torch.save({"state_dict": state}, weights)
    asked = (
        f"render --face {wanted.face} --audio {wanted.audio} --outfile {wanted.out} "
        f"--checkpoint_path {weights} --resize_factor 1 --crop 0 -1 10 -1 --pads 0 20 0 0 "
        "--nosmooth --static --wav2lip_batch_size 3 --json"
    )
    assert main(asked.split()) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {"stage": "faces", "done": 1, "total": 1}
    assert lines[-1]["n_frames"] == 8 and lines[-1]["out"] == str(wanted.out)
    pictures = watched(wanted.out)
    assert pictures[0].shape == (SIDE, SIDE - 10, 3)
    changed = np.abs(pictures[0].astype(int) - watched(wanted.face)[0][:, 10:])
    assert changed[:90].mean() < 3 < changed[120:180, 80:150].mean()


def test_pictures_are_made_smaller_then_turned_then_cropped() -> None:
    picture = np.zeros((100, 60, 3), np.uint8)
    picture[:50] = 255  # the upper half, on the right once it is turned
    made = FrameTransform(2, True, (0, -1, 20, 47))(picture)
    assert made.shape == (30, 26, 3)
    assert not made[:, :5].any() and (made[:, 6:] == 255).all()
    assert FrameTransform()(np.zeros((241, 361, 3), np.uint8)).shape == (240, 360, 3)


# Pictures from everywhere


def test_pictures_at_uneven_times_stay_with_the_sound(
    wanted: RenderRequest, frames: list[Pixels], tmp_path: Path
) -> None:
    times = [0.0, 0.03, 0.05, 0.12, 0.14, 0.22, 0.25, 0.29]
    stamped = [frame.copy() for frame in frames]
    for i, frame in enumerate(stamped):
        frame[:40, :40] = 30 * i
    face = write_video(tmp_path / "uneven.mp4", stamped, None, times=times)
    render_video(replace(wanted, face=face, box=(60, 170, 70, 170)))
    for i, picture in enumerate(watched(wanted.out)[:8]):
        nearest = min(range(8), key=lambda k: abs(times[k] - i / 25))
        assert abs(float(picture[5:35, 5:35].mean()) - 30 * nearest) < 10


def test_a_phone_held_upright_gives_an_upright_video(
    wanted: RenderRequest, frames: list[Pixels], tmp_path: Path
) -> None:
    lying = [np.ascontiguousarray(np.rot90(frame[:, 20:-20], 1)) for frame in frames[:2]]
    face = write_video(tmp_path / "phone.mp4", lying, None, rotation=-90)
    made = render_video(replace(wanted, face=face, audio=write_wav(tmp_path / "a.wav", tone(0.08))))
    picture = watched(made.out)[0].astype(int)
    assert picture.shape == (SIDE, SIDE - 40, 3)
    assert np.abs(picture[:80] - frames[0][:80, 20:-20]).mean() < 4


@pytest.mark.parametrize("n", [400, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_long_video_is_never_held_as_a_whole(
    n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = 96
    small = np.random.default_rng(0).integers(0, 255, (12, 12, 3), np.uint8)
    picture = cv2.resize(small, (side, side)).astype(np.uint8)
    face = write_video(tmp_path / "long.mp4", [np.roll(picture, i, axis=1) for i in range(n)], None)
    monkeypatch.setattr(reading, "MAX_BUFFERED_BYTES", 2**20)
    tracemalloc.start()
    try:
        source = FaceSource(face, FrameTransform())
        with Mp4File(tmp_path / "out.mp4", source.size, 25) as out:
            for _, shown in source.ping_pong(n, 3 * n // 2):
                out.add(shown)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * 2**20 < side * side * 3 * n / 2
    assert len(watched(tmp_path / "out.mp4")) == 3 * n // 2


@pytest.mark.parametrize(
    ("minutes", "most_mib"), [(1, 50), pytest.param(10, 150, marks=pytest.mark.slow)]
)
def test_a_long_recording_is_heard_in_bounded_memory(
    minutes: int, most_mib: int, tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "long.wav", np.tile(tone(1.0, 16_000), 60 * minutes), 16_000)
    tracemalloc.start()
    try:
        assert AudioWindows(path).n_frames == 1500 * minutes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most_mib * 2**20, "the spectrum as a whole takes 77 MiB a minute"


# What cannot be done


def beside(a: Pixels, b: Pixels) -> Pixels:
    return np.ascontiguousarray(np.concatenate([a, b], axis=1))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda f: np.full_like(f, 90), r"no face; show one person .*--box"),
        (lambda f: beside(f, f), r"several faces; leave one of them, with --crop"),
        (lambda f: cv2.copyMakeBorder(cv2.resize(f, None, fx=0.7, fy=0.7), 40, 40, 40, 40, 1),
         r"the face is too small: \d+ pixels wide, 64 are needed; use"),
    ],
)  # fmt: skip
def test_faces_that_cannot_be_used_are_refused_with_a_remedy(
    wanted: RenderRequest,
    frames: list[Pixels],
    tmp_path: Path,
    make: Callable[[Pixels], Pixels],
    why: str,
) -> None:
    face = write_video(tmp_path / "bad.mp4", [make(frame) for frame in frames], None)
    with pytest.raises(RenderError, match=rf"bad\.mp4: {why}"):
        render_video(replace(wanted, face=face))
    assert not wanted.out.exists()


def test_a_face_that_is_turned_away_is_refused(
    wanted: RenderRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Profile:
        name = "profile"

        def detect(self, picture: Pixels) -> list[Face]:
            return [Face(60, 60, 160, 180, turn=0.7)]

    monkeypatch.setattr(looking, "load_detector", lambda weights: Profile())
    with pytest.raises(RenderError, match=r"turned away; use pictures .* into the camera"):
        render_video(wanted)


def test_a_sound_shorter_than_a_frame_is_refused(wanted: RenderRequest, tmp_path: Path) -> None:
    with pytest.raises(VideoReadError, match=r"lasts 30 ms, less than a frame \(40 ms\)"):
        render_video(replace(wanted, audio=write_wav(tmp_path / "click.wav", tone(0.03))))


def test_a_checkpoint_of_another_shape_or_with_code_is_refused(
    wanted: RenderRequest, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save_weights(QualityDiscriminator(96), other)
    with pytest.raises(
        LipSyncWeightsError, match=r"should hold the Wav2Lip-384 generator or .*quality"
    ):
        render_video(replace(wanted, checkpoint=other))
    code = tmp_path / "code.pth"
    torch.save({"state_dict": Path}, code)
    with pytest.raises(LipSyncWeightsError, match="would run code"):
        render_video(replace(wanted, checkpoint=code))
    assert not wanted.out.exists()


def test_without_the_shipped_generator_it_is_said_how_to_name_one(
    wanted: RenderRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from avatar_engine.lipsync import render

    missing = tmp_path / "generator.safetensors"
    monkeypatch.setattr(render, "DEFAULT_CHECKPOINT", missing)
    with pytest.raises(RenderError, match=r"is not there; name other weights with --checkpoint"):
        render_video(replace(wanted, checkpoint=missing))
    assert request.DEFAULT_CHECKPOINT.parts[-3:] == (
        "assets",
        "wav2lip384",
        "generator.safetensors",
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"face": Path("nobody.mp4")}, r"no file nobody\.mp4, which --face names"),
        ({"audio": Path("nothing.wav")}, r"no file nothing\.wav, which --audio names"),
        ({"out": Path("no/such/out.mp4")}, r"no folder no/such"),
        ({"fps": 30}, r"is a video.*--fps is for pictures"),
        ({"box": (60, 400, 70, 170)}, r"box .* does not lie in a picture of 240x240"),
        ({"framing": FrameTransform(crop=(0, 300, 0, -1))}, r"crop .* does not lie in a picture"),
        ({"reference_s": 9.0}, r"reference at 9 s is not in the 0\.32 s"),
        ({"pads": (0, -200, 0, 0)}, None),
    ],
)
def test_what_does_not_fit_is_refused(
    wanted: RenderRequest, change: dict[str, object], why: str
) -> None:
    if why is None:
        why = r"nothing of the face is left"
        change = {**change, "pads": (0, 0, -100, -100)}
    with pytest.raises(RenderError, match=why):
        render_video(replace(wanted, **change))  # type: ignore[arg-type]


def test_options_that_cannot_be_are_refused_on_the_command_line(
    wanted: RenderRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ["render", "--face", str(wanted.face), "--audio", str(wanted.audio)]
    for more, why in (
        (["-o", "out.avi"], "ends in .mp4"),
        (["-o", "out.mp4", "--batch-size", "0"], "batch of 0"),
        (["-o", "out.mp4", "--box", "9", "5", "0", "5"], "not top, bottom, left, right"),
        (["-o", str(wanted.face)], "written over what it is made of"),
    ):
        assert main(start + more) == 1
        assert why in capsys.readouterr().err
    assert wanted.face.exists()


def test_errors_and_notes_reach_other_programs_by_code(
    wanted: RenderRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    click = write_wav(tmp_path / "click.wav", tone(0.03))
    start = ["render", "--json", "--face", str(wanted.face), "-o", str(wanted.out)]
    start += ["--checkpoint", str(wanted.checkpoint), "--box", "60", "170", "70", "170"]
    assert main([*start, "--audio", str(click)]) == 1
    said = capsys.readouterr()
    error = json.loads(said.out.splitlines()[-1])["error"]
    assert error["code"] == "audio_too_short"
    assert error["params"] == {"path": str(click), "ms": 30, "frame_ms": 40}
    assert said.err == f"avatar_engine: {error['text']}\n"
    assert main([*start, "--audio", str(write_wav(tmp_path / "short.wav", tone(0.1)))]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["notes"] == ["the video goes on after the sound: it is cut at 0.1 s"]
    assert result["note_codes"] == [{"code": "video_longer", "params": {"audio": "0.1"}}]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "disk_full"),
        (PermissionError(13, "Permission denied"), "file_error"),
        (RuntimeError("anything"), ""),
    ],
)
def test_errors_of_the_system_have_codes_too(error: OSError | RuntimeError, code: str) -> None:
    assert error_record(error)["code"] == code


def test_every_error_that_is_raised_has_a_sentence() -> None:
    """An unknown code would be a KeyError in the middle of an error."""
    kinds = ("FaceError", "RenderError", "RenderNote", "VideoReadError", "LipSyncWeightsError")
    raised = [
        (path, code)
        for folder in ("avatar_engine", "eval")
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(rf'(?:{"|".join(kinds)})\(\s*"([^"]*)"', path.read_text("utf-8"))
    ]
    assert len(raised) > 40
    assert not [place for place in raised if place[1] not in report_codes()]


def test_an_error_of_a_worker_in_another_process_keeps_its_code() -> None:
    error = VideoReadError("audio_too_short", path=Path("a.wav"), ms=30, frame_ms=40)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.params, str(copy)) == (error.code, error.params, str(error))


def test_stopping_leaves_no_file_and_an_older_one_alone(
    wanted: RenderRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted.out.write_bytes(b"older")

    def interrupted(film: Mp4File, picture: Pixels) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Mp4File, "add", interrupted)
    options = f"--face {wanted.face} --audio {wanted.audio} -o {wanted.out}"
    weights = f"--checkpoint {wanted.checkpoint} --box 60 170 70 170"
    assert main(f"render {options} {weights}".split()) == 130
    assert "no file was written" in capsys.readouterr().err
    assert wanted.out.read_bytes() == b"older"
    assert not list(wanted.out.parent.glob(".*"))


def test_a_full_disk_leaves_no_half_file(
    wanted: RenderRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(film: Mp4File) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Mp4File, "_finish", full)
    with pytest.raises(OSError, match="No space left"):
        render_video(replace(wanted, box=(60, 170, 70, 170)))
    assert not wanted.out.exists() and not list(wanted.out.parent.glob(".*"))
