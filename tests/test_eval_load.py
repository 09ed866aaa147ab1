"""Many visitors at once: what is measured of them is what they got."""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import pytest_asyncio
from rich.console import Console

from agent.build import LoadedStages
from agent.serving.websocket import WebsocketServer
from agent.settings import Settings
from avatar_engine import Encoder, Frames
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.weights import load_weights
from eval.performance import avatar_choice
from eval.performance.load_test import LoadReport, VisitSummary, measure, summary, tables
from eval.performance.media_timing import TrackTiming, read_track_timing
from eval.performance.server_process import ServerProcess
from eval.performance.simulated_visitor import ReceivedReply, SimulatedPlayback, visit
from tts_engine import Speech

FPS, RATE = 25, 16_000


# Playing


def test_a_page_begins_with_a_small_buffer_and_plays_in_real_time() -> None:
    page = SimulatedPlayback()
    page.arrived(10.0, 0.0, 0.2)
    assert page.position(11.0) == 0
    page.arrived(11.0, 0.2, 0.4)
    assert page.position(11.3) == pytest.approx(0.3)
    assert page.position(19.0) == pytest.approx(0.4), "no further than there is"
    assert page.remaining(11.3) == pytest.approx(0.1)


def test_a_fragment_after_its_playing_time_is_a_stall_and_delays_all_that_follow() -> None:
    page = SimulatedPlayback()
    page.arrived(0.0, 0.0, 0.4)
    page.arrived(0.4, 0.4, 0.6)  # just in time
    assert (page.n_stalls, page.stalled) == (0, 0)
    page.arrived(0.9, 0.6, 0.8)  # 0.3 s late
    assert page.position(1.0) == pytest.approx(0.7)
    page.arrived(1.05, 0.8, 1.0)  # would have been late without the delay before
    assert page.n_stalls == 1
    assert page.stalled == pytest.approx(0.3)


def test_a_reply_shorter_than_the_buffer_is_played_when_it_is_complete() -> None:
    page = SimulatedPlayback()
    page.arrived(0.0, 0.0, 0.2)
    page.complete(1.0)
    assert page.position(1.1) == pytest.approx(0.1)
    assert (page.n_stalls, page.remaining(2.0)) == (0, 0)


# Tracks


def film(*, last: bool) -> bytes:
    """Two seconds, or what is sent of them before the reply is stopped."""
    encoder = Encoder((32, 32), FPS, RATE)
    sound = np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 0.1
    data = b""
    for first in (0, FPS):
        frames = Frames(np.zeros((FPS, 32, 32, 3), np.uint8), FPS, first, Speech(sound, RATE))
        data += b"".join(fragment.data for fragment in encoder.add(frames))
    return data + b"".join(f.data for f in encoder.close()) if last else data


@pytest.mark.parametrize("last", [True, False])
def test_a_film_of_ours_is_in_time(last: bool) -> None:
    tracks = read_track_timing(film(last=last))
    assert tracks and tracks.start_ms == 0 and tracks.gap_ms < 1
    assert abs(tracks.end_ms) <= (1 if last else 2) * 1024 / RATE * 1000
    assert tracks.n_pictures > 40


def test_sound_that_is_late_is_found() -> None:
    late = io.BytesIO()
    with av.open(io.BytesIO(film(last=True)), "r") as whole, av.open(late, "w", "mp4") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio":
                packet.pts += RATE // 10
                packet.dts += RATE // 10
            packet.stream = copies[packet.stream_index]
            out.mux(packet)
    tracks = read_track_timing(late.getvalue())
    assert tracks and tracks.start_ms == pytest.approx(100, abs=1)


def test_what_is_no_film_is_told_and_nothing_is_nothing() -> None:
    assert read_track_timing(b"") is None
    with pytest.raises(ValueError, match="cannot be read"):
        read_track_timing(b"no film")


def test_a_film_without_sound_has_nothing_to_compare() -> None:
    silent = Encoder((0, 0), FPS, RATE)
    frames = Frames(np.zeros((FPS, 0, 0, 3), np.uint8), FPS, 0, Speech(np.zeros(RATE, "f4"), RATE))
    data = b"".join(f.data for f in [*silent.add(frames), *silent.close()])
    assert read_track_timing(data) is None


# Figures


def test_a_session_is_summed_up_over_its_replies() -> None:
    tracks = TrackTiming(start_ms=2.0, end_ms=-20.0, gap_ms=0.0, n_pictures=100)
    takes = [
        ReceivedReply(100, 300, 1, 1.0, media_s=4.0, n_frames=100, n_degraded=25, tracks=tracks),
        ReceivedReply(100, 500, is_replay=True, media_s=4.0, n_frames=100, tracks=tracks),
        ReceivedReply(100, is_busy=True),
        ReceivedReply(has_failed=True),
    ]
    got = summary(takes)
    assert (got.n_replies, got.n_replayed, got.n_text_only, got.n_failed) == (2, 1, 1, 1)
    assert (got.first_media_ms, got.worst_first_media_ms) == (400, 500)
    assert (got.n_stalls, got.stalled_s) == (1, 1.0)
    assert got.fps == pytest.approx(200 / 9)
    assert got.eased == pytest.approx(25 / 200)
    assert (got.av_start_ms, got.av_end_ms, got.av_gap_ms) == (2.0, -20.0, 0.0)


