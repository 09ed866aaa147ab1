"""Two amounts that belong together: 2、3天, 1例/10万人, 100份-200份."""

from re import Match

from .rule import HAN, NOT_AFTER, NUMBER, TO, ReadingRule, table
from .units import UNIT

_DIGITS = "零一两三四五六七八九"
_ESTIMATED = (
    "天|日内|周|年(?![级期])|岁|小时|分钟|公里|里路|成(?![员为立本])|"
    "个|名|人|次|份|张|件|家|遍|趟|套|倍|百|千|万|元|米|位"
)
_POWER = "[百千万亿]{0,2}"
# What happens or is paid, in a span of time or for so many.
_RATED = (
    "(?:元|例|次|人|件|起|份|粒|片|克|毫克|升|毫升|立方米|米|公里|千米|度|宗|班|场|户|个|名|"
    "瓶|盒|支|袋|包|箱|针|剂|分|课时|学时|"
    rf"{UNIT})"
)
_RATED_FOR = (
    "个?月|个(?:小时|学期|季度|工作日)|年|天|日(?!期)|小时|分钟|周|季度|学期|学年|人(?!员|份)|户(?!口|籍)|"
    rf"公里|千米|米|平方米|平方公里|亩|公顷|毫升|升|克|公斤|吨|次|辆|台|{UNIT}"
)


def _estimate(match: Match[str]) -> str:
    first, last = int(match[1]), int(match[2])
    return _DIGITS[first] + _DIGITS[last] if last == first + 1 else match[0]


def _rate(match: Match[str]) -> str:
    amount, measure, power, span = match.groups()
    are_alternatives = measure == span and not power
    return match[0] if are_alternatives else f"{amount}{measure}每"


def _same_measure(match: Match[str]) -> str:
    first, measure, last = match.groups()
    is_range = float(first.replace(",", "")) < float(last.replace(",", ""))
    return f"{first}{measure}到" if is_range else match[0]


AMOUNT_PAIRS: tuple[ReadingRule, ...] = table(
    # About so many; "2、" that begins a sentence may be the mark of a list, and 第2、3项 are two.
    (
        rf"(?<=[{HAN}（])(?<![第和至到及表图件条款项类栏料口号])([1-9])、([1-9])(?={_ESTIMATED})",
        _estimate,
        "等2、3天", "等两三天",
    ),
    # A slash between different measures is 每, between the same ones 或.
    (
        rf"{NOT_AFTER}({NUMBER}\s?{_POWER})({_RATED})\s?/\s?(?={NUMBER}\s?({_POWER})({_RATED_FOR}))",
        _rate,
        "1例/10万人", "一例每十万人",
    ),
    (
        r"(?<=每)(\d{1,2})月(?![\d初末中底])", r"\1个月",
        "1次/2月", "一次每两个月",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})([{HAN}]{{1,4}}){TO}(?=第?({NUMBER})\2)", _same_measure,
        "100份-200份", "一百份到二百份",
    ),
)  # fmt: skip
