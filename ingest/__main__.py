"""``python -m ingest add FILE… | list``: JSON Lines files of question-answer entries."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.build import build_store
from agent.plugins import PluginError
from agent.settings import SettingsError, read
from retrievers import FaqEntry, StoreError
from retrievers.faq_files import read_file, read_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code: 0 done, 1 could not, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="add entries; those with a known id are replaced")
    add.add_argument("paths", nargs="+", type=Path, help="*.jsonl files, or folders of them")
    add.set_defaults(command=_add)
    shown = commands.add_parser("list", help="list what is in the store")
    shown.set_defaults(command=_list)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        return int(options.command(options))
    except (SettingsError, PluginError, StoreError, OSError, ValueError) as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1


def _add(options: argparse.Namespace) -> int:
    # All files are read before anything is written: a bad line leaves the store as it was.
    entries = [entry for path in options.paths for entry in _entries(path)]
    build_store(read()).add(entries)
    print(f"{len(entries)} entries added")
    return 0


def _entries(path: Path) -> Iterator[FaqEntry]:
    return read_folder(path) if path.is_dir() else read_file(path)


def _list(options: argparse.Namespace) -> int:
    for entry in build_store(read()):
        print(f"{entry.faq_id}\t{entry.field}\t{entry.question}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
