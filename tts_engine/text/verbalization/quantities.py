"""Amounts, percentages, temperatures, fractions, measures and ranges, with their signs."""

import re
from re import Match

from ..numerals import MAX_CARDINAL_DIGITS, cardinal_in_words, decimal_in_words, spell_digits
from .rule import (
    COUNTED,
    HAN,
    MEASURES,
    NOT_AFTER,
    NUMBER,
    NUMERALS,
    TO,
    ReadingRule,
    counted_in_words,
    table,
)
from .units import EACH, UNIT, UNITS, each_in_words

_CURRENCIES = {
    "¥": "元", "HK$": "港元", "US$": "美元", "$": "美元", "€": "欧元", "£": "英镑",
    "RMB": "元人民币", "CNY": "元人民币", "USD": "美元", "HKD": "港元", "EUR": "欧元",
}  # fmt: skip
_CURRENCY = "|".join(map(re.escape, _CURRENCIES))
# Words after which "-" in front of a number makes it negative, whatever is measured.
_VALUE_WORDS = (
    "余额|结余|差额|气温|温度|度|得分|扣分|积分|增长|增速|增幅|涨幅|降幅|同比|环比|利润|收益|净值|盈亏|误差|偏差|"
    "视力|近视|至|到|为|是|达|约|于|降|即|零下|海拔|地下|高程|标高|负债|加|减|或|和"
)
_NEGATIVE_AFTER = re.compile(rf"(?:^|[\s（(：:，,；;。、=<>≥≤≠≈“\"'/]|{_VALUE_WORDS})$", re.M)
_NEGATIVE_BEFORE = re.compile(
    rf"{NUMBER}\s*(?:[%‰°元分倍亿万]|{UNIT}|(?:{MEASURES})(?![楼层栋幢号])|美元|度)"
)
# A sign that begins a number, and is not between two.
_SIGN_BEFORE = r"(?:(?:^|(?<=[^\dA-Za-z.)）\]]))([-+]))?"
_QUANTITY_BEFORE = re.compile(rf"[\d{NUMERALS}]\s*(?:{UNIT}|[{HAN}]{{1,2}})$")


def _percent(sign: str | None, number: str, mark: str) -> str:
    whole = "百" if number == "100" else decimal_in_words(number)
    unit = "百分之" if mark == "%" else "千分之"
    return ("正" if sign == "+" else "") + unit + ("负" if sign == "-" else "") + whole


def _percentage(match: Match[str]) -> str:
    sign, number, mark = match.groups()
    is_followed = match.string[match.end() : match.end() + 1] in tuple(NUMERALS)
    return _percent(sign, number, mark) + ("，" if is_followed else "")


def _percent_range(match: Match[str]) -> str:
    sign, first, last_sign, no_sign, last, mark = match.groups()
    return f"{_percent(sign, first, mark)}到{_percent(last_sign or no_sign, last, mark)}"


def _price(number: str) -> str:
    """Prices lose the zeros of a fraction: 20.00 is twenty, 12.50 twelve point five."""
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return counted_in_words(number)


