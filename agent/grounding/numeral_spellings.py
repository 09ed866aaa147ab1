"""Numbers that are written so that they look like none: 卅, Ⅳ, 双倍, 一半."""

import re
from re import Match

_SPELLINGS = {
    "廿": "二十", "卄": "二十", "卅": "三十", "卌": "四十", "皕": "二百", "俩": "两个",
    "仨": "三个", "次年": "第二年", "翌年": "第二年", "次日": "第二天", "翌日": "第二天",
}  # fmt: skip
_CALLED_OUT = re.compile(r"[洞幺妖拐勾零〇一二两三四五六七八九]{3,}")
"""Digits as telephone numbers are called out: 妖妖零, 洞幺拐."""
_CALLED_DIGITS = str.maketrans("洞幺妖拐勾两", "零一一七九二")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_ROMAN = re.compile(
    r"(?<![a-z0-9])(?=[ivxlcdm])(m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3}))"
    r"(?=\s*[年月日天元角岁周个次小分%万千百人份张倍成折])",
    re.I,
)
_MULTIPLES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("双倍|两倍|翻倍|加倍|翻番|成倍|翻一番|double(?! check)|twice"), "2倍"),
    (re.compile("数倍|几倍|若干倍|多倍"), "99倍"),
    (re.compile("triple"), "3倍"),
    (re.compile("半价|减半|折半|对半|半额|半数|一半|half the|half price"), "50%"),
)


def plain_numerals(text: str) -> str:
    """A text in which unusual numerals are written in the usual way.

    >>> plain_numerals("卅元"), plain_numerals("收IV元"), plain_numerals("双倍收费")
    ('三十元', '收4元', '2倍收费')
    """
    for character, plain in _SPELLINGS.items():
        text = text.replace(character, plain)
    text = _CALLED_OUT.sub(lambda match: match[0].translate(_CALLED_DIGITS), text)
    text = _ROMAN.sub(_roman, text)
    for pattern, plain in _MULTIPLES:
        text = pattern.sub(plain, text)
    return text


def _roman(match: Match[str]) -> str:
    values = [_ROMAN_VALUES[letter] for letter in match[0].lower()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return str(sum(-value if value < following else value for value, following in pairs))
