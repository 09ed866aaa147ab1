"""``grounding``: how well sentences of a language model are checked."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from zhengwen.command_line import positive_int

from . import FAQ, Commands


def add_commands(commands: Commands) -> None:
    """Add ``grounding``."""
    parser = commands.add_parser(
        "grounding", help="true and false sentences about the entries: which ones pass the check?"
    )
    parser.add_argument("--faq", type=Path, default=FAQ, help="folder of *.jsonl")
    parser.add_argument(
        "--part",
        choices=("dev", "test", "all"),
        default="dev",
        help="which entries; the rules were not written with those of test (dev)",
    )
    parser.add_argument(
        "--per-kind",
        type=positive_int,
        default=150,
        metavar="N",
        help="sentences that each kind of mutation is tried on (150)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the mutations (1)")
    parser.add_argument("--wrong", action="store_true", help="print the sentences judged wrongly")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(command=_grounding)


def _grounding(options: argparse.Namespace) -> int:
    from ..grounding.evaluation import grounding_table, measure_grounding

    figures = measure_grounding(
        options.faq,
        part=options.part,
        per_kind=options.per_kind,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(asdict(figures), ensure_ascii=False))
        return 0
    Console().print(grounding_table(figures, f"grounding, entries of the part {options.part}"))
    if options.wrong:
        for rate in figures.rates:
            for sentence in rate.passed:
                print(f"{rate.kind}: {sentence}")
    return 0
