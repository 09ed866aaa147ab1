"""``python -m avatar_engine presenter``: the command line and its progress bar."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ..progress_bar import progress_bar
from ..rendering.order import Framing
from .making import ATTRIBUTION, HEIGHT, SECONDS, Made, Wishes, make

STOPPED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``presenter``."""
    add = parser.add_argument
    sides = ("TOP", "BOTTOM", "LEFT", "RIGHT")
    add("video", type=Path, metavar="VIDEO", help="one person who looks into the camera")
    add("--name", required=True, help="of the presenter's folder")
    add("--consent", default="", help="on what grounds this likeness may be used; required")
    add("--licence", default="", help="under which terms it may be shown; required")
    add("--out", type=Path, default=Path("var", "presenters"), metavar="DIR",
        help="folder of presenters (var/presenters)")  # fmt: skip
    add("--title", default="", help="what visitors call the presenter (the name)")
    add("--voice", choices=("female", "male"), default="female", help="which fits (female)")
    add("--attribution", default=ATTRIBUTION, help="whom to thank for the video")
    add("--start", type=float, metavar="S", help="where the loop begins; else the calmest stretch")
    add("--seconds", type=float, default=SECONDS, metavar="S",
        help=f"how long the stretch is ({SECONDS:g})")  # fmt: skip
    add("--height", type=int, default=HEIGHT, help=f"at most, pixels ({HEIGHT})")
    add("--rotate", action="store_true", help="turn the pictures clockwise by 90 degrees")
    add("--crop", type=int, nargs=4, default=(0, -1, 0, -1), metavar=sides,
        help="use this part of the pictures; -1 is the edge")  # fmt: skip
    add("--face-detector", type=Path, metavar="WEIGHTS", help="YuNet (.onnx)")
    add("--force", action="store_true", help="replace a presenter of the same name")


def run(options: argparse.Namespace) -> int:
    """Make the presenter; returns the exit code."""
    wishes = Wishes(
        name=options.name,
        consent=options.consent,
        licence=options.licence,
        title=options.title,
        voice=options.voice,
        attribution=options.attribution,
        start_s=options.start,
        seconds=options.seconds,
        height=options.height,
        framing=Framing(rotate=options.rotate, crop=tuple(options.crop)),
        detector=options.face_detector,
    )
    console = Console(stderr=True)
    try:
        with progress_bar(console) as bar:
            task = bar.add_task("looking for the calmest stretch", total=None)
            made = make(
                options.video,
                options.out,
                wishes,
                force=options.force,
                step=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except KeyboardInterrupt:
        print("avatar_engine: stopped; nothing was made", file=sys.stderr)
        return STOPPED
    show(made, console)
    return 0


def show(made: Made, console: Console) -> None:
    """Say what came of it, and how to use it."""
    width, height = made.size
    for line in (
        f"{made.folder}: {width}x{height}, a loop of {made.n_frames} frames from "
        f"{made.start_s:.2f} to {made.end_s:.2f} s of the video ({made.join})",
        f"to use it, write into zhengwen.yaml: presenter: {made.folder}",
        "the viseme avatar has no mouths for it: choose avatar: {name: wav2lip384}",
    ):
        console.print(line, markup=False, soft_wrap=True)
