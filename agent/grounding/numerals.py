"""Numbers in digits, in Chinese and in English words."""

import re
from decimal import Decimal

CHINESE = "零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟廿幺半"
"""Characters that numbers are written with, as inside a character class."""

_DIGITS = {c: i for i, row in enumerate(("零〇", "一壹幺", "二贰两", "三叁", "四肆", "五伍",
           "六陆", "七柒", "八捌", "九玖")) for c in row}  # fmt: skip
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_ENGLISH = {
    word: Decimal(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    word: Decimal(10 * value)
    for value, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)
}
_POWERS = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_WORD = "|".join(sorted((*_ENGLISH, *_POWERS), key=len, reverse=True))
ENGLISH_NUMBER = rf"(?:{_WORD})(?:[- ](?:and )?(?:{_WORD}))*"
"""Pattern of a number in English words."""


def value_of(text: str) -> Decimal | None:
    """The value of a number, however it is written; None if it is no number.

    >>> [int(value_of(text)) for text in ("1,200", "3万", "二〇二四", "一百零五", "thirty-six")]
    [1200, 30000, 2024, 105, 36]
    """
    text = text.strip().replace(",", "")
    if text[:1].isdecimal():
        match = re.fullmatch(r"([\d.]+)\s?(.*)", text, re.S)
        assert match is not None
        value = Decimal(match[1].rstrip("."))
        for word in re.findall(r"[^\W\d_a-zA-Z]|[a-zA-Z]+", match[2]):
            value *= _TENS.get(word) or _LARGE.get(word) or _POWERS[word.lower()]
        return value
    if text[:1].isascii():
        return _english(text.lower())
    whole, _, fraction = text.partition("点")
    value_before = _chinese(whole)
    if value_before is None or not fraction:
        return value_before
    digits = "".join(str(_DIGITS[c]) for c in fraction if c in _DIGITS)
    return value_before + Decimal(f"0.{digits or 0}")


def _chinese(text: str) -> Decimal | None:
    text = text.replace("廿", "二十")
    if text == "半":
        return Decimal("0.5")
    if text and all(c in _DIGITS for c in text):  # said digit by digit
        return Decimal("".join(str(_DIGITS[c]) for c in text))
    total = section = 0
    digit: int | None = None
    for place, character in enumerate(text):
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _TENS:
            if digit is None and (
                _TENS[character] > 10 or (place and text[place - 1] not in "零〇百佰千仟万亿")
            ):
                return None
            section += (1 if digit is None else digit) * _TENS[character]
            digit = None
        elif character in _LARGE:
            if not place:
                return None
            total = (total + section + (digit or 0)) * _LARGE[character]
            section, digit = 0, None
        else:
            return None
    return Decimal(total + section + (digit or 0))


def _english(text: str) -> Decimal | None:
    total = Decimal(0)
    section = Decimal(0)
    for word in re.findall(r"[a-z]+", text):
        if word == "and":
            continue
        if word in _ENGLISH:
            section += _ENGLISH[word]
        elif word == "hundred":
            section = (section or Decimal(1)) * 100
        elif word in _POWERS:
            total += (section or Decimal(1)) * _POWERS[word]
            section = Decimal(0)
        else:
            return None
    return total + section
