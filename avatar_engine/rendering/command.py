"""``python -m avatar_engine render``: the command line and its progress bar."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ..progress_bar import progress_bar
from .order import CHECKPOINT, Framing, Order
from .run import Rendered, Step, render

STOPPED = 130
_STAGES = {"faces": "looking for the face", "pictures": "drawing"}
_SIDES = ("TOP", "BOTTOM", "LEFT", "RIGHT")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``render``; those of Wav2Lip's ``inference.py`` go by its names too."""
    add = parser.add_argument
    add("--face", type=Path, required=True, metavar="VIDEO|IMAGE", help="who speaks")
    add("--audio", type=Path, required=True, metavar="FILE", help="what is said: sound, or a video")
    add("-o", "--out", "--outfile", type=Path, required=True, metavar="OUT.mp4")
    add("--checkpoint", "--checkpoint_path", type=Path, default=CHECKPOINT, metavar="WEIGHTS",
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


def run(options: argparse.Namespace) -> int:
    """Render; returns the exit code."""
    order = Order(
        face=options.face,
        audio=options.audio,
        out=options.out,
        checkpoint=options.checkpoint,
        framing=Framing(options.resize_factor, options.rotate, tuple(options.crop)),
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
    try:
        if options.json:
            _write(asdict(render(order, lambda step: _write(asdict(step)))))
        else:
            with _Bar(Console(stderr=True)) as bar:
                rendered = render(order, bar.step)
            show(rendered, Console(stderr=True))
    except KeyboardInterrupt:
        print("avatar_engine: stopped; no file was written", file=sys.stderr)
        return STOPPED
    return 0


def show(rendered: Rendered, console: Console) -> None:
    """Say what came of it."""
    for note in rendered.notes:
        console.print(note, style="yellow", markup=False, soft_wrap=True)
    console.print(
        f"{rendered.out}: {rendered.n_frames} frames, {rendered.seconds:.1f} s",
        markup=False,
        soft_wrap=True,
    )


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


class _Bar:
    """On a terminal, how far it is and the time left; elsewhere silent."""

    def __init__(self, console: Console) -> None:
        self._progress = progress_bar(console)
        self._stage = ""
        self._task = self._progress.add_task("loading", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, step: Step) -> None:
        if step.stage != self._stage:
            self._stage = step.stage
            self._progress.reset(self._task, total=step.total, description=_STAGES[step.stage])
        self._progress.update(self._task, completed=step.done)
