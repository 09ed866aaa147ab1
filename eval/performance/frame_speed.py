"""``python -m eval speed``: frames a second of every form of the network, step by step."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zhengwen.assets import asset
from zhengwen.command_line import positive_int

from ..machine import machine_name, measure_in_fresh_process
from .frame_steps import EncoderSetting, measure_encoder_settings
from .network_benchmark import EXACT, NetworkRow, NetworkTask, median_row

SHIPPED = asset("wav2lip384", "generator.safetensors")
N = 8  # frames of a round


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """Everything one run measured."""

    machine: str
    weights: str
    """A file's name, or how they were made."""
    threads: int
    rounds: int
    rows: dict[str, NetworkRow]
    """By title, in the order of the table."""
    rest_ms: dict[str, float]
    """CPU time of the steps around the network, ms a frame."""
    encodings: list[EncoderSetting]
    """The shipped way to encode, and others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.description = __doc__
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help="of a 384 generator; the shipped ones, or random where there are none",
    )  # fmt: skip
    parser.add_argument(
        "--width", type=int, default=192, help="of random weights: most channels of a layer (192)"
    )
    parser.add_argument("--threads", type=positive_int, default=1, help="of the processor (1)")
    parser.add_argument("--batch", type=positive_int, default=1, help="frames drawn at once (1)")
    parser.add_argument("--rounds", type=positive_int, default=3, help="medians are of so many (3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figures as JSON, too")


def run(options: argparse.Namespace) -> None:
    """Measure, and print as it goes."""
    progress, output = Console(stderr=True), Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress.print("preparing faces, sounds and weights")
        weights = _prepare(folder, options)
        found: dict[str, list[NetworkRow]] = {}
        # All rows in every round: a machine that others use is faster or slower for minutes.
        for number in range(options.rounds):
            progress.print(f"round {number + 1} of {options.rounds}")
            for title, form, runtime, batch in _rows(options.batch):
                task = NetworkTask(form, runtime, batch, options.threads, name)
                row = measure_network(task)
                found.setdefault(title, []).append(row)
                progress.print(f"{title}: {row.fps:.1f} frames/s")
        rows = {title: median_row(some) for title, some in found.items()}
        rest = measure_steps_apart(options.threads)
    encodings = list(measure_encoder_settings())
    report = SpeedReport(
        machine_name(), weights, options.threads, options.rounds, rows, rest, encodings
    )
    for table in tables(report):
        output.print(table)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False), "utf-8")


def tables(report: SpeedReport) -> Iterator[Table]:
    """The figures as a person reads them."""
    threads = f"{report.threads} thread{'s' * (report.threads > 1)}"
    shown = Table(
        title=f"384x384, {report.weights}; {threads}, medians of {report.rounds} rounds",
        caption=f"{report.machine}. Faster: than 384, torch. CPU and cache: of a frame. "
        "PSNR: against torch fp32, where the face is seen",
    )
    shown.add_column("", no_wrap=True)
    headings = "frames/s", "faster", "CPU ms", "memory MB", "cache MB", "PSNR dB"
    for heading in headings:
        shown.add_column(heading, justify="right")
    base = report.rows["384, torch"].fps
    for title, row in report.rows.items():
        quality = "" if row.psnr_db is None else f"{row.psnr_db:.1f}"
        shown.add_row(
            title,
            f"{row.fps:.1f}",
            f"{row.fps / base:.1f}",
            f"{row.cpu_ms:.1f}",
            f"{row.memory_mb:.0f}",
            f"{row.cache_mb:.2f}" if row.cache_mb else "",
            "same" if row.psnr_db == EXACT else quality,
        )
    yield shown
    rest = Table(title="The rest of a frame's way, one thread")
    rest.add_column("")
    rest.add_column("CPU ms/frame", justify="right")
    for step, ms in report.rest_ms.items():
        rest.add_row(step, f"{ms:.2f}")
    talking = {t: row for t, row in report.rows.items() if t.endswith("what talks")}
    title = min(talking, key=lambda t: talking[t].cpu_ms)
    rest.add_section()
    rest.add_row(f"the network ({title})", f"{talking[title].cpu_ms:.2f}")
    rest.add_row("sum", f"{sum(report.rest_ms.values()) + talking[title].cpu_ms:.2f}")
    yield rest
    x264 = Table(title="x264, one thread", caption="PSNR: of the lower half of the face")
    for heading in ("preset", "crf", "CPU ms/frame", "kbit/s", "PSNR dB", ""):
        x264.add_column(heading, justify="left" if heading in ("preset", "") else "right")
    for way in report.encodings:
        figures = f"{way.cpu_ms:.2f}", f"{way.kbit_s:.0f}", f"{way.face_db:.1f}"
        x264.add_row(way.preset, str(way.crf), *figures, "what is sent" if way.is_shipped else "")
    yield x264


def _rows(batch: int) -> Iterator[tuple[str, str, str, int]]:
    """Title, form, runtime and batch."""
    import torch

    from avatar_engine.wav2lip.backends.openvino_cpu import native_precisions

    yield "Wav2Lip-96, torch", "wav2lip96", "torch", batch
    yield "384, torch", "plain", "torch", batch
    yield "384, ONNX Runtime", "plain", "ONNX Runtime", batch
    yield "384, OpenVINO", "plain", "OpenVINO", batch
    yield "  + folded", "folded", "OpenVINO", batch
    yield "  + cached", "cached", "OpenVINO", batch
    yield "  + cropped", "cropped", "OpenVINO", batch
    yield "OpenVINO: what talks", "hybrid", "OpenVINO", batch
    yield "  all levels split", "all_split", "OpenVINO", batch
    yield "ONNX Runtime: what talks", "hybrid", "ONNX Runtime", batch
    yield "torch: what talks", "hybrid", "torch", batch
    if "bf16" in native_precisions():
        yield "384, OpenVINO bf16", "plain", "OpenVINO bf16", batch
        yield "OpenVINO bf16: what talks", "hybrid", "OpenVINO bf16", batch
        yield "  all levels split, bf16", "all_split", "OpenVINO bf16", batch
    if "int8" in native_precisions():
        yield "OpenVINO int8: what talks", "hybrid", "OpenVINO int8", batch
    if torch.cuda.is_available():
        for n in (1, 4, 8):
            yield f"CUDA fp16: what talks, {n} at once", "hybrid", "CUDA fp16", n


def _prepare(folder: Path, options: argparse.Namespace) -> str:
    """What the rows share, into the folder; says which weights these are."""
    import numpy as np
    import torch

    from avatar_engine.wav2lip.backends.torch_backends import TorchCpuBackend
    from avatar_engine.wav2lip.model import Wav2Lip384
    from avatar_engine.wav2lip.weights import load_weights, save_weights

    from .frame_inputs import FrameInputs, calibrate_batch_norms
    from .network_variants import plain

    torch.set_num_threads(options.threads)
    material = FrameInputs.gather(N)
    material.save(folder / "material.npz")
    path = options.weights or (SHIPPED if SHIPPED.is_file() else None)
    if path:
        generator, name = load_weights(path, Wav2Lip384), f"{path.name} of width"
    else:
        torch.manual_seed(0)
        generator, name = Wav2Lip384(options.width), "random weights of width"
        calibrate_batch_norms(generator)
    save_weights(generator, folder / "generator.safetensors")
    network, faces = plain(generator, material.tensor())
    reference = TorchCpuBackend(network, options.threads).draw(material.mels, faces)
    np.save(folder / "plain.npy", reference)
    return f"{name} {generator.width}"


def measure_network(task: NetworkTask) -> NetworkRow:
    """One row of the table, from a process of its own: its memory is then its own.

    Raises:
        OSError: The process failed.
    """
    found = measure_in_fresh_process(
        f"{__package__}.network_benchmark",
        json.dumps(asdict(task)),
        what=f"{task.form} with {task.runtime}",
        n_threads=task.threads,
    )
    return NetworkRow(**found)


def measure_steps_apart(n_threads: int) -> dict[str, float]:
    """CPU time of each step beside the network, ms a frame, from a process of its own.

    Raises:
        OSError: The process failed.
    """
    steps = f"{__package__}.frame_steps"
    return measure_in_fresh_process(steps, what="the other steps", n_threads=n_threads)
