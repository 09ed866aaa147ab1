"""What every command line shares: types of arguments (``argparse``), and the progress bar."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def positive_int(text: str) -> int:
    """A whole number from 1 on.

    >>> positive_int("3")
    3

    Raises:
        argparse.ArgumentTypeError: It is not.
    """
    return _int_from(1, text, "a positive whole number")


def natural_int(text: str) -> int:
    """A whole number from 0 on.

    Raises:
        argparse.ArgumentTypeError: It is not.
    """
    return _int_from(0, text, "a whole number")


def progress_bar(console: "Console") -> "Progress":
    """What is done, how far it is and the time left; nothing where nobody watches a terminal."""
    from rich.progress import (  # most commands need none
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _int_from(least: int, text: str, wanted: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return int(text)
