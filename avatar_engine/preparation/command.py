"""``python -m avatar_engine prepare``: the command line, its progress bar and its table."""

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..faces import TrackRules
from ..progress_bar import progress_bar
from .run import Preparation, Report, Step
from .sentences import SentenceRules
from .settings import Settings

FAILED = 1
SOME_FAILED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``prepare``."""
    sentences, faces = SentenceRules(), TrackRules()
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--out", type=Path, required=True, help="folder for the clips")
    parser.add_argument("--detector", type=Path, help="YuNet weights (.onnx)")
    parser.add_argument("--expert", type=Path, help="lip-sync expert that checks the sync")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="report as JSON")
    for name, default, about in (
        ("shortest", sentences.shortest_s, "shortest sentence, seconds"),
        ("longest", sentences.longest_s, "longest sentence, seconds"),
        ("silence", sentences.silence_db, "silence, dB below the speech"),
        ("pause", sentences.pause_s, "shortest silence between sentences, seconds"),
        ("min-face", faces.min_width, "smallest face, pixels from cheek to cheek"),
    ):
        parser.add_argument(f"--{name}", type=float, default=default, help=f"{about} ({default:g})")


def run(options: argparse.Namespace) -> int:
    """Prepare; returns the exit code: 0 done, 1 no video could be used, 3 some could not."""
    missing = [path for path in options.videos if not path.is_file()]
    if missing:
        raise ValueError(f"there is no file {missing[0]}")
    settings = Settings(
        SentenceRules(options.shortest, options.longest, options.silence, options.pause),
        TrackRules(min_width=options.min_face),
        options.detector,
        options.expert,
    )
    with _Bar(Console(stderr=True), len(options.videos)) as bar:
        report = Preparation(options.out, settings, options.workers).run(options.videos, bar.step)
    if options.json:
        sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    else:
        show(report, Console())
    failed = [video.outcome == "failed" for video in report.videos]
    return FAILED if all(failed) else SOME_FAILED if any(failed) else 0


def show(report: Report, console: Console) -> None:
    """Print a table of the videos, and below it what was left out and why."""
    table = Table("video", "outcome", "length, s", "clips", "kept, s", "left out")
    for video in report.videos:
        kept = [clip for clip in video.clips if clip.kept]
        table.add_row(
            escape(Path(video.source).name),
            video.outcome,
            f"{video.seconds:.1f}",
            str(len(kept)),
            f"{sum(clip.end_s - clip.start_s for clip in kept):.1f}",
            str(len(video.clips) - len(kept)),
        )
    console.print(table)
    for video in report.videos:
        name = escape(video.source)
        if video.reason:
            console.print(f"[red]{escape(video.reason)}[/red]", soft_wrap=True)
        for note in video.notes:
            console.print(f"[yellow]{name}[/yellow]: {escape(note)}", soft_wrap=True)
        for clip in video.clips:
            if clip.reason:
                console.print(
                    f"{name}, {clip.start_s:.2f} to {clip.end_s:.2f} s: left out, "
                    f"{escape(clip.reason)}",
                    soft_wrap=True,
                )
    counts = Counter(bool(clip.kept) for video in report.videos for clip in video.clips)
    console.print(f"{counts[True]} clips kept, {counts[False]} left out")
    if not report.sync_checked:
        console.print("Whether sound and picture are in sync was not checked: see --expert.")


class _Bar:
    """On a terminal, how much speech is done; elsewhere silent."""

    def __init__(self, console: Console, n_videos: int) -> None:
        self._n_videos = n_videos
        self._progress = progress_bar(console)
        self._task = self._progress.add_task("listening", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, step: Step) -> None:
        """Move on. The total grows while more videos are listened to."""
        self._progress.update(
            self._task,
            description=f"{step.n_videos}/{self._n_videos} videos, {step.n_kept} clips kept, "
            f"{step.n_left_out} left out",
            completed=step.seconds_done,
            total=step.seconds or None,
        )
