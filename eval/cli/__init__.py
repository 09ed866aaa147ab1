"""The commands of ``python -m eval``.

Each module has ``add_commands``, which describes its commands and names the function that runs
each: it takes the options and returns an exit code.
"""

import argparse
from typing import TypeAlias

from zhengwen.assets import asset

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What ``ArgumentParser.add_subparsers`` returns."""
FAQ = asset("faq")
QUESTIONS = FAQ / "questions.csv"
BEYOND_LIMIT = 3
"""Exit code: a figure is beyond the limit that was set for it."""
