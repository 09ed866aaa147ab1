"""Types of command-line arguments (``argparse``), shared by every command line."""

import argparse


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


def _int_from(least: int, text: str, wanted: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return int(text)
