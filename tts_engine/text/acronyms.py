"""Latin letters inside Mandarin: which are named one by one, and which make a word."""

import re

# Acronyms that are said as words.
_SAID = "VISA|WIFI|COVID|POS|SIM|PIN|SARS|AIDS|APEC|OPEC|NATO|JPEG|CAD"
_NAMED = re.compile(rf"(?<![A-Za-z])(?:(?!(?:{_SAID})(?![A-Za-z]))[A-Z]{{1,5}}|[Aa]pp)(?![A-Za-z])")


def spell_acronyms(text: str) -> str:
    """Return a text with the letters of its acronyms apart; words stay as they are.

    >>> spell_acronyms("下载APP，连接WiFi")
    '下载A P P，连接WiFi'
    """
    return _NAMED.sub(lambda named: " ".join(named[0].upper()), text)
