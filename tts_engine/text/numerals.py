"""Numbers as Mandarin words.

Written here rather than taken from ``cn2an``, which says 二千 for 两千 and knows no 幺: choosing
between 二 and 两 needs the inside of the algorithm, the few lines of :func:`cardinal_in_words`. The
other direction, from words to values, is the retrievers' (``retrievers/text/numerals.py``): neither
package may import the other, and they share no line.
"""

_DIGITS = "零一二三四五六七八九"
_SMALL = ("", "十", "百", "千")
_LARGE = ("", "万", "亿", "万亿")
MAX_CARDINAL_DIGITS = 16
"""Longer runs of digits are codes and are spelled."""


def spell_digits(digits: str, *, telephone: bool = False) -> str:
    """Read digit by digit; ``telephone`` says 幺 for 1, as one does for numbers dialled.

    Anything that is not an ASCII digit is dropped.
    """
    one = "幺" if telephone else "一"
    return "".join(one if d == "1" else _DIGITS[int(d)] for d in digits if d in "0123456789")


def _group(number: int) -> str:
    """Read 1 to 9999, with 零 inside but not at the ends."""
    words, gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if not digit:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _SMALL[power]
        gap = False
    return words


def cardinal_in_words(digits: str) -> str:
    """Read a whole number of at most :data:`MAX_CARDINAL_DIGITS` digits.

    ``"10"`` is 十, ``"110"`` 一百一十, ``"2000"`` 两千, ``"22000"`` 两万二千.

    Raises:
        ValueError: Not all ASCII digits, or too many of them.
    """
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > MAX_CARDINAL_DIGITS:
        raise ValueError(
            f"cannot read {digits!r} as a number: give 1 to {MAX_CARDINAL_DIGITS} digits"
        )
    number = int(digits)
    if number == 0:
        return "零"
    words, gap = "", False
    for power in range(len(_LARGE) - 1, -1, -1):
        group = number // 10000**power % 10000
        if not group:
            gap = bool(words)
            continue
        if words and (gap or group < 1000):
            words += "零"
        read = _group(group)
        # 二 becomes 两 in front of 万 and 亿, and where a number starts with 千.
        if group == 2 and power and not words:
            read = "两"
        elif read.startswith("二千") and not words:
            read = "两" + read[1:]
        words, gap = words + read + _LARGE[power], False
    return words[1:] if words.startswith("一十") else words


def decimal_in_words(text: str) -> str:
    """Read ``"3.85"``, ``"1,234.5"`` or ``"40"``; trailing zeros of a fraction are read.

    A whole part of more than :data:`MAX_CARDINAL_DIGITS` digits is spelled.
    """
    whole, point, fraction = text.replace(",", "").partition(".")
    if len(whole) > MAX_CARDINAL_DIGITS:
        whole_words = spell_digits(whole, telephone=True)
    else:
        whole_words = cardinal_in_words(whole)
    if not point:
        return whole_words
    return whole_words + "点" + spell_digits(fraction)
