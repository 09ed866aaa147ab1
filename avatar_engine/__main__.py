"""``python -m avatar_engine``: ``prepare`` makes training clips of videos."""

import argparse
import sys
from collections.abc import Sequence

from .preparation import command as prepare

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 some files could not be used and the others were.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"avatar_engine: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("avatar_engine: stopped; run it again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m avatar_engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "make training clips of videos of a talking person"
    sub = commands.add_parser("prepare", help=about, description=about)
    prepare.add_arguments(sub)
    sub.set_defaults(run=prepare.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
