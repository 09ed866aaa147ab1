"""Which language a text is in: the one rule of questions, entries and answers.

Voices ask another thing, how a text is to be spoken, and always need an answer:
``tts_engine.text.clauses.spoken_language``.
"""

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[A-Za-z]")


def language_of(text: str) -> str | None:
    """The language of a question by its script: Chinese, English, or None if it has neither.

    >>> language_of("护照多少钱?"), language_of("How much is a passport?"), language_of("???")
    ('zh-CN', 'en', None)
    """
    if _HAN.search(text):
        return "zh-CN"
    return "en" if _LATIN.search(text) else None