def test_who_got_text_alone_has_no_rate() -> None:
    got = summary([ReceivedReply(100, is_busy=True)])
    assert (got.first_media_ms, got.fps, got.av_start_ms) == (None, None, None)


# The avatar


def test_an_avatar_can_be_named_and_random_weights_are_called_so(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(*arguments: str) -> tuple[Settings, str]:
        parser = argparse.ArgumentParser()
        avatar_choice.add_avatar_arguments(parser)
        return avatar_choice.chosen_avatar(settings, parser.parse_args(arguments), tmp_path)

    assert chosen() == (settings, settings.avatar.name)
    found, title = chosen("--avatar", "wav2lip384", "--weights", "a/lips.safetensors")
    assert (found.avatar.name, title) == ("wav2lip384", "wav2lip384, lips.safetensors")
    assert found.avatar.options == {"weights": "a/lips.safetensors"}
    monkeypatch.setattr(avatar_choice, "WIDTH", 32)
    found, title = chosen("--avatar", "wav2lip384", "--weights", "random")
    assert "random weights of width 32 that never learnt" in title
    assert load_weights(Path(found.avatar.options["weights"]), Wav2Lip384).width == 32


# Visiting


async def test_visitors_ask_until_the_time_is_over_and_leave_nothing_behind(address: str) -> None:
    questions = ["你好", "谢谢"]
    server = ServerProcess(address, psutil.Process())
    report = await measure(
        server,
        questions,
        "viseme",
        n_sessions=2,
        seconds=4,
        n_idle=2,
        progress=Console(file=io.StringIO()),
    )
    assert len(report.visits) == 2
    for got in report.visits:
        assert (got.n_failed, got.n_replayed) == (0, 0)
    assert report.cpu > 0 and report.idle_cpu is not None and report.alone_mib > 10
    shown = Console(file=io.StringIO(), width=200)
    for table in tables(report):
        shown.print(table)
    text = shown.file.getvalue()  # type: ignore[attr-defined]
    assert "2 visitors ask for 4 s; rendered when asked; avatar viseme" in text
    assert "CPU of 2 idle players" in text


@pytest_asyncio.fixture
async def patient_address(stages: LoadedStages, settings: Settings) -> AsyncIterator[str]:
    """A server that draws everything, however busy the machine is."""
    async with WebsocketServer(stages.session(), stages.presenter, settings).listen() as listener:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"


async def test_a_reply_is_watched_to_its_end(patient_address: str) -> None:
    (take,) = await visit(patient_address, ["谢谢"], time.monotonic() + 300)
    assert take.first_text_ms and take.first_media_ms and take.first_media_ms > take.first_text_ms
    assert take.tracks and take.tracks.n_pictures == take.n_frames == take.media_s * FPS
    assert (take.tracks.start_ms, take.n_degraded, take.has_failed) == (0, 0, False)
    assert not take.film, "films are not kept"


async def test_a_reply_that_goes_on_when_the_time_is_over_is_stopped(address: str) -> None:
    """The reply takes far longer than the visitor has."""
    takes = await visit(address, cycle(["身份证丢了怎么补办？"]), time.monotonic() + 1.5)
    assert len(takes) == 1 and not takes[0].has_failed
    if takes[0].tracks:
        assert takes[0].tracks.start_ms == 0
    assert len(await visit(address, ["谢谢"], time.monotonic() + 300)) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_measures_a_server_of_its_own(tmp_path: Path) -> None:
    faq = tmp_path / "faq"
    faq.mkdir()
    # A short answer: it is rendered twice, and then played in real time.
    entry = {"id": "a-1", "question": "身份证丢了？", "answer": "去补办。", "wordings": ["补证"]}
    (faq / "some.jsonl").write_text(json.dumps(entry), "utf-8")
    command = "load --sessions 1 --seconds 2 --replay --json"
    done = subprocess.run(
        [sys.executable, "-m", "eval", *command.split()],
        env=os.environ | {"ZHENGWEN_FAQ": str(faq), "ZHENGWEN_DATA_DIR": str(tmp_path / "mine")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    report = LoadReport(
        **{**found, "visits": tuple(VisitSummary(**got) for got in found["visits"])}
    )
    (got,) = report.visits
    assert report.replay and got.n_replayed == got.n_replies > 0
    assert got.eased == 0 and got.n_failed == 0
    assert not (tmp_path / "mine").exists(), "nothing is written where a deployment runs"
