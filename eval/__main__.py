"""``python -m eval COMMAND``: every figure the project states can be measured with one of these."""

import argparse
import logging
import sys
from collections.abc import Sequence

from agent.plugins import PluginError
from agent.settings import SettingsError
from retrievers import StoreError

from .cli import answers, grounding, lipsync, performance, retrieval, voice


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m eval") -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 a figure is beyond the limit that was set for it.
    """
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    retrieval.add_commands(commands, arguments)
    for part in (answers, grounding, performance, lipsync, voice):
        part.add_commands(commands)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        return int(options.command(options))
    except (SettingsError, PluginError, StoreError, OSError, ValueError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
