"""What must not be invented: amounts, dates, times, article and document numbers, telephones.

Each is read into one form whichever way it is written, 十五日, 15日 or 15 days, so that a sentence
can be compared with the passage it cites. Both are read by the same rules: what is quoted as it
stands always agrees.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from re import Match

from retrievers.text.normalization import normalize_text
from retrievers.text.numerals import CHINESE, ENGLISH_NUMBER, value_of

from .numeral_spellings import plain_numerals
from .web_addresses import WEB_ADDRESS, accounts, plain_address, plain_addresses


@dataclass(frozen=True, slots=True)
class ExactValue:
    """Something exact that a text says."""

    kind: str
    """``amount``, ``article``, ``date``, ``time``, ``document``, ``telephone``, ``address``,
    ``account``, ``title`` or ``code``."""
    value: str
    unit: str = ""
    """Of an amount or article: one name for all ways to write the unit; empty if none is named."""
    bound: str = ""
    """``>`` for the least or earliest, ``<`` for the most or latest; empty if it is neither."""


_UNITS: dict[str, str] = {
    "工作日": "个工作日|工作日|(?:working|business|work) days?",
    "个月": "个月|months?",
    "年": "周年|年|years?(?! old| of age)",
    "岁": "周岁|岁|years? (?:old|of age)",
    "周": "个星期|星期|个礼拜|周|weeks?",
    "天": "个自然日|自然日|天|日|(?:calendar )?days?",
    "小时": "个小时|小时|个钟头|hours?",
    "分钟": "分钟|minutes?",
    "美元": "美元|美金|us dollars?|usd|dollars?",
    "欧元": "欧元|euros?",
    "英镑": "英镑|pounds?",
    "港元": "港元|港币|hkd",
    "外币": "澳门元|新台币|台币|日元|韩元|澳元|加元|卢布|yen",
    "角": "角(?!度)",
    "元": "元|圆|块钱|块|人民币|yuan|rmb|cny",
    "%": "%|percent|per cent",
    "‰": "‰",
    "成": "成",
    "折": "折",
    "倍": "倍|times",
    "次": "次",
    "条": "条",
    "款": "款|paragraphs?",
    "项": "项",
    "号": "号",
    "人": "名|位|人|people|persons?",
    "份": "份|cop(?:y|ies)",
    "张": "张",
    "寸": "寸|inch(?:es)?",
    "级": "级",
    "个": "个",
    "种": "种",
    "件": "件",
    "平方米": "平方米|平米|m2|square met(?:er|re)s?",
    "公里": "公里|千米|km|kilomet(?:er|re)s?",
    "米": "米|met(?:er|re)s?",
    "公斤": "公斤|千克|kg",
    "楼": "楼|层",
    "分": "分(?!别|享|支|公司|局|为|之|开|类|批|期|户|段)|points?",
}
_COUNTS_ONE = frozenset(("", "个", "份", "张", "项", "种", "件", "人", "级", "款"))
"""Units with which 一 is an article rather than an amount."""
_UNIT = re.compile(
    "|".join(f"(?P<u{i}>{pattern})" for i, pattern in enumerate(_UNITS.values())), re.I
)
_UNIT_NAMES = list(_UNITS)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_N = rf"(?:\d+|[{CHINESE}]+)"
_YEAR = r"((?:1[89]|20|21)\d\d|[一二][零〇一二三四五六七八九]{3})"
_LINK = re.compile(r"\s*(?:至|到|[-~—–、,，或和/]|to|or|and)\s*", re.I)
_DIGIT = "[0-9零〇一二两三四五六七八九]"
_NO_NUMBER = re.compile(
    rf"两[人者](?!以)|第一次|十分(?!钟|之)|千万(?=[不别要注])|万一|(?<!{_DIGIT})一一(?!{_DIGIT})|第一时间|一[次时]性|[一三]方面|"
    "(?:五险|两证)?一金|四川|九江|三亚|百分百"
)
_NUMBER = re.compile(
    rf"(?P<ordinal>第|article\s*|no\.?\s*)?(?P<currency>[¥$€£]|rmb\s*|cny\s*)?"
    rf"(?P<number>(?<![\d.])(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?"
    rf"(?:\s?(?:[万亿千百](?![克米分瓦])|thousand|million|billion))*|[{CHINESE}]+(?:点[{CHINESE}]+)?|"
    rf"(?<![a-z])(?:{ENGLISH_NUMBER})(?![a-z]))"
    r"\s*(?P<rest>余|多|来|几)?\s*",
    re.I,
)

_ABOUT_BEFORE = re.compile(
    r"(?:(?<![预节契签相邀制违公合履毁解失条])约(?!定)|大约|大概|将近|接近|几乎|"
    r"(?<![最附就临亲])近|about|around|approximately|nearly|almost)\s*$",
    re.I,
)
_ABOUT_AFTER = re.compile("左右|上下(?!班)|出头|开外")


def exact_values(text: str) -> list[ExactValue]:
    """Everything exact that a text says.

    >>> [(f.value, f.unit) for f in exact_values("十五日内，收费20元")]
    [('15', '天'), ('20', '元')]
    """
    left = plain_addresses(plain_numerals(_NO_NUMBER.sub("　", normalize_text(text))))
    found = [ExactValue("account", name) for name in accounts(left)]
    for pattern, read in _WRITTEN:
        for match in pattern.finditer(left):
            bound = _bound(left, match.start(), match.end())
            found += (replace(figure, bound=bound) for figure in read(match))
        left = pattern.sub("　", left)
    return found + [written.amount for written in _amounts(left)]


@dataclass(frozen=True, slots=True)
class WrittenAmount:
    """An amount in a text."""

    amount: ExactValue
    start: int
    end: int
    """Positions in the text that :func:`written_amounts` returns; the unit is inside."""


@lru_cache(maxsize=256)
def written_amounts(text: str) -> tuple[str, tuple[WrittenAmount, ...]]:
    """A text with usual numerals, and the amounts in it; 免费 is no yuan.

    >>> text, [written] = written_amounts("收卅元")
    >>> text[written.start : written.end], written.amount.value
    ('三十元', '30')
    """
    plain = plain_numerals(_NO_NUMBER.sub("　", text))
    left = plain
    found: list[WrittenAmount] = []
    for pattern, read in _WRITTEN:
        for match in pattern.finditer(left):
            values = (value for value in read(match) if value.kind == "amount")
            found += (WrittenAmount(value, *match.span()) for value in values)
        left = pattern.sub(lambda match: "　" * len(match[0]), left)
    found += (written for written in _amounts(left) if written.amount.kind == "amount")
    for match in re.finditer("免费", plain):
        found.append(WrittenAmount(ExactValue("amount", "0", "元"), *match.span()))
    return plain, tuple(found)


def is_known(figure: ExactValue, known: Collection[ExactValue]) -> bool:
    """Whether a figure is among others, or follows from one of them.

    A year follows from a date with it, and an amount without its unit from one with any unit; what
    is a least amount somewhere is no most one, nor the other way round. Where no money is a limit,
    none becomes one.
    """
    if figure.bound and figure.unit in _MONEY:
        bounds = {other.bound for other in known if other.unit in _MONEY}
        if figure.bound not in bounds:
            return False
    return any(_follows(figure, other) for other in known)


def _follows(figure: ExactValue, other: ExactValue) -> bool:
    if figure.bound and other.bound and figure.bound != other.bound:
        return False
    if figure.kind == "amount" and not figure.unit:
        if other.kind == "date":
            return figure.value == other.value.partition("-")[0]
        return other.kind in ("amount", "code", "telephone") and figure.value == other.value
    if figure.kind != other.kind:
        return False
    if figure.kind == "date":
        pairs = zip(figure.value.split("-"), other.value.split("-"), strict=True)
        return all(part in ("", same) for part, same in pairs)
    if figure.kind == "address":
        return other.value == figure.value or other.value.startswith(figure.value + "/")
    return (figure.value, figure.unit) == (other.value, other.unit)


_MOST_BEFORE = re.compile(
    r"(?:不超过|不多于|不高于|不大于|最多|至多|最[高长大](?:额度|金额|限额|可[达贷领提取]*)?[为是]?|"
    r"上限[为是]?|封顶(?:线|标准)?[为是]?|限额[为是]?|不足|不满|未满|不到|(?<!不)(?:少于|低于|小于)|"
    r"not more than|no more than|no later than|up to|at most|"
    r"within|under|before|until|(?<!not )(?<!no )less than|below)\s*$",
    re.I,
)
_LEAST_BEFORE = re.compile(
    r"(?:不少于|不低于|不小于|至少|最少|最[低短小][为是]?|下限[为是]?|"
    r"起付(?:线|标准)?[为是]?|起步价?[为是]?|超过|高于|大于|多于|年?满|自|从|"
    r"at least|not less than|no less than|more than|over|since|after|from)\s*$",
    re.I,
)
_MOST_AFTER = re.compile(
    r"(?:及?以下|以内|之内|内|以前|之前|前|止|or (?:less|fewer|under|younger))", re.I
)
_LEAST_AFTER = re.compile(r"(?:及?以上|以后|之后|后|起|以外|or (?:more|over|older|above))", re.I)


_MONEY = frozenset(("元", "角", "美元", "欧元", "英镑", "港元", "外币"))
_NO_LIMIT = re.compile("内[含部容]|[前止后]|(?:以|之)[前后]|起[诉草]")
"""Behind money: 40元后领取."""


def _bound(text: str, start: int, end: int, unit: str = "") -> str:
    """Whether what is written there is the least or the most."""
    before = text[max(0, start - 16) : start]
    if unit in _MONEY and _NO_LIMIT.match(text, end):
        end = len(text)
    if _MOST_BEFORE.search(before) or _MOST_AFTER.match(text, end):
        return "<"
    return ">" if _LEAST_BEFORE.search(before) or _LEAST_AFTER.match(text, end) else ""


# ---- what is written in a form of its own -------------------------------------------------------


def _address(match: Match[str]) -> list[ExactValue]:
    return [ExactValue("address", plain_address(match[0]))]


def _document(match: Match[str]) -> list[ExactValue]:
    year, number = value_of(match[2]), value_of(match[3])
    # What stands before the issuer cannot be separated from it: 根据国发…, so only its end counts.
    return [ExactValue("document", f"{match[1][-2:]}{year}-{number}")]


def _date(year: str, month: str, day: str) -> list[ExactValue]:
    parts = [str(value_of(part)) if part else "" for part in (year, month, day)]
    return [ExactValue("date", "-".join(parts))]


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3].lower()) + 1)


def _time(match: Match[str]) -> list[ExactValue]:
    part, hour, minute = match[1] or "", value_of(match[2]), match[3] or "0"
    hours = int(hour) if hour is not None else 0
    if (part in ("下午", "晚上", "傍晚") or part.lower().startswith("p")) and hours < 12:
        hours += 12
    minutes = 30 if minute == "半" else int(value_of(minute) or 0)
    return [ExactValue("time", f"{hours:02}:{minutes:02}")]


def _english_time(match: Match[str]) -> list[ExactValue]:
    hours = int(match[1]) % 12 + (12 if match[3].lower().startswith("p") else 0)
    return [ExactValue("time", f"{hours:02}:{int(match[2] or 0):02}")]


def _telephone(match: Match[str]) -> list[ExactValue]:
    digits = re.sub(r"\D", "", match[0])
    return [ExactValue("telephone", digits.removeprefix("86") if len(digits) > 11 else digits)]


def _fraction(match: Match[str]) -> list[ExactValue]:
    whole, part = match[1], value_of(match[2])
    unit = {"百": "%", "千": "‰", "万": "‱"}.get(whole, f"/{value_of(whole)}")
    return [ExactValue("amount", str(part), unit)]


def _title(text: str) -> ExactValue:
    return ExactValue("title", re.sub(r"\s", "", text).lower())


_PART_OF_DAY = "(上午|下午|晚上|早上|中午|凌晨|傍晚)"
_TIMES = (
    re.compile(rf"{_PART_OF_DAY}?\s?(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)"),
    re.compile(rf"{_PART_OF_DAY}\s?({_N})[点时](?:(半|{_N})分?)?"),
    re.compile(r"()(?<![\d.])([01]?\d|2[0-4])[点时](?![间候限效段代])(?:(半|\d+)分?)?"),
)
_WITHOUT_PART = re.compile(rf"(?<![午上晨晚]){_TIMES[2].pattern}")


def plain_times(text: str) -> str:
    """A Chinese text in which times of the day are written in one way.

    >>> plain_times("8点半到17点"), plain_times("8:30至下午5:00")
    ('上午08点30分到下午17点00分', '上午08点30分至下午17点00分')
    """
    for pattern in _TIMES[:2]:
        text = pattern.sub(_plain_time, text)
    return _WITHOUT_PART.sub(_plain_time, text)


def _plain_time(match: Match[str]) -> str:
    hour, minute = _time(match)[0].value.split(":")
    part = match[1] or ("上午" if int(hour) < 12 else "下午" if int(hour) < 19 else "晚上")
    return f"{part}{hour}点{minute}分"


_WRITTEN: list[tuple[re.Pattern[str], Callable[[Match[str]], list[ExactValue]]]] = [
    (re.compile(r"《[^》]{1,60}》"), lambda m: [_title(m[0])]),
    (WEB_ADDRESS, _address),
    (
        re.compile(
            rf"([\u4e00-\u9fff]{{0,10}})[〔\[(【]{_YEAR}[〕\])】]\s?第?\s?({_N})\s?号",
        ),
        _document,
    ),
    (
        re.compile(rf"(?<!\d){_YEAR}\s?年(?:\s?({_N})\s?月(?:\s?({_N})\s?[日号])?)?"),
        lambda m: _date(m[1], m[2], m[3]),
    ),
    (re.compile(rf"({_N})\s?月\s?({_N})\s?[日号]"), lambda m: _date("", m[1], m[2])),
    (re.compile(rf"({_N})\s?月(?!\d)"), lambda m: _date("", m[1], "")),
    (
        re.compile(rf"(?<!\d){_YEAR}[-/.](\d{{1,2}})(?:[-/.](\d{{1,2}}))?(?![\d-])"),
        lambda m: _date(m[1], m[2], m[3]),
    ),
    (
        re.compile(rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? {_YEAR})?", re.I),
        lambda m: _date(m[3], _month(m[1]), m[2]),
    ),
    (
        re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR})?", re.I),
        lambda m: _date(m[3], _month(m[2]), m[1]),
    ),
    (re.compile(rf"\b{_MONTH} {_YEAR}", re.I), lambda m: _date(m[2], _month(m[1]), "")),
    (
        re.compile(r"(?<!\d)(1[0-2]|0?[1-9])(?::([0-5]\d))?\s?(a\.?m|p\.?m)\b\.?", re.I),
        _english_time,
    ),
    *((pattern, _time) for pattern in _TIMES),
    (
        re.compile(
            r"(?<![\d.])\+?(?!\d{1,6}-[1-9]\d{0,5}(?!\d|[ -]\d))\d(?:[ -]{0,2}\d){6,}"
            r"(?![\d%])(?!\s*[万亿元人户个])"
        ),
        _telephone,
    ),
    (re.compile(rf"({_N})分之({_N}(?:点[{CHINESE}]+|\.\d+)?)"), _fraction),
    (
        re.compile(r"(?<![a-z])[a-z]{1,6}[-/]?\d[a-z\d-]*", re.I),
        lambda m: [ExactValue("code", m[0].lower())],
    ),
]  # fmt: skip


# ---- numbers with their units -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Number:
    """A number in a text, before it is known what it is linked to."""

    match: Match[str]
    value: Decimal
    unit: str
    end: int
    is_article: bool
    is_about: bool
    """It is said to be about that: 40余元, 约40元."""

    def figure(self, unit: str, is_article: bool) -> ExactValue | None:
        """What it says; None if it is a figure of speech: 一般, 一张, 第三方."""
        written = self.match["number"].strip()
        is_plain = written[0] != "0" or "." in written
        value = f"{self.value.normalize():f}" if is_plain else written
        if self.is_about:
            value = f"~{value}"
        if is_article:
            return ExactValue("article", value, unit) if unit else None
        if self.value == 1 and len(written) == 1 and not written.isdecimal():
            return None if unit in _COUNTS_ONE else ExactValue("amount", value, unit)
        if not unit and written in ("one", *CHINESE):
            return None
        return ExactValue("amount", value, unit)


def _amounts(text: str) -> list[WrittenAmount]:
    """Numbers; one without a unit has that of the next it is linked to, as in 3至5日."""
    numbers: list[_Number] = []
    for match in _NUMBER.finditer(text):
        is_read = numbers and match.start() < numbers[-1].end  # the 半 of 一年半
        if not is_read and (number := _number(match)):
            numbers.append(number)
    read: list[WrittenAmount] = []
    for i, number in enumerate(numbers):
        unit, last = number.unit, i
        while not unit and last + 1 < len(numbers) and _are_linked(numbers, last):
            last += 1
            unit = numbers[last].unit
        is_article = number.is_article or (
            i > 0 and _are_linked(numbers, i - 1) and numbers[i - 1].is_article
        )
        figure = number.figure(unit, is_article)
        bound = _bound(text, number.match.start(), number.end, unit)
        if not bound and i + 1 < len(numbers) and _is_range(numbers, i):
            bound = ">"
        elif not bound and i and _is_range(numbers, i - 1):
            bound = "<"
        if figure:
            start = number.match.start()
            read.append(WrittenAmount(replace(figure, bound=bound), start, number.end))
    return read


def _number(match: Match[str]) -> _Number | None:
    value = value_of(match["number"])
    if value is None:
        return None
    text, end = match.string, match.end()
    unit = ""
    if found := _UNIT.match(text, end):
        assert found.lastgroup is not None
        unit, end = _UNIT_NAMES[int(found.lastgroup[1:])], found.end()
    elif match["currency"]:
        unit = "元"
    ordinal = (match["ordinal"] or "").lower()
    if ordinal.startswith("a"):
        unit = unit or "条"
    elif ordinal.startswith("n"):
        unit = unit or "号"
    if not ordinal:
        value, unit, end = _converted(value, unit, text, end)
    is_about = bool(match["rest"] and unit) or bool(
        _ABOUT_BEFORE.search(text, 0, match.start()) or _ABOUT_AFTER.match(text, end)
    )
    return _Number(match, value, unit, end, bool(ordinal), is_about)


def _are_linked(numbers: list[_Number], i: int) -> bool:
    """Whether a number and the next have only a dash, a comma or 至 between them."""
    text, following = numbers[i].match.string, numbers[i + 1].match
    return bool(_LINK.fullmatch(text, numbers[i].end, following.start()))


def _is_range(numbers: list[_Number], i: int) -> bool:
    """Whether a number and the next are the ends of a range: 200至1000元."""
    text, following = numbers[i].match.string, numbers[i + 1].match
    between = text[numbers[i].end : following.start()].strip()
    return between.lower() in ("至", "到", "-", "~", "—", "–", "to")


def _converted(number: Decimal, unit: str, text: str, end: int) -> tuple[Decimal, str, int]:
    """Years as months, weeks as days, 三成 as per cent."""
    if unit == "年":
        number, unit = number * 12, "个月"
        if text.startswith("半", end):
            number, end = number + 6, end + 1
    elif unit == "周":
        number, unit = number * 7, "天"
    elif unit == "成":
        number, unit = number * 10, "%"
    return number, unit, end
