"""``python -m eval latency``."""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from agent.settings import read


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    latency = commands.add_parser("latency", help="time from a question to text, sound, picture")
    latency.add_argument("-n", type=int, default=20, help="how many questions (default 20)")
    latency.add_argument("--json", action="store_true", help="print JSON instead of a table")
    latency.set_defaults(command=_latency)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    return int(options.command(options))


def _latency(options: argparse.Namespace) -> int:
    from .latency import measure, summary, table  # loads every model

    with tempfile.TemporaryDirectory() as folder:
        settings = read().model_copy(update={"data_dir": Path(folder)})
        replies = measure(settings, options.n)
    if options.json:
        print(json.dumps(summary(replies)))
    else:
        Console().print(table(replies))
    return 0


if __name__ == "__main__":
    sys.exit(main())
