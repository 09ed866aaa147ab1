"""How long a speaker breathes at each mark."""

import re

_PAUSES = (  # seconds behind a mark; the longest in a row counts
    (re.compile(r"[。！？!?…\n]|\.(?:\s|$)"), 0.3),
    (re.compile(r"[；;：:]"), 0.25),
    (re.compile(r"[，,]"), 0.2),
    (re.compile(r"[、（）()〔〕《》]"), 0.1),
)


def pause(marks: str) -> float:
    """Return the seconds of silence that a stretch of marks asks for; 0 without any."""
    return max((seconds for mark, seconds in _PAUSES if mark.search(marks)), default=0.0)


def closing_pause(clause: str) -> float:
    """Return the seconds of silence behind a clause, by the marks it ends with."""
    spoken = max((at + 1 for at, character in enumerate(clause) if character.isalnum()), default=0)
    return pause(clause[spoken:])
