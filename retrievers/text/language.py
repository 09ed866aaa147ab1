"""Which language a question is in."""

import re

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")


def language_of(text: str) -> str | None:
    """The language of a question by its script: Chinese, English, or None if it has neither.

    >>> language_of("护照多少钱?"), language_of("How much is a passport?"), language_of("???")
    ('zh-CN', 'en', None)
    """
    if _HAN.search(text):
        return "zh-CN"
    return "en" if _LATIN.search(text) else None
