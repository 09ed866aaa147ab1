"""How long a speaker breathes at each mark."""

import re
from collections.abc import Callable

from .normalization import normalize_text
from .sentences import split_clauses

_PAUSES = (  # seconds behind a mark; the longest in a row counts
    (re.compile(r"[。！？!?…\n]|\.(?:\s|$)"), 0.3),
    (re.compile(r"[；;：:]"), 0.25),
    (re.compile(r"[，,]"), 0.2),
    (re.compile(r"[、（）()〔〕《》]"), 0.1),
)


def pause_seconds(marks: str) -> float:
    """Return the seconds of silence that a stretch of marks asks for; 0 without any."""
    return max((seconds for mark, seconds in _PAUSES if mark.search(marks)), default=0.0)


def closing_pause_seconds(clause: str) -> float:
    """Return the seconds of silence behind a clause, by the marks it ends with."""
    spoken = max((at + 1 for at, character in enumerate(clause) if character.isalnum()), default=0)
    return pause_seconds(clause[spoken:])


_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")


def spoken_language(text: str) -> str:
    """Return ``"en"`` for a text of Latin letters alone, ``"zh-CN"`` for any other."""
    return "zh-CN" if _HAN.search(text) or not re.search("[A-Za-z]", text) else "en"


def spoken_clauses(
    text: str, language: str, can_say: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """Return each clause as written and as said; what cannot be said joins a neighbour.

    Returns:
        Pairs of which the first parts joined are ``text``; ``[]`` when nothing can be said.

    Raises:
        ValueError: ``text`` is blank.
    """
    if not text.strip():
        raise ValueError("nothing to speak: the text is blank")
    pieces: list[tuple[str, str]] = []
    held = ""
    for clause in split_clauses(text):
        spoken = normalize_text(clause, language)
        if can_say(spoken):
            pieces.append((held + clause, spoken + clause[len(clause.rstrip()) :]))
            held = ""
        else:
            held += clause
    if held and pieces:
        written, spoken = pieces[-1]
        pieces[-1] = (written + held, spoken)
    return pieces
