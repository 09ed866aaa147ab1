"""``python -m avatar_engine``: talking videos, training clips, and training."""

import argparse
import sys
from collections.abc import Sequence

from .cli import FAILED, STOPPED, dataset, training, video


def main(
    arguments: Sequence[str] | None = None, *, program: str = "python -m avatar_engine"
) -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 some files could not be used and the others were,
    130 stopped.
    """
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (video, dataset, training):
        part.add_commands(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"avatar_engine: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("avatar_engine: stopped; run it again to go on", file=sys.stderr)
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
