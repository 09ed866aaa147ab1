"""The clauses of a sentence, as they are written and as they are said."""

import re
from collections.abc import Callable

from .normalise import normalise
from .sentences import clauses

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")


def language_of(text: str) -> str:
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
    for clause in clauses(text):
        spoken = normalise(clause, language)
        if can_say(spoken):
            pieces.append((held + clause, spoken + clause[len(clause.rstrip()) :]))
            held = ""
        else:
            held += clause
    if held and pieces:
        written, spoken = pieces[-1]
        pieces[-1] = (written + held, spoken)
    return pieces
