"""``render`` and ``presenter``: a face says a recording; a video becomes a presenter."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from zhengwen.command_line import progress_bar

from ..lipsync.errors import error_record
from ..lipsync.render import RenderedVideo, RenderProgress, render_video
from ..lipsync.request import DEFAULT_CHECKPOINT, FrameTransform, RenderRequest
from ..training.presenter_builder.builder import (
    DEFAULT_ATTRIBUTION,
    DEFAULT_HEIGHT,
    DEFAULT_SECONDS,
    BuiltPresenter,
    PresenterOptions,
    build_presenter,
)
from . import STOPPED

_STAGE_LABELS = {"faces": "looking for the face", "pictures": "drawing"}
_SIDES = ("TOP", "BOTTOM", "LEFT", "RIGHT")


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``render`` and ``presenter``."""
    about = "make a video of a face say what is heard in a recording"
    _add_render_arguments(commands.add_parser("render", help=about, description=about))
    about = "make a presenter for the chat page of a video of a person"
    _add_presenter_arguments(commands.add_parser("presenter", help=about, description=about))


def _add_render_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of Wav2Lip's ``inference.py`` go by its names too."""
    parser.set_defaults(run=_run_render)
    add = parser.add_argument
    add("--face", type=Path, required=True, metavar="VIDEO|IMAGE", help="who speaks")
    add("--audio", type=Path, required=True, metavar="FILE", help="what is said: sound, or a video")
    add("-o", "--out", "--outfile", type=Path, required=True, metavar="OUT.mp4")
    add("--checkpoint", "--checkpoint_path", type=Path, default=DEFAULT_CHECKPOINT,
        metavar="WEIGHTS",
        help="Wav2Lip-384 (the default), Wav2Lip or LipGAN")  # fmt: skip
    add("--pads", type=int, nargs=4, metavar=_SIDES,
        help="enlarge the face box by so many pixels (Wav2Lip-96: 0 10 0 0, else 0 0 0 0)",
        )  # fmt: skip
    add("--nosmooth", action="store_true", help="follow the detector exactly, not smoothly")
    add("--resize-factor", "--resize_factor", type=int, default=1, metavar="N",
        help="make the pictures N times smaller")  # fmt: skip
    add("--rotate", action="store_true", help="turn the pictures clockwise by 90 degrees")
    add("--crop", type=int, nargs=4, default=(0, -1, 0, -1), metavar=_SIDES,
        help="use this part of the pictures, after --resize-factor and --rotate; -1 is the edge",
        )  # fmt: skip
    add("--static", action="store_true", help="use the first picture of the video only")
    add("--box", type=int, nargs=4, metavar=_SIDES, help="where the face is, in every picture")
    add("--batch-size", "--wav2lip_batch_size", type=int, default=4, metavar="N",
        help="faces drawn at a time (4); more take more memory")  # fmt: skip
    add("--face-detector", type=Path, metavar="WEIGHTS", help="YuNet (.onnx)")
    add("--fps", type=int, help="frames a second (25), for a picture only")
    add("--reference", type=float, metavar="SECONDS",
        help="when in the video the mouth is closed, as a reference for all pictures")  # fmt: skip
    add("--mark", action="store_true", help="draw 「AI生成」 into the lower right corner")
    add("--json", action="store_true", help="progress and result as lines of JSON")


def _run_render(options: argparse.Namespace) -> int:
    try:
        request = RenderRequest(
            face=options.face,
            audio=options.audio,
            out=options.out,
            checkpoint=options.checkpoint,
            framing=FrameTransform(options.resize_factor, options.rotate, tuple(options.crop)),
            pads=options.pads and tuple(options.pads),
            smoothed=not options.nosmooth,
            static=options.static,
            box=options.box and tuple(options.box),
            batch_size=options.batch_size,
            detector=options.face_detector,
            fps=options.fps,
            reference_s=options.reference,
            mark=options.mark,
        )
        if options.json:
            rendered = render_video(request, lambda step: _print_json(asdict(step)))
            _print_json(_result(rendered))
        else:
            with _RenderBar(Console(stderr=True)) as bar:
                rendered = render_video(request, bar.step)
            _show_rendered(rendered, Console(stderr=True))
    except (OSError, ValueError, RuntimeError) as error:
        if options.json:
            _print_json({"error": error_record(error)})
        raise
    except KeyboardInterrupt:
        print("avatar_engine: stopped; no file was written", file=sys.stderr)
        return STOPPED
    return 0


