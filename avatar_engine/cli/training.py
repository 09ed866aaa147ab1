"""``train``, ``hear``, ``export``, ``quantize`` and ``export-onnx``: from clips to weights."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from zhengwen.assets import asset
from zhengwen.command_line import progress_bar

from ..wav2lip.mel import FPS
from . import STOPPED
from .dataset import add_utterance_arguments, utterances_from

if TYPE_CHECKING:
    from ..training.data import TrainingData
    from ..training.loop import TrainingReport
    from ..training.settings import ExpertSettings, GeneratorSettings


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``train``, ``hear``, ``export``, ``quantize`` and ``export-onnx``."""
    about = "train the lip-sync expert or the generator on clips"
    parser = commands.add_parser("train", help=about, description=about)
    parser.set_defaults(run=_run_train)
    parser.add_argument("network", choices=("expert", "generator"))
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")

    about = "pretrain the audio encoder of a network on speech alone, to begin training with"
    parser = commands.add_parser("hear", help=about, description=about)
    parser.set_defaults(run=_run_hear)
    parser.add_argument("network", choices=("expert", "generator"), help="whose audio encoder")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--width", type=int, default=512, help="of the network (%(default)s)")
    parser.add_argument("--minutes", type=float, default=120, help="of speech (%(default)s)")
    parser.add_argument("--steps", type=int, default=3000, help="of 64 windows (%(default)s)")
    add_utterance_arguments(parser)

    about = "write the weights of a trained network that ship"
    parser = commands.add_parser("export", help=about, description=about)
    parser.set_defaults(run=_run_export)
    parser.add_argument("source", type=Path, metavar="RUN", help="a run's folder, or a checkpoint")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--half", action="store_true", help="in 16 bits, half as large")

    about = "measure the ranges of a generator for eight bits, kept beside its weights"
    parser = commands.add_parser("quantize", help=about, description=about)
    parser.set_defaults(run=_run_quantize)
    parser.add_argument("weights", type=Path, metavar="GENERATOR.safetensors")
    parser.add_argument(
        "--presenter",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="whose faces are drawn; may be given again (default: those that ship)",
    )

    about = "write the generator for hardware that runs ONNX"
    parser = commands.add_parser("export-onnx", help=about, description=about)
    parser.set_defaults(run=_run_export_onnx)
    parser.add_argument("weights", type=Path, metavar="GENERATOR.safetensors")
    parser.add_argument("out", type=Path, metavar="OUT.onnx")


def _run_train(options: argparse.Namespace) -> int:
    """0 done, or out of time; 130 stopped by a signal."""
    from ..training.settings import ExpertSettings, GeneratorSettings, read_settings

    settings: ExpertSettings | GeneratorSettings
    if options.network == "expert":
        settings = read_settings(options.config, ExpertSettings)
    else:
        settings = read_settings(options.config, GeneratorSettings)
    from ..training.loop import train_network  # torch takes seconds

    with _TrainingDisplay(settings) as shown:
        outcome = train_network(settings, shown.on_start, shown.report, shown.on_step)
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


def _run_hear(options: argparse.Namespace) -> int:
    from ..training.audio_pretraining import pretrain_audio_encoder, save_pretrained
    from ..wav2lip.discriminators import SyncExpert384
    from ..wav2lip.model import Wav2Lip384

    if options.out.suffix != ".safetensors":
        raise ValueError(f"{options.out} must end in .safetensors")
    kind = Wav2Lip384 if options.network == "generator" else SyncExpert384
    network = kind(options.width)
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("gathering speech", total=options.steps)

        def report(step: int, loss: float) -> None:
            bar.update(task, completed=step, description=f"loss {loss:.3f}")

        found = pretrain_audio_encoder(
            network, utterances_from(options), options.minutes, options.steps, options.seed, report
        )
    save_pretrained(network, options.out)
    print(
        f"{options.out}: of utterances it was not trained on it names {found.named:.1%} of the "
        f"mouths, and is {found.error:.4f} off in the weight of a viseme."
    )
    return 0


def _run_export(options: argparse.Namespace) -> int:
    from ..training.checkpoint import export_weights

    found = export_weights(options.source, options.out, half=options.half)
    mib = options.out.stat().st_size / 2**20
    Console().print(
        f"{options.out}: the {found.kind} of {found.folder.name}, {mib:.1f} MiB", soft_wrap=True
    )
    if found.kind == "generator":
        _quantize(options.out, [])
    return 0


def _run_quantize(options: argparse.Namespace) -> int:
    _quantize(options.weights, options.presenter)
    return 0


def _quantize(weights: Path, folders: list[Path]) -> None:
    from ..presenter import Presenter
    from ..wav2lip.calibration import calibrate
    from ..wav2lip.quantization import write_ranges

    shipped = sorted(card.parent for card in asset("presenters").glob("*/presenter.yaml"))
    presenters = [Presenter(folder) for folder in folders or shipped]
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("measuring eight-bit ranges")
        ranges = calibrate(
            weights, presenters, lambda done, n: bar.update(task, completed=done, total=n)
        )
    path = write_ranges(ranges, weights)
    print(f"{path}: eight bits draw the mouth as fp32 does to {ranges.mouth_psnr:.1f} dB")


def _run_export_onnx(options: argparse.Namespace) -> int:
    import torch

    from ..wav2lip.backends.onnx_export import export_onnx
    from ..wav2lip.model import Wav2Lip384
    from ..wav2lip.split_generator import split_generator
    from ..wav2lip.weights import load_weights

    if options.out.suffix != ".onnx":
        raise ValueError(f"{options.out} must end in .onnx")
    generator = load_weights(options.weights, Wav2Lip384)
    face_encoder, mouth_decoder = split_generator(generator)
    with torch.inference_mode():
        face = torch.zeros(1, 6, generator.size, generator.size)
        maps = [level.half().numpy() for level in face_encoder(face)]
    export_onnx(mouth_decoder, maps, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.1f} MiB; see docs/speed.md")
    return 0


class _TrainingDisplay:
    """On a terminal a bar, elsewhere lines."""

    def __init__(self, settings: "ExpertSettings | GeneratorSettings") -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._bar = progress_bar(self._console)
        self._task = self._bar.add_task("reading", total=settings.steps)

    def __enter__(self) -> "_TrainingDisplay":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(f"{time.strftime('%H:%M:%S')}  {text}", markup=False)

    def on_start(self, data: "TrainingData", machine: str) -> None:
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

    def report(self, line: "TrainingReport") -> None:
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

    def on_step(self, step: int) -> None:
        """Another step."""
        self._bar.update(self._task, completed=step)
