"""``lipsync``: generated mouths, from clips to reports."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from zhengwen.assets import asset
from zhengwen.command_line import positive_int

from ..lipsync.figures import FIGURES, SYNCNET
from . import BEYOND_LIMIT, Commands

if TYPE_CHECKING:
    from ..lipsync.evaluation import LipsyncModels
    from ..lipsync.report import LipsyncReport

SHIPPED = asset("wav2lip384")
_RESERVED = {"real", "generated", "wrong_audio", "wav2lip96"}


def add_commands(commands: Commands) -> None:
    """Add ``lipsync``; ``--min-FIGURE`` and ``--max-FIGURE`` are not listed one by one."""
    parser = commands.add_parser("lipsync", help="measure generated mouths", allow_abbrev=False)
    parser.description = "Generated mouths, measured on held-out clips."
    parser.add_argument(
        "--clips", nargs="+", required=True, type=_named, metavar="[NAME=]DIR",
        help="held-out clips as 'python -m avatar_engine prepare' writes them; reported by name",
    )  # fmt: skip
    parser.add_argument("--generator", type=Path, default=SHIPPED / "generator.safetensors")
    parser.add_argument(
        "--expert", type=Path, default=SHIPPED / "expert.safetensors",
        help="who judges; an expert of 384 or of 96 pixels (lipsync_expert.pth)",
    )  # fmt: skip
    parser.add_argument(
        "--syncnet", type=Path, metavar="FILE", help="syncnet_v2.model, the published judge, too"
    )
    parser.add_argument(
        "--wav2lip96", type=Path, metavar="FILE", help="wav2lip.pth or wav2lip_gan.pth, too"
    )
    parser.add_argument(
        "--against", nargs="+", default=[], type=_named, metavar="NAME=DIR",
        help="clips of the same names, drawn by something else",
    )  # fmt: skip
    parser.add_argument(
        "--lpips", nargs=2, type=Path, metavar=("ALEXNET", "LINEAR"),
        help="alexnet-owt-7be5be79.pth and the lpips package's weights/v0.1/alex.pth",
    )  # fmt: skip
    parser.add_argument(
        "--inception", type=Path, metavar="FILE",
        help="pt_inception-2015-12-05-6726825d.pth, for FID",
    )  # fmt: skip
    parser.add_argument("--limit", type=positive_int, help="at most so many clips of each set")
    parser.add_argument("--sheets", type=int, default=3, help="contact sheets of each set (3)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the clips drawn, wrong sounds and bootstrap (0)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for report.json, report.html, clips.csv and sheets"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.epilog = (
        "--min-FIGURE X and --max-FIGURE X end with exit code 3 when a figure of the generator, "
        f"over all clips, is below or above X; the figures are {', '.join(FIGURES)}"
    )
    for figure in FIGURES:
        for bound in ("min", "max"):
            spellings = {f"--{bound}-{figure}", f"--{bound}-{figure}".replace("_", "-")}
            parser.add_argument(
                *sorted(spellings), dest=f"{bound}_{figure}", type=float, help=argparse.SUPPRESS
            )
    parser.set_defaults(command=_lipsync)


def _lipsync(options: argparse.Namespace) -> int:
    from ..lipsync import html_report, report  # torch takes seconds

    made = _evaluate(options, Console(stderr=True))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        report.write_json(made, options.out / "report.json")
        report.write_csv(made, options.out / "clips.csv")
        report.write_sheets(made.sheets, options.out)
        html_report.write_html(made, options.out / "report.html")
    if options.json:
        print(report.dumps(made))
    else:
        output = Console()
        for part in report.tables(made):
            output.print(part)
    beyond = list(_beyond_limits(made, options))
    for sentence in beyond:
        print(f"eval: {sentence}", file=sys.stderr)
    return BEYOND_LIMIT if beyond else 0


def _evaluate(options: argparse.Namespace, progress: Console) -> "LipsyncReport":
    from ..lipsync.evaluation import measure_clips
    from ..lipsync.held_out_clips import read_held_out_clips
    from ..lipsync.report import LipsyncReport
    from ..lipsync.summary import summarise
    from ..reporting import digest

    sets, against = _distinct(options.clips, "--clips"), _distinct(options.against, "--against")
    if taken := _RESERVED & against.keys():
        raise ValueError(f"--against cannot be called {taken.pop()}: that name is used here.")
    instruments = _instruments(options, against)
    items, n_short = read_held_out_clips(sets, options.limit, options.seed)
    rows, sheets, left_out = measure_clips(
        items, instruments, seed=options.seed, n_sheets=options.sheets, progress=progress
    )
    if n_short:
        left_out.append(f"{n_short} clips of fewer than six frames: too short to be judged")
    n_loops = sum(item.has_loop for item in items)
    return LipsyncReport(
        groups=summarise(rows, options.seed),
        rows=rows,
        sheets=sheets,
        judges={judge.prefix: judge.name for judge in instruments.judges},
        weights={use: digest([path]) for use, path in _files(options)},
        missing=dict(_missing(options)),
        left_out=left_out,
        notes=[
            f"Reference pictures: of {n_loops} clips the same head with shut lips, frame by "
            f"frame; of {len(items) - n_loops} the clip's own first frame throughout.",
            "Generated pictures are the networks' whole output, neither blended nor pasted.",
            "The wrong-audio control says another clip's sound and is judged with its own.",
            "The expert's distances are between embeddings of length 1: compare them with other "
            "figures of the same expert, not with published ones, which are SyncNet's.",
        ],
        seed=options.seed,
        version=version("zhengwen"),
    )


def _instruments(options: argparse.Namespace, against: dict[str, Path]) -> "LipsyncModels":
    from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
    from avatar_engine.wav2lip.model import Wav2Lip384
    from avatar_engine.wav2lip.weights import load_weights

    from ..lipsync.evaluation import LipsyncModels
    from ..lipsync.perceptual_networks import load_inception, load_lpips
    from ..lipsync.sync_judges import SyncJudge, load_expert_judge, load_syncnet_judge

    for what in ("generator", "expert"):
        path = getattr(options, what)
        if not path.is_file():
            raise ValueError(
                f"{path} is missing: there is no {what} to evaluate with. Train one with "
                f"'python -m avatar_engine train {what} CONFIG', or name its weights with --{what}."
            )
    judges: list[SyncJudge] = [load_expert_judge(options.expert)]
    if options.syncnet:
        judges.append(load_syncnet_judge(options.syncnet))
    return LipsyncModels(
        generator=load_weights(options.generator, Wav2Lip384),
        judges=judges,
        wav2lip96=load_weights(options.wav2lip96, Wav2Lip96) if options.wav2lip96 else None,
        lpips=load_lpips(*options.lpips) if options.lpips else None,
        inception=load_inception(options.inception) if options.inception else None,
        against=against,
    )


def _files(options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    for use in ("generator", "expert", "syncnet", "wav2lip96", "inception"):
        if path := getattr(options, use):
            yield use, path
    for use, path in zip(("lpips.alexnet", "lpips.linear"), options.lpips or (), strict=False):
        yield use, path


def _missing(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    if not options.syncnet:
        yield (
            f"{SYNCNET}*",
            "no weights given; --syncnet syncnet_v2.model (of joonson/syncnet_python)",
        )
    if not options.lpips:
        yield "lpips", "no weights given; --lpips alexnet-owt-7be5be79.pth alex.pth"
    if not options.inception:
        yield "fid", "no weights given; --inception pt_inception-2015-12-05-6726825d.pth"
    if not options.wav2lip96:
        yield "wav2lip96", "no weights given; --wav2lip96 wav2lip_gan.pth"


def _beyond_limits(report: "LipsyncReport", options: argparse.Namespace) -> Iterator[str]:
    for figure in FIGURES:
        low, high = getattr(options, f"min_{figure}"), getattr(options, f"max_{figure}")
        if (low, high) == (None, None):
            continue
        mean = report.generated.get(figure)
        value = mean.estimate.value if mean else None
        if value is None:
            yield f"{figure} has a limit, but these clips and weights cannot measure it"
        elif low is not None and value < low:
            yield f"{figure} is {value:.4f}, below {low:g}"
        elif high is not None and value > high:
            yield f"{figure} is {value:.4f}, above {high:g}"


def _named(text: str) -> tuple[str, Path]:
    """A folder, by the name before ``=`` or else by its own."""
    name, equals, folder = text.partition("=")
    path = Path(folder if equals else text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no folder")
    name = name if equals else path.resolve().name
    if not name or "/" in name:
        raise argparse.ArgumentTypeError(f"{name!r} cannot name a set of clips")
    return name, path


def _distinct(named: Sequence[tuple[str, Path]], option: str) -> dict[str, Path]:
    found = dict(named)
    if len(found) < len(named):
        raise ValueError(f"{option} has two folders of the same name; name them with NAME=DIR.")
    return found
