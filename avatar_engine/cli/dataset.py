"""``python -m avatar_engine prepare``: the command line, its progress bar and its table."""

import argparse
import itertools
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..face_detection import TrackRules
from ..presenter import Presenter
from ..progress_bar import progress_bar
from ..training.dataset.clip_extraction import PreparationSettings
from ..training.dataset.preparation import (
    DatasetPreparation,
    PreparationProgress,
    PreparationReport,
)
from ..training.dataset.speech_segments import SegmentationRules
from ..training.synthetic.clip_synthesis import (
    SyntheticSpeaker,
    path_traced_renderer,
    synthesize_clips,
    viseme_renderer,
)
from ..training.synthetic.mouth_shapes import MouthShapes, choose_mouth_shapes
from ..training.synthetic.utterances import (
    SyntheticUtterance,
    read_recordings,
    recorded_utterances,
    synthesized_utterances,
)
from ..wav2lip.mel import FPS

FAILED = 1
SOME_FAILED = 3


def add_prepare_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``prepare``."""
    sentences, faces = SegmentationRules(), TrackRules()
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


def run_prepare(options: argparse.Namespace) -> int:
    """Prepare; returns the exit code: 0 done, 1 no video could be used, 3 some could not."""
    missing = [path for path in options.videos if not path.is_file()]
    if missing:
        raise ValueError(f"there is no file {missing[0]}")
    settings = PreparationSettings(
        SegmentationRules(options.shortest, options.longest, options.silence, options.pause),
        TrackRules(min_width=options.min_face),
        options.detector,
        options.expert,
    )
    with _PreparationBar(Console(stderr=True), len(options.videos)) as bar:
        report = DatasetPreparation(options.out, settings, options.workers).run(
            options.videos, bar.step
        )
    if options.json:
        sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    else:
        show_preparation(report, Console())
    failed = [video.outcome == "failed" for video in report.videos]
    return FAILED if all(failed) else SOME_FAILED if any(failed) else 0


def show_preparation(report: PreparationReport, console: Console) -> None:
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


class _PreparationBar:
    """On a terminal, how much speech is done; elsewhere silent."""

    def __init__(self, console: Console, n_videos: int) -> None:
        self._n_videos = n_videos
        self._progress = progress_bar(console)
        self._task = self._progress.add_task("listening", total=None)

    def __enter__(self) -> "_PreparationBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, step: PreparationProgress) -> None:
        """Move on. The total grows while more videos are listened to."""
        self._progress.update(
            self._task,
            description=f"{step.n_videos}/{self._n_videos} videos, {step.n_kept} clips kept, "
            f"{step.n_left_out} left out",
            completed=step.seconds_done,
            total=step.seconds or None,
        )


_SENTENCE_PATTERN = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_TEXT_LENGTHS = (6, 60)  # characters of a line
_GATHERED_MINUTES = 40  # enough for gathering; more finds nothing new


def add_gather_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``choose_mouth_shapes``."""
    add_utterance_arguments(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    parser.add_argument("--mouths", type=int, default=320, help="how many (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="file, for example mouths.npy")


def run_gather(options: argparse.Namespace) -> int:
    """Choose the mouths for the studio."""
    heard, some = 0.0, []
    for line in utterances_from(options):
        some.append(line)
        heard += line.seconds
        if heard > _GATHERED_MINUTES * 60:
            break
    chosen, worst = choose_mouth_shapes(some, options.presenter / "viseme", options.mouths)
    np.save(options.out, chosen)
    print(
        f"{len(chosen)} mouths of {heard / 60:.0f} minutes of speech in {options.out}; "
        f"none that occurs is farther from them than {worst:.1f} grey levels."
    )
    return 0


def add_enact_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize_clips``."""
    add_utterance_arguments(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    drawn = parser.add_mutually_exclusive_group(required=True)
    drawn.add_argument(
        "--mouths", type=Path, help="folder that avatar_engine.training.blender.trace_mouths wrote"
    )
    drawn.add_argument(
        "--light", choices=("phonemes", "loudness"),
        help="as the light avatar draws it, told the phonemes or not: to compare with the same "
        "clips, which have the same names",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, required=True, help="of clips, about")
    parser.add_argument(
        "--identities", default="0", metavar="A-B",
        help="variations of face and light, 0 is the presenter as they are (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of clips")


def run_enact(options: argparse.Namespace) -> int:
    """Make clips."""
    presenter = Presenter(options.presenter)
    if options.light:
        play = viseme_renderer(presenter, phonemes=options.light == "phonemes")
    else:
        play = path_traced_renderer(
            presenter, MouthShapes(options.mouths, options.presenter / "viseme")
        )
    first, _, last = options.identities.partition("-")
    cast = SyntheticSpeaker(presenter, play, tuple(range(int(first), int(last or first) + 1)))
    n_frames = n_clips = 0
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("enacting", total=options.minutes * 60 * FPS)
        made = synthesize_clips(
            cast, utterances_from(options), options.minutes, options.out, options.seed
        )
        for n in made:
            n_frames, n_clips = n_frames + n, n_clips + 1
            bar.update(task, completed=n_frames)
    print(f"{n_clips} clips, {n_frames / FPS / 60:.1f} minutes, in {options.out}.")
    return 0


def add_utterance_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of everything that takes lines."""
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="text files, spoken by the built-in voice"
    )
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[],
        help="tables of recorded words with the columns file and text",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot")


def utterances_from(options: argparse.Namespace) -> Iterator[SyntheticUtterance]:
    """Lines of all sources in turn, without end."""
    rng = random.Random(options.seed)
    sources: list[Iterator[SyntheticUtterance]] = []
    if options.texts:
        sources.append(synthesized_utterances(_sentences(options.texts), rng))
    for table in options.recordings:
        sources.append(recorded_utterances(read_recordings(table), table.stem, rng))
    if not sources:
        print("avatar_engine: name --texts, --recordings or both", file=sys.stderr)
        raise SystemExit(2)
    return itertools.chain.from_iterable(zip(*sources, strict=False))


def _sentences(files: Sequence[Path]) -> list[str]:
    found = {
        text.strip()
        for file in files
        for text in _SENTENCE_PATTERN.findall(file.read_text("utf-8"))
        if _TEXT_LENGTHS[0] <= len(text.strip()) <= _TEXT_LENGTHS[1]
    }
    if not found:
        raise ValueError(
            f"no sentences of {_TEXT_LENGTHS[0]} to {_TEXT_LENGTHS[1]} characters in {files}"
        )
    return sorted(found)
