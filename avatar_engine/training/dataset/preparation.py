"""Many videos, side by side, and on again after an interruption."""

import json
import multiprocessing
import shutil
import signal
import wave
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from zhengwen.atomic_write import write_atomically

from ...face_detection import load_detector
from ...video.reader import VideoReadError, check_video, declared_duration, read_audio
from ...wav2lip.mel import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME
from .clip_extraction import ClipJob, ClipOutcome, PreparationSettings, extract_clip, file_hash
from .journal import PreparationJournal, SourceVideo, VideoRecord
from .speech_segments import LEVEL_INTERVAL_S, SpeechSegment, find_speech_segments, loudness_levels

MAX_MISSING_AUDIO_S = 0.5  # s that a sound may be shorter than its file says


class PreparationError(RuntimeError):
    """A run cannot go on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What became of one video."""

    source: str
    outcome: str
    """``prepared``, ``unchanged`` (done in an earlier run), ``same`` (as another) or ``failed``."""
    reason: str
    """Why it failed, or which other video it is the same as."""
    seconds: float
    notes: list[str]
    clips: list[ClipOutcome]


@dataclass(frozen=True, slots=True)
class PreparationReport:
    """What became of all videos of a run."""

    videos: list[VideoReport]
    sync_checked: bool
    """Whether an expert looked for clips with sound and picture out of sync."""


@dataclass(frozen=True, slots=True)
class PreparationProgress:
    """How far a run is."""

    seconds: float
    """Of speech found so far."""
    seconds_done: float
    n_kept: int
    n_left_out: int
    n_videos: int
    """Finished."""


@dataclass(frozen=True, slots=True)
class _SegmentedAudio:
    """What a worker found out by listening to a video."""

    seconds: float
    sentences: list[SpeechSegment]
    notes: list[str]


class DatasetPreparation:
    """Prepares videos into one output folder.

    Args:
        out: Gets a folder for each clip, ``report.json`` and ``journal.jsonl``.
        settings: What decides how clips look.
        workers: Clips made at the same time, each by a process with one thread.

    Raises:
        FaceError: The settings name a detector that cannot be used.
        LipSyncWeightsError: They name an expert that cannot be used.
    """

    def __init__(self, out: Path, settings: PreparationSettings, workers: int = 1) -> None:
        self._out, self._settings, self._workers = out, settings, max(1, workers)
        load_detector(settings.detector)
        if settings.expert:
            from .av_sync import load_sync_expert

            load_sync_expert(settings.expert)
        self._digest = settings.digest()
        self._scratch = out / ".scratch"
        self._seconds = self._seconds_done = 0.0
        self._n_kept = self._n_left_out = self._n_videos = 0

    def run(
        self,
        videos: Sequence[Path],
        step: Callable[[PreparationProgress], None] = lambda step: None,
    ) -> PreparationReport:
        """Prepare videos; those that are done with the same settings are left as they are.

        Raises:
            PreparationError: Another run writes there, or a worker was killed.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self._out / ".lock", timeout=0):
                return self._run(videos, step)
        except filelock.Timeout as error:
            raise PreparationError(
                f"another run is writing into {self._out}; wait, or choose another folder"
            ) from error
        except BrokenProcessPool as error:
            raise PreparationError(
                "a worker was killed, perhaps for lack of memory; run again with fewer "
                "--workers, what is done is kept"
            ) from error

    def _run(
        self, videos: Sequence[Path], step: Callable[[PreparationProgress], None]
    ) -> PreparationReport:
        self._clear()
        journal = PreparationJournal(self._out)
        reports: dict[Path, VideoReport] = {}
        sources: dict[str, SourceVideo] = {}
        todo: deque[tuple[SourceVideo, Path]] = deque()
        for path in dict.fromkeys(videos):
            sha256 = file_hash(path)
            if sha256 in sources:
                same = f"holds the same as {sources[sha256].path}"
                reports[path] = VideoReport(str(path), "same", same, 0.0, [], [])
                continue
            source = sources[sha256] = SourceVideo(str(path), sha256, self._digest)
            entry = journal.begin(source)
            if entry.finished and not entry.reason:
                reports[path] = _video_report(source, entry, "unchanged")
            else:
                todo.append((source, path))
        with _worker_pool(self._workers) as pool:
            for source, path in self._prepare(pool, journal, todo, step):
                entry = journal.entries[source]
                reports[path] = _video_report(
                    source, entry, "failed" if entry.reason else "prepared"
                )
        self._clear()
        self._write_report(journal)
        ordered = [reports[path] for path in dict.fromkeys(videos)]
        return PreparationReport(ordered, self._settings.expert is not None)

    def _prepare(
        self,
        pool: Executor,
        journal: PreparationJournal,
        todo: deque[tuple[SourceVideo, Path]],
        step: Callable[[PreparationProgress], None],
    ) -> Iterator[tuple[SourceVideo, Path]]:
        """Keep all workers busy; yields each video when it is finished."""
        listening: dict[Future[_SegmentedAudio], tuple[SourceVideo, Path]] = {}
        making: dict[Future[ClipOutcome], SourceVideo] = {}
        open_videos: dict[SourceVideo, tuple[Path, _SegmentedAudio]] = {}
        try:
            while todo or listening or making:
                # Sounds lie on disk until their clips are made: only a few at a time.
                while todo and len(listening) + len(open_videos) <= self._workers:
                    source, path = todo.popleft()
                    wav = self._scratch / f"{source.sha256}.wav"
                    listening[pool.submit(segment_audio, path, wav, self._settings)] = source, path
                running: list[Future[Any]] = [*listening, *making]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                touched: set[SourceVideo] = set()
                for future in done:
                    if future in listening:
                        source, path = listening.pop(future)
                        try:
                            heard: _SegmentedAudio = future.result()
                        except VideoReadError as error:
                            journal.finish(source, 0.0, [], str(error))
                            self._n_videos += 1
                            yield source, path
                            continue
                        open_videos[source] = path, heard
                        for job in self._jobs(source, path, heard, journal.entries[source]):
                            making[pool.submit(extract_clip, job)] = source
                            self._seconds += job.sentence.n_frames / FPS
                    else:
                        source = making.pop(future)
                        self._note(journal, source, future.result())
                    touched.add(source)
                for source in touched - set(making.values()):
                    path, heard = open_videos.pop(source)
                    journal.finish(source, heard.seconds, heard.notes)
                    (self._scratch / f"{source.sha256}.wav").unlink()
                    self._n_videos += 1
                    yield source, path
                step(
                    PreparationProgress(
                        self._seconds, self._seconds_done,
                        self._n_kept, self._n_left_out, self._n_videos,
                    )
                )  # fmt: skip
        except BaseException:
            # Ctrl-C, a full disk: the workers finish the clips they have, and those count.
            for unfinished in making:
                unfinished.cancel()
            wait(making)
            for future, source in making.items():
                if not future.cancelled() and not future.exception():
                    self._note(journal, source, future.result())
            raise

    def _note(self, journal: PreparationJournal, source: SourceVideo, outcome: ClipOutcome) -> None:
        journal.add(source, outcome)
        self._seconds_done += outcome.end_s - outcome.start_s
        self._n_kept += outcome.kept
        self._n_left_out += not outcome.kept

    def _jobs(
        self, source: SourceVideo, path: Path, heard: _SegmentedAudio, entry: VideoRecord
    ) -> list[ClipJob]:
        """The clips of a video that are still to be made."""
        wav = self._scratch / f"{source.sha256}.wav"
        return [
            ClipJob(
                path, source.sha256, wav, sentence, self._out / name, self._settings, self._digest
            )
            for i, sentence in enumerate(heard.sentences)
            if (name := f"{entry.stem}-{i:03d}") not in entry.outcomes
        ]

    def _clear(self) -> None:
        """Remove what an interrupted run left half done."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        for part in self._out.glob("*.part"):
            shutil.rmtree(part, ignore_errors=True)

    def _write_report(self, journal: PreparationJournal) -> None:
        """``report.json``: all videos of the folder, of this run and of earlier ones."""
        videos = [
            asdict(_video_report(source, entry, "failed" if entry.reason else "prepared"))
            for source, entry in journal.entries.items()
            if entry.finished
        ]
        settings = {**asdict(self._settings), "digest": self._digest}
        report = {
            "settings": settings, "sync_checked": bool(self._settings.expert), "videos": videos
        }  # fmt: skip
        content = json.dumps(report, ensure_ascii=False, indent=1, default=str)
        write_atomically(self._out / "report.json", content)


