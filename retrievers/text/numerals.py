"""Numbers in digits, Chinese and English words: what they are worth, and how they are written."""

import re
from decimal import Decimal

CHINESE = "零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟廿幺半"
"""Characters that numbers are written with, as inside a character class."""
ORDINALS = "零〇○一二三四五六七八九十百千"
"""Those that articles, pages and dates are numbered with."""

_DIGITS = {c: i for i, row in enumerate(("零〇○", "一壹幺", "二贰两", "三叁", "四肆", "五伍",
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


def parse_number(text: str) -> int:
    """The whole number that Arabic digits or characters of :data:`ORDINALS` stand for.

    >>> parse_number("一百零三"), parse_number("二〇二四"), parse_number("12"), parse_number("百")
    (103, 2024, 12, 100)
    """
    if text.isdecimal():
        return int(text)
    value = _chinese(text, is_strict=False)
    if value is None:
        raise ValueError(f"{text!r} is no number")
    return int(value)


def chinese_number(
    number: int, *, digits: str = "零一二三四五六七八九", ten: str = "十", hundred: str = "百"
) -> str:
    """A number from 1 to 999 in Chinese, as sections and lists are numbered; others in digits.

    Args:
        number: The number.
        digits: Characters for 0 to 9.
        ten: Character for 10.
        hundred: Character for 100.

    >>> chinese_number(12), chinese_number(103), chinese_number(1000)
    ('十二', '一百零三', '1000')
    """
    if not 0 < number < 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = digits[hundreds] + hundred if hundreds else ""
    if tens:
        text += (digits[tens] if tens > 1 or hundreds else "") + ten
    elif hundreds and ones:
        text += "零"
    return text + (digits[ones] if ones else "")


def _chinese(text: str, *, is_strict: bool = True) -> Decimal | None:
    """The value of Chinese numerals; a unit without a digit before it is no number, if strict."""
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
            is_bare = digit is None and (
                _TENS[character] > 10 or (place > 0 and text[place - 1] not in "零〇百佰千仟万亿")
            )
            if is_bare and is_strict:
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
