"""How memory is kept: one heap for all threads would wait, one for each thread would grow."""

import ctypes

_M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 2
"""With glibc's eight a core a server that had spoken to four visitors for a minute kept 110 MiB
more for each; with two 41 (``python -m eval load --sessions 4``), at the same CPU time."""


def share_heaps() -> None:
    """Let threads share ``ARENAS`` heaps; before any thread starts, and with glibc alone."""
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
    except (OSError, AttributeError, TypeError):  # the last on Windows
        return  # another C library, with rules of its own
