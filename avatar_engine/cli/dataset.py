"""``prepare``, ``gather`` and ``enact``: training clips of filmed and of drawn people."""

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
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhengwen.command_line import progress_bar

from ..face_detection import TrackRules
from ..presenter import Presenter
from ..training.dataset.clip_extraction import PreparationSettings
from ..training.dataset.preparation import (
    DatasetPreparation,
    PreparationProgress,
    PreparationReport,
)
from ..training.dataset.speech_segments import SegmentationRules
from ..wav2lip.mel import FPS
from . import FAILED, SOME_FAILED

if TYPE_CHECKING:
    from ..training.synthetic.utterances import SyntheticUtterance

_SENTENCE_PATTERN = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_TEXT_LENGTHS = (6, 60)  # characters of a text that is spoken as one utterance
_GATHERED_MINUTES = 40  # of speech that mouth shapes are chosen from; more brings nothing new


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``prepare``, ``gather`` and ``enact``."""
    about = "make training clips of videos of a talking person"
    _add_prepare_arguments(commands.add_parser("prepare", help=about, description=about))

    about = "choose mouth shapes that represent all that speech makes"
    parser = commands.add_parser("gather", help=about, description=about)
    parser.set_defaults(run=_run_gather)
    add_utterance_arguments(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    parser.add_argument("--mouths", type=int, default=320, help="how many (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="file, for example mouths.npy")

    about = "make training clips of a drawn presenter who speaks"
    _add_enact_arguments(commands.add_parser("enact", help=about, description=about))


def _add_prepare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_prepare)
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


def _run_prepare(options: argparse.Namespace) -> int:
    """0 done, 1 no video could be used, 3 some could not."""
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
        _show_preparation(report, Console())
    failed = [video.outcome == "failed" for video in report.videos]
    return FAILED if all(failed) else SOME_FAILED if any(failed) else 0


def _show_preparation(report: PreparationReport, console: Console) -> None:
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


def _run_gather(options: argparse.Namespace) -> int:
    from ..training.synthetic.mouth_shapes import choose_mouth_shapes

    seconds, utterances = 0.0, []
    for utterance in utterances_from(options):
        utterances.append(utterance)
        seconds += utterance.seconds
        if seconds > _GATHERED_MINUTES * 60:
            break
    chosen, worst = choose_mouth_shapes(utterances, options.presenter / "viseme", options.mouths)
    np.save(options.out, chosen)
    print(
        f"{len(chosen)} mouths of {seconds / 60:.0f} minutes of speech in {options.out}; "
        f"none that occurs is farther from them than {worst:.1f} grey levels."
    )
    return 0


def _add_enact_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_enact)
    add_utterance_arguments(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    drawn = parser.add_mutually_exclusive_group(required=True)
    drawn.add_argument(
        "--mouths", type=Path, help="folder that avatar_engine.training.blender mouths wrote"
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


def _run_enact(options: argparse.Namespace) -> int:
    from ..training.synthetic.clip_synthesis import (
        SyntheticSpeaker,
        path_traced_renderer,
        synthesize_clips,
        viseme_renderer,
    )
    from ..training.synthetic.mouth_shapes import MouthShapes

    presenter = Presenter(options.presenter)
    if options.light:
        renderer = viseme_renderer(presenter, phonemes=options.light == "phonemes")
    else:
        renderer = path_traced_renderer(
            presenter, MouthShapes(options.mouths, options.presenter / "viseme")
        )
    first, _, last = options.identities.partition("-")
    identities = tuple(range(int(first), int(last or first) + 1))
    speaker = SyntheticSpeaker(presenter, renderer, identities)
    n_frames = n_clips = 0
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("enacting", total=options.minutes * 60 * FPS)
        made = synthesize_clips(
            speaker, utterances_from(options), options.minutes, options.out, options.seed
        )
        for n in made:
            n_frames, n_clips = n_frames + n, n_clips + 1
            bar.update(task, completed=n_frames)
    print(f"{n_clips} clips, {n_frames / FPS / 60:.1f} minutes, in {options.out}.")
    return 0


def add_utterance_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that makes the presenter speak."""
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="text files, spoken by the built-in voice"
    )
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[],
        help="tables of recorded words with the columns file and text",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot")


def utterances_from(options: argparse.Namespace) -> "Iterator[SyntheticUtterance]":
    """Utterances of all sources in turn, without end.

    Raises:
        SystemExit: No source is named.
        ValueError: A text file has no sentence of a usable length.
    """
    from ..training.synthetic.utterances import (
        read_recordings,
        recorded_utterances,
        synthesized_utterances,
    )

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
