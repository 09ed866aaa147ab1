"""The time of day, as a clock tells it that nobody sets while the process runs.

A machine's clock may be set forwards or backwards by hours: by hand, or when it first hears from a
time server. How old a conversation is, or how much of a day's budget is left, must not depend on
that.
"""

import time
from datetime import date


def _elapsed() -> float:
    """Seconds since some moment, those in which the machine was suspended included."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


_BEGAN = time.time() - _elapsed()


def steady_time() -> float:
    """Seconds since 1970: what the machine's clock said first, and all that passed since then."""
    return _BEGAN + _elapsed()


def steady_date() -> date:
    """The day it is, in the machine's time zone."""
    return date.fromtimestamp(steady_time())