def _pause_after_number(match: Match[str]) -> str:
    """A pause where two numbers touch, which would be heard as one."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return "，" if before and before in "0123456789" + NUMERALS else ""


def _money(match: Match[str]) -> str:
    sign, currency, other_sign, number, power = match.groups()
    negative = "负" if "-" in (sign, other_sign) else ""
    amount = negative + _price(number) + (power or "") + _CURRENCIES[currency]
    return _pause_after_number(match) + amount


def _money_range(match: Match[str]) -> str:
    currency, first, last, power = match.groups()
    amounts = f"{_price(first)}到{_price(last)}{power}{_CURRENCIES[currency]}"
    return _pause_after_number(match) + amounts


def _degrees(sign: str, number: str) -> str:
    return {"-": "零下", "+": "零上"}.get(sign, "") + decimal_in_words(number)


def _scale(scale: str | None) -> str:
    return {"C": "摄氏度", "F": "华氏度"}.get(scale or "", "度")


def _temperature(match: Match[str]) -> str:
    sign, number, scale = match.groups()
    return _degrees(sign or "", number) + _scale(scale)


def _temperature_range(match: Match[str]) -> str:
    sign, first, first_scale, last_sign, last, scale = match.groups()
    unit = _scale(first_scale[1:]) if first_scale else ""
    return f"{_degrees(sign or '', first)}{unit}到{_degrees(last_sign or '', last)}{_scale(scale)}"


def _minus(match: Match[str]) -> str:
    before = match.string[max(0, match.start() - 12) : match.start()]
    after = match.string[match.end() : match.end() + 24]
    if _QUANTITY_BEFORE.search(before):
        return "-"  # the sign of a range
    if _NEGATIVE_AFTER.search(before) or _NEGATIVE_BEFORE.match(after):
        return "负"
    return "杠"


def _tilde(match: Match[str]) -> str:
    before = match.string[max(0, match.start() - 12) : match.start()]
    is_range = _QUANTITY_BEFORE.search(before) or re.search(
        f"[年月日时点天起今夜早晚期{NUMERALS}]$", before
    )
    if is_range:
        return "到"
    return "" if before.endswith("约") else "约"


def _two(match: Match[str]) -> str:
    """两 counts, 二 numbers: 两项, but 第一、二项."""
    before = match.string[max(0, match.start() - 8) : match.start()]
    return "二" if re.search(rf"第[\d{NUMERALS}、到至和及或-]+$", before) else "两"


def _fraction(match: Match[str]) -> str:
    top, bottom = match.groups()
    if int(bottom) <= int(top):
        return match[0]
    return f"{cardinal_in_words(bottom)}分之{cardinal_in_words(top)}"


def _fraction_range(match: Match[str]) -> str:
    top, bottom, last_top, last_bottom = match.groups()
    if int(bottom) <= int(top) or int(last_bottom) <= int(last_top):
        return match[0]
    first = f"{cardinal_in_words(bottom)}分之{cardinal_in_words(top)}"
    return f"{first}到{cardinal_in_words(last_bottom)}分之{cardinal_in_words(last_top)}"


def _alternatives(match: Match[str]) -> str:
    return "或".join(map(cardinal_in_words, match[0].split("/")))


def _measured(match: Match[str]) -> str:
    number, unit, each = match.groups()
    return counted_in_words(number) + UNITS[unit] + each_in_words(each)


def _range(match: Match[str]) -> str:
    first, after = match[1], match.string[match.end() :]
    last = re.match(NUMBER, after)
    assert last is not None
    rest = after[last.end() :]
    if (
        "~" not in match[0]
        and _is_descending(first, last[0])
        and not re.match(r"\s*(?:月|点|时|[°%])", rest)
    ):
        return decimal_in_words(first) + "杠"
    two = first == "2" and re.match(rf"\s*(?:{MEASURES})", rest)
    ordinal = match.string[match.start() - 1 : match.start()] == "第"
    return ("两" if two and not ordinal else decimal_in_words(first)) + "到"


def _is_descending(first: str, last: str) -> bool:
    """Whether two numbers are no range: the second is not more, or no number is written so."""
    return float(first.replace(",", "")) >= float(last.replace(",", "")) or (
        "." not in last and len(last) > 1 and last.startswith("0")
    )


def _number(match: Match[str]) -> str:
    digits = match[0].replace(",", "")
    whole = digits.partition(".")[0]
    if len(whole) > MAX_CARDINAL_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        spelled = spell_digits(whole, telephone=True)
        point, fraction = digits.partition(".")[1:]
        return spelled + ("点" if point else "") + spell_digits(fraction)
    is_long = "." not in digits and len(whole) >= 7 and "," not in match[0]
    if is_long and not re.match(COUNTED, match.string[match.end() :]):
        # Nobody writes such amounts without commas or 亿: it is a code.
        return spell_digits(digits, telephone=True)
    return decimal_in_words(digits)


# Amounts are told by their measure, so their blanks are looked at before telephones are.
GROUPED: tuple[ReadingRule, ...] = table(
    (
        r"(?<![\d.])(?<!\d )\d{1,3}(?: \d{3})+"
        rf"(?=(?:\.\d+)?\s?(?:[万亿元%余多]|{MEASURES}|{UNIT}))",
        lambda m: m[0].replace(" ", ""),
        "补助2 000元", "补助两千元",
    ),
    (
        r"(?<=\d)，\s?(?=[05]00(?!\d))", ",",
        "10，000人次", "一万人次",
    ),
)  # fmt: skip

QUANTITIES: tuple[ReadingRule, ...] = table(
    # Percentages
    (
        rf"{_SIGN_BEFORE}{NOT_AFTER}({NUMBER})[%‰]?(?:\s*[~—]+\s*([-+]?)|\s*-+\s*())"
        rf"({NUMBER})([%‰])",
        _percent_range,
        "-5%~3%，5%-12%", "百分之负五到百分之三，百分之五到百分之十二",
    ),
    (
        rf"{_SIGN_BEFORE}{NOT_AFTER}({NUMBER})([%‰])", _percentage,
        "同比-3.5%", "同比百分之负三点五",
    ),
    (
        rf"(?<=[{NUMERALS}])(?=\d)", "，",
        "3%5", "百分之三，五",
    ),
    # Money
    (
        rf"(?<![-A-Z])({_CURRENCY})\s*({NUMBER}){TO}({NUMBER})\s*((?:[万亿]|[千百](?!分))*)(?:元)?",
        _money_range,
        "¥100-200", "一百到二百元",
    ),
    (
        rf"(-?)(?<![\dA-Z]-)(?<![A-Z])({_CURRENCY})\s*(-?)({NUMBER})\s*((?:[万亿]|[千百](?!分))*)(?:元)?",
        _money,
        "价格¥-50", "价格负五十元",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})\s?([$€£¥])(?!\s*-?\d)", lambda m: _price(m[1]) + _CURRENCIES[m[2]],
        "100€", "一百欧元",
    ),
    # Temperatures
    (
        rf"{_SIGN_BEFORE}{NOT_AFTER}({NUMBER})\s*(°[CF]?)?"
        rf"(?:\s*[~—]+\s*|\s*-\s*|至|到)([-+])?({NUMBER})\s*°([CF])?",
        _temperature_range,
        "气温-8~-3℃", "气温零下八到零下三摄氏度",
    ),
    (
        rf"{_SIGN_BEFORE}{NOT_AFTER}({NUMBER})\s*°([CF])?", _temperature,
        "气温-2℃", "气温零下二摄氏度",
    ),
    # Signs in front of a number
    (
        rf"{NOT_AFTER}({NUMBER})\s*-\s*(?={NUMBER}\s*=)", lambda m: decimal_in_words(m[1]) + "减",
        "3-1=2", "三减一等于二",
    ),
    (
        r"(?<=~)\s*-(?=\d)", "负",
        "-5~-1分", "负五到负一分",
    ),
    (
        r"(?<![\dA-Za-z)）—~-])-(?=\d)", _minus,
        "余额-2000元，附件-1", "余额负两千元，附件杠一",
    ),
    (
        r"(?:^|(?<=[（(：:，,]))\+(?=\d)", "正",
        "视力：+0.5", "视力：正零点五",
    ),
    (
        r"(?<![\dA-Za-z%°)）])~\s*(?=\d)", _tilde,
        "~200人，距离~500米", "约二百人，距离约五百米",
    ),
    # Prices
    (
        rf"{NOT_AFTER}({NUMBER})(?=元|美元|欧元)",
        lambda m: _price(m[1]) if "." in m[1] else m[1],
        "20.00元", "二十元",
    ),
    # 7×24, 1+1, 500+家
    (
        rf"{NOT_AFTER}({NUMBER})\s*[×xX*]\s*(?={NUMBER})", lambda m: decimal_in_words(m[1]) + "乘",
        "7*24小时", "七乘二十四小时",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})\s*\+\s*(?={NUMBER})", lambda m: decimal_in_words(m[1]) + "加",
        "3+2学制", "三加二学制",
    ),
    (
        rf"(?<=\d)\+(?=(?:{MEASURES})(?!学))", "多",
        "500+家企业", "五百多家企业",
    ),
    (
        r"\^(\d{1,3})(?!\d)", lambda m: f"的{cardinal_in_words(m[1])}次方",
        "10^6", "十的六次方",
    ),
    # Fractions
    (
        r"第(\d{1,3})/(\d{1,3})页",
        lambda m: f"第{cardinal_in_words(m[1])}页，共{cardinal_in_words(m[2])}页",
        "第1/3页", "第一页，共三页",
    ),
    (
        rf"(?<![\d/.])(\d{{1,4}})/(\d{{1,4}}){TO}(\d{{1,4}})/(\d{{1,4}})(?![\d/.])",
        _fraction_range,
        "1/3-1/2", "三分之一到二分之一",
    ),
    (
        r"(?<![\d/.])\d{1,3}(?:/\d{1,3})+(?=号|楼|层|级|类|栋|幢|班|期|档|线|月|日|周|岁|元)",
        _alternatives,
        "1/2号窗口", "一或二号窗口",
    ),
    (
        r"(?<![\d/.])(\d{1,3})/(\d{1,4})(?![\d/.])", _fraction,
        "2/3以上", "三分之二以上",
    ),
    # Measures
    (
        r"(?<=[克升米gLlm人])/(?=10{1,3}(?:克|毫升|毫克|平方米|公里|人|g|ml|mL|km|kg|m²))", "每",
        "5克/100克", "五克每一百克",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})([A-Za-z]{{1,4}})?{TO}(?={NUMBER}\s*(?:{UNIT}|\2(?![A-Za-z\d])))",
        lambda m: decimal_in_words(m[1]) + UNITS.get(m[2] or "", m[2] or "") + "到",
        "10KB~50KB，26-32mm", "十KB到五十KB，二十六到三十二毫米",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})\s*({UNIT})((?:[/·]{EACH})*)", _measured,
        "7.0mmol/L", "七点零毫摩尔每升",
    ),
    # Ranges
    (
        rf"(?<![\d.A-Za-z-])({NUMBER}){TO}(?={NUMBER}(?![\d-]))", _range,
        "3-5天，18-2号", "三到五天，十八杠二号",
    ),
    (
        r"(?<=[元日月年个岁号点万亿度米克升吨秒天时分人周])\s*[-—~]+\s*"
        rf"(?=负?[\d{NUMERALS}](?![般定些样直旦致]))",
        "到",
        "5月1日—6月3日", "五月一日到六月三日",
    ),
    (
        rf"(?<=[{HAN}A-Za-z\d])\s*~\s*(?=[{HAN}A-Za-z\d])", "到",
        "甲座~丙座", "甲座到丙座",
    ),
    # What is left: 2 in front of a measure, then any number
    (
        rf"(?<![\d.第,{NUMERALS}])2(?=\s?(?:{MEASURES}))(?!\s?份?号)", _two,
        "2个，第1、2项", "两个，第一、二项",
    ),
    (
        r"(?<=\d)\.(?=\d+\.\d)|(?<=\d\.\d)\.(?=\d)", "点",
        "1.2.3版", "一点二点三版",
    ),
    (
        NUMBER, _number,
        "1,234.05", "一千二百三十四点零五",
    ),
)  # fmt: skip
