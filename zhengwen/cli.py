"""The command ``zhengwen``: every command line of the project behind one name.

``zhengwen ask …`` is ``python -m agent ask …``, ``zhengwen ingest add …`` is
``python -m ingest add …``, and so on. Only the package that is asked for is imported.
"""

import importlib
import sys
from collections.abc import Sequence

GROUPS = {
    "ingest": ("ingest", "documents into the knowledge base, and out of it"),
    "eval": ("eval", "measure answers, voices, faces and speed"),
    "tts": ("tts_engine", "voices without the rest"),
    "avatar": ("avatar_engine", "videos of a face that speaks; training clips, training"),
}
"""Commands that have commands of their own: the package behind each, and what it is for."""

SHORTCUTS = ("backup", "restore")
"""Commands of ``ingest`` that operators look for here."""

HELP = ("-h", "--help", "help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 could not, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in GROUPS:
        package, _ = GROUPS[given[0]]
        return int(
            importlib.import_module(f"{package}.__main__").main(
                given[1:], program=f"zhengwen {given[0]}"
            )
        )
    if given and given[0] in SHORTCUTS:
        return int(importlib.import_module("ingest.__main__").main(given, program="zhengwen"))
    if not given or given[0] in HELP:
        _print_groups()
        given = ["--help"]
    return int(importlib.import_module("agent.__main__").main(given, program="zhengwen"))


def _print_groups() -> None:
    print("zhengwen COMMAND …, where a COMMAND is one of those below or")
    for name, (package, what) in GROUPS.items():
        print(f"  {name:8} {what} (python -m {package})")
    print("  backup   write the knowledge base to an archive; restore puts it back")
    print()
