"""``python -m avatar_engine train`` and ``export``: the command line and its progress bar."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..wav2lip.mel import FPS

if TYPE_CHECKING:
    from .data import Data
    from .loop import Line
    from .settings import ExpertSettings, GeneratorSettings

STOPPED = 130


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``train``."""
    parser.add_argument("network", choices=("expert", "generator"))
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``export``."""
    parser.add_argument("source", type=Path, metavar="RUN", help="a run's folder, or a checkpoint")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--half", action="store_true", help="in 16 bits, half as large")


def run_train(options: argparse.Namespace) -> int:
    """Train; returns the exit code: 0 done, or out of time; 130 stopped by a signal."""
    from .settings import ExpertSettings, GeneratorSettings, read

    settings: ExpertSettings | GeneratorSettings
    if options.network == "expert":
        settings = read(options.config, ExpertSettings)
    else:
        settings = read(options.config, GeneratorSettings)
    from .run import train  # torch takes seconds

    with _Shown(settings) as shown:
        outcome = train(settings, shown.told, shown.report, shown.tick)
    if not outcome.first:
        return 0
    progress = outcome.progress
    best = progress.best_step
    ends = {
        "finished": "all steps are done",
        "settled": f"no better score in {settings.patience} validations",
        "out of time": f"{settings.max_hours:g} hours are over; the same command goes on"
        if settings.max_hours
        else "",
        "stopped": "stopped; the same command goes on",
    }
    shown.say(f"step {progress.step}: {ends[outcome.end]}")
    if best is not None:
        shown.say(f"best score {progress.best_score:.4f} at step {best}, in {settings.out}")
    return STOPPED if outcome.end == "stopped" else 0


def run_export(options: argparse.Namespace) -> int:
    """Export; returns the exit code."""
    from .export import export

    found = export(options.source, options.out, half=options.half)
    mib = options.out.stat().st_size / 2**20
    Console().print(
        f"{options.out}: the {found.kind} of {found.folder.name}, {mib:.1f} MiB", soft_wrap=True
    )
    return 0


class _Shown:
    """On a terminal a bar, elsewhere lines."""

    def __init__(self, settings: "ExpertSettings | GeneratorSettings") -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("reading", total=settings.steps)

    def __enter__(self) -> "_Shown":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(f"{time.strftime('%H:%M:%S')}  {text}", markup=False)

    def told(self, data: "Data", machine: str) -> None:
        """What is trained on, and where."""
        self.say(f"on {machine}")
        for name in dict.fromkeys([*data.training, *data.held_out]):
            training, held = data.training.get(name, []), data.held_out.get(name, [])
            seconds = sum(map(len, training)) / FPS
            self.say(
                f"{name}: {len(training)} clips ({seconds / 60:.1f} min) to train on, "
                f"{len(held)} held out"
            )
        if data.n_short:
            self.say(f"{data.n_short} clips left out: too short")

    def report(self, line: "Line") -> None:
        """How far it is."""
        losses = "  ".join(f"{name} {value:.4f}" for name, value in line.losses.items())
        pace = f"{line.samples_per_s:.1f} samples/s"
        self._bar.update(self._task, description=f"{losses}  {pace}")
        if self._bar.disable or line.validation:
            self.say(f"step {line.step} of {line.steps}  {losses}  {pace}")
        if line.validation:
            for name, figures in line.validation.domains.items():
                shown = "  ".join(f"{key} {value:.4f}" for key, value in figures.items())
                self.say(f"  {name}: {shown}")

    def tick(self, step: int) -> None:
        """Another step."""
        self._bar.update(self._task, completed=step)
