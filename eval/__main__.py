"""``python -m eval COMMAND``: every figure the project states can be measured with one of these."""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from agent.plugins import PluginError
from agent.settings import SettingsError, read_settings
from retrievers import StoreError
from retrievers.ranking.features import FEATURES, MARGIN_FEATURES
from retrievers.ranking.retrievers import SHIPPED_RANKER
from retrievers.store.chroma import SHIPPED_ENCODER
from zhengwen.argument_types import positive_int
from zhengwen.assets import asset

from .answers import command as answers_command
from .lipsync import command as lipsync_command
from .performance import avatar_choice
from .performance import frame_speed as speed_command
from .performance import load_test as load_command
from .retrieval.evaluation import RetrievalReport, evaluate_retrieval, figure_names
from .speech import command as voice_command
from .testset import read_knowledge_base, read_questions

DEFAULT_K = 5
FAQ = asset("faq")
BEYOND_LIMIT = 3  # exit code


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 a figure is beyond the limit that was set for it.
    """
    parser = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_qa(commands.add_parser("qa", help="measure the answers", allow_abbrev=False), arguments)
    answers = commands.add_parser("answers", help="measure what visitors are told")
    answers_command.add_arguments(answers)
    answers.set_defaults(command=_answers)
    _add_acts(commands.add_parser("acts", help="emergencies and dialogue acts: are they met?"))
    _add_calibrate(
        commands.add_parser("calibrate", help="fit the retriever's probabilities to questions")
    )
    latency = commands.add_parser("latency", help="time from a question to text, sound, picture")
    latency.add_argument(
        "-n", type=positive_int, default=20, help="how many questions (default 20)"
    )
    avatar_choice.add_avatar_arguments(latency)
    latency.add_argument("--json", action="store_true", help="print JSON instead of a table")
    latency.set_defaults(command=_latency)
    profile = commands.add_parser("profile", help="where the time of a reply goes")
    profile.add_argument(
        "-n", type=positive_int, default=20, help="how many questions (default 20)"
    )
    avatar_choice.add_avatar_arguments(profile)
    profile.set_defaults(command=_profile)
    scale = commands.add_parser("scale", help="how the store behaves as it grows")
    scale.add_argument(
        "--up-to", type=int, default=5, choices=range(3, 7), help="power of ten (default 5)"
    )
    scale.add_argument("--json", action="store_true", help="print JSON instead of a table")
    scale.set_defaults(command=_scale)
    _add_ingest(commands.add_parser("ingest", help="how fast documents go in"))
    load = commands.add_parser("load", help="many visitors at the same time")
    load_command.add_arguments(load)
    load.set_defaults(command=_load)
    lipsync = commands.add_parser("lipsync", help="measure generated mouths", allow_abbrev=False)
    lipsync_command.add_arguments(lipsync)
    lipsync.set_defaults(command=_lipsync)
    speed = commands.add_parser("speed", help="frames a second, step by step")
    speed_command.add_arguments(speed)
    speed.set_defaults(command=_speed)
    voice = commands.add_parser("voice", help="voices beside each other, by figures")
    voice_command.add_arguments(voice)
    voice.set_defaults(command=_voice)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        return int(options.command(options))
    except (SettingsError, PluginError, StoreError, OSError, ValueError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


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
        default=FAQ / "questions.csv",
        help="*.jsonl or *.csv: question, gold (ids or groups joined by ';'; empty: to be "
        "refused), and if you like kind (in, near, off) and split",
    )


def _add_k(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--k", type=positive_int, default=DEFAULT_K, help=f"depth of recall (default {DEFAULT_K})"
    )


def _k(arguments: Sequence[str] | None) -> int:
    """Read ahead of the rest: the names of the figures follow it."""
    early = argparse.ArgumentParser(prog="python -m eval qa", add_help=False, allow_abbrev=False)
    _add_k(early)
    return int(early.parse_known_args(arguments)[0].k)


def _qa(options: argparse.Namespace) -> int:
    from .retrieval import html_report
    from .retrieval import report as reports

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
    broken = list(_beyond_limits(report, options))
    for sentence in broken:
        print(f"eval: {sentence}", file=sys.stderr)
    return BEYOND_LIMIT if broken else 0


def _add_acts(acts: argparse.ArgumentParser) -> None:
    acts.add_argument("--split", help="only the messages of this split, for instance test")
    acts.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[FAQ / "questions.csv"],
        metavar="FILE",
        help="CSV files with a column 'question' that are no emergencies (the shipped questions)",
    )
    acts.add_argument("--wrong", action="store_true", help="print the messages met wrongly")
    acts.add_argument("--json", action="store_true", help="print JSON instead of a table")
    acts.set_defaults(command=_acts)


def _acts(options: argparse.Namespace) -> int:
    from .dialogue_acts import dialogue_table, measure_dialogue

    figures = measure_dialogue(read_settings(), split=options.split, others=options.also)
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False))
        return 0
    Console().print(dialogue_table(figures))
    if options.wrong:
        for figure in figures:
            for message in figure.wrong:
                print(f"{figure.what}, {figure.split}: {message}")
    return 0


def _answers(options: argparse.Namespace) -> int:
    answers_command.run(options)
    return 0


def _beyond_limits(report: RetrievalReport, options: argparse.Namespace) -> list[str]:
    broken = []
    for figure, estimate in report.result.figures.items():
        low, high = getattr(options, f"min_{figure}"), getattr(options, f"max_{figure}")
        value = estimate.value
        if (low, high) == (None, None):
            continue
        if value is None:
            broken.append(f"{figure} has a limit, but these questions cannot measure it")
        elif low is not None and value < low:
            broken.append(f"{figure} is {value:.4f}, below {low:g}")
        elif high is not None and value > high:
            broken.append(f"{figure} is {value:.4f}, above {high:g}")
    return broken


def _calibrate(options: argparse.Namespace) -> int:
    from .retrieval.calibration import CalibrationSet, calibrate

    base = read_knowledge_base(options.faq)
    split = None if options.split == "all" else options.split
    questions = read_questions(options.questions, split)
    base.check(questions, options.questions)
    lessons = [CalibrationSet(base, questions)]
    for folder in options.benchmark:
        others = read_knowledge_base(folder / "kb.jsonl")
        lessons.append(
            CalibrationSet(others, read_questions(folder / "queries.jsonl"), options.share)
        )
    encoder = read_settings().store.options.get("encoder", SHIPPED_ENCODER)
    off_topic = [read_questions(path) for path in options.off_topic]
    fusion = calibrate(lessons, off_topic, Path(encoder))
    fusion.save(options.output)
    names = (*FEATURES, *(f"margin in {name}" for name in MARGIN_FEATURES), "bias")
    for name, weight in zip(names, (*fusion.weights, fusion.bias), strict=True):
        print(f"{name:>18} {weight:8.3f}")
    n_questions = sum(len(lesson.questions) for lesson in lessons)
    print(f"{options.output} learned from {n_questions} questions")
    return 0


def _scale(options: argparse.Namespace) -> int:
    from .performance.store_growth import measure_growth, print_growth_table

    progress, measured = Console(stderr=True), []
    for row in measure_growth(
        read_settings(), exponents=range(3, options.up_to + 1), progress=progress
    ):
        measured.append(row)  # the last may take an hour: say what is known already
        progress.print(f"{row.entries:,} entries: p50 {row.p50_ms:.1f} ms, p95 {row.p95_ms:.1f} ms")
    if options.json:
        print(json.dumps([asdict(row) for row in measured]))
    else:
        print_growth_table(measured, Console())
    return 0


def _add_ingest(ingest: argparse.ArgumentParser) -> None:
    about = "make files, take them in as 'python -m ingest add' does; exit code 3 if too slow"
    ingest.description = about
    ingest.add_argument("--rows", type=positive_int, default=10_000, help="questions (10000)")
    ingest.add_argument("--pages", type=positive_int, default=1000, help="pages of PDF (1000)")
    ingest.add_argument("--workers", type=positive_int, default=2, help="files side by side (2)")
    ingest.add_argument("--json", action="store_true", help="print JSON instead of a table")
    ingest.set_defaults(command=_ingest)


def _ingest(options: argparse.Namespace) -> int:
    from .performance.ingest_throughput import measure_ingest, print_ingest_table

    measured = measure_ingest(
        read_settings(),
        rows=options.rows,
        pages=options.pages,
        workers=options.workers,
        progress=Console(stderr=True),
    )
    if options.json:
        print(json.dumps([asdict(row) for row in measured]))
    else:
        print_ingest_table(measured, Console())
    return BEYOND_LIMIT if any(row.beyond for row in measured) else 0


def _latency(options: argparse.Namespace) -> int:
    from .performance.latency import (  # loads every model
        latency_summary,
        latency_table,
        measure_latency,
    )

    with tempfile.TemporaryDirectory() as folder:
        settings, avatar = avatar_choice.chosen_avatar(read_settings(), options, Path(folder))
        settings = settings.model_copy(update={"data_dir": Path(folder)})
        replies = measure_latency(settings, options.n)
    if options.json:
        print(json.dumps({"avatar": avatar, **latency_summary(replies)}, ensure_ascii=False))
    else:
        Console().print(latency_table(replies, avatar))
    return 0


def _profile(options: argparse.Namespace) -> int:
    from agent.build import build  # loads every model

    from .performance.latency import sample_questions
    from .performance.stage_profile import profile_stages, profile_table

    with tempfile.TemporaryDirectory() as folder:
        settings, avatar = avatar_choice.chosen_avatar(read_settings(), options, Path(folder))
        stages = build(settings.model_copy(update={"data_dir": Path(folder)}))
        questions = sample_questions(settings, options.n + 1)
        profiles = list(profile_stages(stages.responder, stages.voice, stages.avatar, questions))
    Console().print(profile_table(profiles, avatar))
    return 0


def _load(options: argparse.Namespace) -> int:
    load_command.run(options)
    return 0


def _lipsync(options: argparse.Namespace) -> int:
    broken = lipsync_command.run(options)
    for sentence in broken:
        print(f"eval: {sentence}", file=sys.stderr)
    return BEYOND_LIMIT if broken else 0


def _speed(options: argparse.Namespace) -> int:
    speed_command.run(options)
    return 0


def _voice(options: argparse.Namespace) -> int:
    voice_command.run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