def segment_audio(video: Path, wav: Path, settings: PreparationSettings) -> _SegmentedAudio:
    """Write the sound of a video as WAV, and find its sentences.

    Raises:
        VideoReadError: It cannot be used.
    """
    check_video(video)
    wav.parent.mkdir(parents=True, exist_ok=True)
    n = 0

    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)

        def written() -> Iterator[np.ndarray[tuple[int], np.dtype[np.int16]]]:
            nonlocal n
            for piece in read_audio(video, SAMPLE_RATE):
                file.writeframes(piece.astype("<i2").tobytes())
                n += len(piece)
                yield piece

        loudness = np.concatenate([np.empty(0, np.float32), *loudness_levels(written())])
    if n < SAMPLES_PER_FRAME:
        ms = round(n / SAMPLE_RATE * 1000)
        raise VideoReadError("audio_too_short", path=video, ms=ms, frame_ms=1000 // FPS)
    notes = []
    seconds, declared = n / SAMPLE_RATE, declared_duration(video)
    if declared and declared - seconds > MAX_MISSING_AUDIO_S:
        notes.append(
            f"cut off: it should last {declared:.1f} s, its sound ends at {seconds:.1f} s; "
            "what is there was used"
        )
    found = find_speech_segments(loudness, settings.sentences)
    if not found:
        shortest = settings.sentences.shortest_s
        notes.append(f"nobody speaks for {shortest} s or longer")
    assert len(loudness) == int(seconds / LEVEL_INTERVAL_S + 1e-6)
    return _SegmentedAudio(seconds, found, notes)


@contextmanager
def _worker_pool(n: int) -> Iterator[Executor]:
    """Processes, or for one worker a thread, which needs no start."""
    pool: Executor = (
        ThreadPoolExecutor(1)
        if n == 1
        else ProcessPoolExecutor(
            n,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=signal.signal,
            # Ctrl-C is for the parent; a worker finishes the clip that it has.
            initargs=(signal.SIGINT, signal.SIG_IGN),
        )
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _video_report(source: SourceVideo, entry: VideoRecord, outcome: str) -> VideoReport:
    clips = sorted(entry.outcomes.values(), key=lambda clip: clip.start_s)
    return VideoReport(source.path, outcome, entry.reason, entry.seconds or 0.0, entry.notes, clips)