def _result(rendered: RenderedVideo) -> dict[str, object]:
    """The last line of ``--json``; the notes once in English, once by code."""
    return {
        **asdict(rendered),
        "notes": [str(note) for note in rendered.notes],
        "note_codes": [asdict(note) for note in rendered.notes],
    }


def _show_rendered(rendered: RenderedVideo, console: Console) -> None:
    for note in rendered.notes:
        console.print(str(note), style="yellow", markup=False, soft_wrap=True)
    console.print(
        f"{rendered.out}: {rendered.n_frames} frames, {rendered.seconds:.1f} s",
        markup=False,
        soft_wrap=True,
    )


def _print_json(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


class _RenderBar:
    """On a terminal, how far it is and the time left; elsewhere silent."""

    def __init__(self, console: Console) -> None:
        self._progress = progress_bar(console)
        self._stage = ""
        self._task = self._progress.add_task("loading", total=None)

    def __enter__(self) -> "_RenderBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, step: RenderProgress) -> None:
        if step.stage != self._stage:
            self._stage = step.stage
            self._progress.reset(
                self._task, total=step.total, description=_STAGE_LABELS[step.stage]
            )
        self._progress.update(self._task, completed=step.done)


def _add_presenter_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_presenter)
    add = parser.add_argument
    add("video", type=Path, metavar="VIDEO", help="one person who looks into the camera")
    add("--name", required=True, help="of the presenter's folder")
    add("--consent", default="", help="on what grounds this likeness may be used; required")
    add("--licence", default="", help="under which terms it may be shown; required")
    add("--out", type=Path, default=Path("var", "presenters"), metavar="DIR",
        help="folder of presenters (var/presenters)")  # fmt: skip
    add("--title", default="", help="what visitors call the presenter (the name)")
    add("--voice", choices=("female", "male"), default="female", help="which fits (female)")
    add("--attribution", default=DEFAULT_ATTRIBUTION, help="whom to thank for the video")
    add("--start", type=float, metavar="S", help="where the loop begins; else the calmest stretch")
    add("--seconds", type=float, default=DEFAULT_SECONDS, metavar="S",
        help=f"how long the stretch is ({DEFAULT_SECONDS:g})")  # fmt: skip
    add("--height", type=int, default=DEFAULT_HEIGHT, help=f"at most, pixels ({DEFAULT_HEIGHT})")
    add("--rotate", action="store_true", help="turn the pictures clockwise by 90 degrees")
    add("--crop", type=int, nargs=4, default=(0, -1, 0, -1), metavar=_SIDES,
        help="use this part of the pictures; -1 is the edge")  # fmt: skip
    add("--face-detector", type=Path, metavar="WEIGHTS", help="YuNet (.onnx)")
    add("--force", action="store_true", help="replace a presenter of the same name")


def _run_presenter(options: argparse.Namespace) -> int:
    wanted = PresenterOptions(
        name=options.name,
        consent=options.consent,
        licence=options.licence,
        title=options.title,
        voice=options.voice,
        attribution=options.attribution,
        start_s=options.start,
        seconds=options.seconds,
        height=options.height,
        framing=FrameTransform(rotate=options.rotate, crop=tuple(options.crop)),
        detector=options.face_detector,
    )
    console = Console(stderr=True)
    try:
        with progress_bar(console) as bar:
            task = bar.add_task("looking for the calmest stretch", total=None)
            built = build_presenter(
                options.video,
                options.out,
                wanted,
                force=options.force,
                step=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except KeyboardInterrupt:
        print("avatar_engine: stopped; nothing was made", file=sys.stderr)
        return STOPPED
    _show_presenter(built, console)
    return 0


def _show_presenter(built: BuiltPresenter, console: Console) -> None:
    """Say what was made, and how to use it."""
    width, height = built.size
    for line in (
        f"{built.folder}: {width}x{height}, a loop of {built.n_frames} frames from "
        f"{built.start_s:.2f} to {built.end_s:.2f} s of the video ({built.join})",
        f"to use it, write into zhengwen.yaml: presenter: {built.folder}",
        "the viseme avatar has no mouths for it: choose avatar: {name: wav2lip384}",
    ):
        console.print(line, markup=False, soft_wrap=True)
