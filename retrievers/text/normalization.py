"""One spelling for what readers hold to be the same text."""

import unicodedata

import opencc

_TO_SIMPLIFIED = opencc.OpenCC("t2s")


def normalize_text(text: str) -> str:
    """Full-width and compatibility forms, traditional characters and white space become plain.

    NFKC of Unicode Standard Annex #15, then OpenCC's characters and phrases.

    >>> normalize_text("ＡＰＰ　補辦  護照")
    'APP 补办 护照'
    """
    plain: str = _TO_SIMPLIFIED.convert(unicodedata.normalize("NFKC", text))
    return " ".join(plain.split())
