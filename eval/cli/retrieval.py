"""``qa`` and ``calibrate``: how well questions are answered; the ranker fitted to questions."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from agent.settings import read_settings
from retrievers.ranking.features import FEATURES, MARGIN_FEATURES
from retrievers.ranking.retrievers import SHIPPED_RANKER
from retrievers.store.chroma import SHIPPED_ENCODER
from zhengwen.command_line import positive_int

from ..retrieval.evaluation import RetrievalReport, evaluate_retrieval, figure_names
from ..testset import read_knowledge_base, read_questions
from . import BEYOND_LIMIT, FAQ, QUESTIONS, Commands

DEFAULT_K = 5


def add_commands(commands: Commands, arguments: Sequence[str] | None) -> None:
    """Add ``qa`` and ``calibrate``.

    Args:
        commands: Where.
        arguments: Of the command line: the names of the figures of ``qa`` follow its ``--k``.
    """
    _add_qa(commands.add_parser("qa", help="measure the answers", allow_abbrev=False), arguments)
    _add_calibrate(
        commands.add_parser("calibrate", help="fit the retriever's probabilities to questions")
    )


def _add_qa(qa: argparse.ArgumentParser, arguments: Sequence[str] | None) -> None:
    _add_questions(qa)
    qa.add_argument("--split", help="ask only the questions of this split, for instance test")
    qa.add_argument("--compare", metavar="NAME", help="another retriever, or a settings file")
    qa.add_argument("--out", type=Path, help="folder for report.json, report.html, questions.csv")
    _add_k(qa)
    figures = figure_names(_k(arguments))
    qa.epilog = (
        f"--min-FIGURE X and --max-FIGURE X end with exit code {BEYOND_LIMIT} when a figure is "
        f"below or above X; the figures are {', '.join(figures)}"
    )
    for figure in figures:
        for bound in ("min", "max"):
            spellings = {f"--{bound}-{figure}", f"--{bound}-{figure}".replace("_", "-")}
            qa.add_argument(
                *sorted(spellings), dest=f"{bound}_{figure}", type=float, help=argparse.SUPPRESS
            )
    qa.set_defaults(command=_qa)


def _add_calibrate(calibrate: argparse.ArgumentParser) -> None:
    _add_questions(calibrate)
    calibrate.add_argument(
        "--split", default="dev", help="learn only from the questions of this split (dev), or all"
    )
    calibrate.add_argument(
        "--benchmark",
        type=Path,
        nargs="*",
        default=[],
        metavar="FOLDER",
        help="folders with kb.jsonl and queries.jsonl to learn from too",
    )
    calibrate.add_argument(
        "--share", type=float, default=0.1, help="weight of a benchmark beside the questions (0.1)"
    )
    calibrate.add_argument(
        "--off-topic",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="questions that none of these knowledge bases answers",
    )
    calibrate.add_argument("-o", "--output", type=Path, default=SHIPPED_RANKER)
    calibrate.set_defaults(command=_calibrate)


def _add_questions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--faq", type=Path, default=FAQ, help="*.jsonl, *.csv, or a folder of *.jsonl"
    )
    parser.add_argument(
        "--questions",
        type=Path,
        default=QUESTIONS,
        help="*.jsonl or *.csv: question, gold (ids or groups joined by ';'; empty: to be "
        "refused), and if you like kind (in, near, off) and split",
    )


def _add_k(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--k", type=positive_int, default=DEFAULT_K, help=f"depth of recall (default {DEFAULT_K})"
    )


def _k(arguments: Sequence[str] | None) -> int:
    """Read before the other options: the names of the figures follow it."""
    early = argparse.ArgumentParser(prog="python -m eval qa", add_help=False, allow_abbrev=False)
    _add_k(early)
    return int(early.parse_known_args(arguments)[0].k)


def _qa(options: argparse.Namespace) -> int:
    from ..retrieval import html_report
    from ..retrieval import report as reports

    progress = Console(stderr=True)
    report = evaluate_retrieval(
        options.faq,
        options.questions,
        settings=read_settings(),
        compare=options.compare,
        split=options.split,
        k=options.k,
        progress=progress,
    )
    output = Console()
    for part in reports.tables(report):
        output.print(part)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        reports.write_json(report, options.out / "report.json")
        reports.write_csv(report, options.out / "questions.csv")
        html_report.write_html(report, options.out / "report.html")
    beyond = list(_beyond_limits(report, options))
    for sentence in beyond:
        print(f"eval: {sentence}", file=sys.stderr)
    return BEYOND_LIMIT if beyond else 0


def _beyond_limits(report: RetrievalReport, options: argparse.Namespace) -> list[str]:
    beyond = []
    for figure, estimate in report.result.figures.items():
        low, high = getattr(options, f"min_{figure}"), getattr(options, f"max_{figure}")
        value = estimate.value
        if (low, high) == (None, None):
            continue
        if value is None:
            beyond.append(f"{figure} has a limit, but these questions cannot measure it")
        elif low is not None and value < low:
            beyond.append(f"{figure} is {value:.4f}, below {low:g}")
        elif high is not None and value > high:
            beyond.append(f"{figure} is {value:.4f}, above {high:g}")
    return beyond


def _calibrate(options: argparse.Namespace) -> int:
    from ..retrieval.calibration import CalibrationSet, calibrate

    base = read_knowledge_base(options.faq)
    split = None if options.split == "all" else options.split
    questions = read_questions(options.questions, split)
    base.check(questions, options.questions)
    sets = [CalibrationSet(base, questions)]
    for folder in options.benchmark:
        others = read_knowledge_base(folder / "kb.jsonl")
        sets.append(CalibrationSet(others, read_questions(folder / "queries.jsonl"), options.share))
    encoder = read_settings().store.options.get("encoder", SHIPPED_ENCODER)
    off_topic = [read_questions(path) for path in options.off_topic]
    ranker = calibrate(sets, off_topic, Path(encoder))
    ranker.save(options.output)
    names = (*FEATURES, *(f"margin in {name}" for name in MARGIN_FEATURES), "bias")
    for name, weight in zip(names, (*ranker.weights, ranker.bias), strict=True):
        print(f"{name:>18} {weight:8.3f}")
    n_questions = sum(len(one.questions) for one in sets)
    print(f"{options.output} learned from {n_questions} questions")
    return 0
