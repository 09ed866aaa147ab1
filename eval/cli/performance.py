"""Commands that measure time and memory: ``latency``, ``load``, ``speed``, ``start`` and others."""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from agent.settings import read_settings
from zhengwen.command_line import positive_int

from ..performance import avatar_choice, frame_speed, load_test
from . import BEYOND_LIMIT, Commands


def add_commands(commands: Commands) -> None:
    """Add the commands that measure time and memory."""
    latency = commands.add_parser("latency", help="time from a question to text, sound, picture")
    _add_replies(latency)
    latency.add_argument("--json", action="store_true", help="print JSON instead of a table")
    latency.set_defaults(command=_latency)
    profile = commands.add_parser("profile", help="where the time of a reply goes")
    _add_replies(profile)
    profile.set_defaults(command=_profile)
    scale = commands.add_parser("scale", help="how the store behaves as it grows")
    scale.add_argument(
        "--up-to", type=int, default=5, choices=range(3, 7), help="power of ten (default 5)"
    )
    scale.add_argument("--json", action="store_true", help="print JSON instead of a table")
    scale.set_defaults(command=_scale)
    _add_ingest(commands.add_parser("ingest", help="how fast documents go in"))
    load = commands.add_parser("load", help="many visitors at the same time")
    load_test.add_arguments(load)
    load.set_defaults(command=_load)
    speed = commands.add_parser("speed", help="frames a second, step by step")
    frame_speed.add_arguments(speed)
    speed.set_defaults(command=_speed)
    start = commands.add_parser("start", help="from the command until the server listens")
    start.add_argument(
        "-n", type=positive_int, default=3, help="starts after the first (default 3)"
    )
    start.add_argument("--json", action="store_true", help="print JSON instead of a table")
    start.set_defaults(command=_start)


def _add_replies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=positive_int, default=20, help="how many questions (default 20)")
    avatar_choice.add_avatar_arguments(parser)


def _latency(options: argparse.Namespace) -> int:
    from ..performance.latency import (  # loads every model
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

    from ..performance.latency import sample_questions
    from ..performance.stage_profile import profile_stages, profile_table

    with tempfile.TemporaryDirectory() as folder:
        settings, avatar = avatar_choice.chosen_avatar(read_settings(), options, Path(folder))
        stages = build(settings.model_copy(update={"data_dir": Path(folder)}))
        questions = sample_questions(settings, options.n + 1)
        profiles = list(profile_stages(stages.responder, stages.voice, stages.avatar, questions))
    Console().print(profile_table(profiles, avatar))
    return 0


def _scale(options: argparse.Namespace) -> int:
    from ..performance.store_growth import measure_growth, print_growth_table

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
    from ..performance.ingest_throughput import measure_ingest, print_ingest_table

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


def _load(options: argparse.Namespace) -> int:
    load_test.run(options)
    return 0


def _speed(options: argparse.Namespace) -> int:
    frame_speed.run(options)
    return 0


def _start(options: argparse.Namespace) -> int:
    from ..performance.start_time import measure_starts, start_table

    measured = list(measure_starts(read_settings(), options.n))
    if options.json:
        print(json.dumps([asdict(row) for row in measured]))
    else:
        Console().print(start_table(measured))
    return 0
