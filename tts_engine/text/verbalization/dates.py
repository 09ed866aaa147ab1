"""Dates, years and clock times, in all their spellings."""

import re
from re import Match

from ..numerals import cardinal_in_words, decimal_in_words, spell_digits
from .rule import HAN, MEASURES, NOT_AFTER, NOT_BEFORE, NUMERALS, TO, YEAR, ReadingRule, table

_DAY_SEPARATOR = r"[-/.]"
# What a day with a name is followed by: 5.1劳动节, 3.15晚会
_NAMED_DAYS = (
    "国际|世界|全国|国家|劳动|国庆|元旦|儿童|妇女|青年|植树|建党|建军|教师|消费者|维权|禁毒|环境|"
    "宪法|知识产权|读书|护士|防灾|公祭|黄金周|长假|小长假|假期|放假|晚会|事件|事变|地震|志愿|"
    "运动|惨案|纪念|活动|促销|大促|[”’」』]"
)
_BORN = (
    "出生|生于|生人|生(?=$|[，。、）的人])|入学|毕业|参军|入伍|入职|入党|参加工作|退休|建成|成立|"
    "以前|那年"
)
_TIME_END = f"[{NUMERALS}][点分秒]"


def _is_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _month_day(month: str, day: str) -> str:
    return f"{cardinal_in_words(month)}月{cardinal_in_words(day)}日"


def _date(match: Match[str]) -> str:
    year, _, month, day = match.groups()
    if not _is_day(month, day):
        return match[0]
    return f"{spell_digits(year)}年{_month_day(month, day)}"


def _compact_date(match: Match[str]) -> str:
    return f"{spell_digits(match[1])}年{_month_day(match[2], match[3])}"


def _date_and_day(match: Match[str]) -> str:
    year, _, month, day, last_month, last_day = match.groups()
    if not (_is_day(month, day) and _is_day(last_month, last_day)):
        return match[0]
    first, last = _month_day(month, day), _month_day(last_month, last_day)
    return f"{spell_digits(year)}年{first}到{last}"


def _days(match: Match[str]) -> str:
    month, day, last_month, last_day = match.groups()
    if not (_is_day(month, day) and _is_day(last_month, last_day)):
        return match[0]
    are_fractions = int(month) < int(day) and int(last_month) < int(last_day)
    rest = match.string[match.end() :].lstrip()
    if are_fractions and not rest.startswith(("报名", "办理", "举", "期间", "日", "放假", "开")):
        return match[0]
    return f"{_month_day(month, day)}到{_month_day(last_month, last_day)}"


def _day(match: Match[str]) -> str:
    return _month_day(match[1], match[2]) if _is_day(match[1], match[2]) else match[0]


def _year_month(match: Match[str]) -> str:
    return f"{spell_digits(match[1])}年{cardinal_in_words(match[2])}月"


def _spelled(match: Match[str]) -> str:
    return spell_digits(match[0])


def _years(match: Match[str]) -> str:
    return f"{spell_digits(match[1])}到{spell_digits(match[2])}"


def _school_year(match: Match[str]) -> str:
    first, last = match.groups()
    if (int(first) + 1) % 100 != int(last) % 100:
        return match[0]
    return f"{spell_digits(first)}到{spell_digits(last)}"


def _named_day(match: Match[str]) -> str:
    return cardinal_in_words(match[1]) + spell_digits(match[2])


def _clock(match: Match[str]) -> str:
    hour, minute, second = match.groups()
    words = ("两" if int(hour) == 2 else cardinal_in_words(hour)) + "点"
    if int(minute) or second:
        words += ("零" if 0 < int(minute) < 10 else "") + cardinal_in_words(minute) + "分"
    if second:
        words += ("零" if 0 < int(second) < 10 else "") + cardinal_in_words(second) + "秒"
    return words


def _ratio(match: Match[str]) -> str:
    before, first, second = match.groups()
    return f"{before}{decimal_in_words(first)}比{decimal_in_words(second)}"


DATES: tuple[ReadingRule, ...] = table(
    (
        rf"{NOT_AFTER}({YEAR})([-/.])(\d{{1,2}})\2(\d{{1,2}})日?(?:{TO}|至|到)"
        rf"(\d{{1,2}})\2(\d{{1,2}})(?!{_DAY_SEPARATOR}?\d)日?",
        _date_and_day,
        "2024/3/5~3/9", "二零二四年三月五日到三月九日",
    ),
    (
        rf"{NOT_AFTER}({YEAR})([-/.])(\d{{1,2}})\2(\d{{1,2}}){NOT_BEFORE}日?", _date,
        "2024-05-01", "二零二四年五月一日",
    ),
    (
        r"(?<![\d/.])(\d\d)/(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])(?![\d/])", _compact_date,
        "24/05/01", "二四年五月一日",
    ),
    (
        r"(?<![\d/.])(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/((?:19|20)\d\d)(?![\d/])",
        lambda m: f"{spell_digits(m[3])}年{_month_day(m[1], m[2])}",
        "05/01/2024", "二零二四年五月一日",
    ),
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=[起前后至到之~—])",
        _compact_date,
        "20240501起", "二零二四年五月一日起",
    ),
    (
        r"(?<![\d./-])((?:19|20)?\d\d)\s*[-—~/]\s*((?:19|20)?\d\d)"
        r"(?=\s*(?:学年|财年|赛季|采暖季|供暖季|雪季)|(?<=\d{4}[-—~/]\d\d)年)",
        _school_year,
        "2024/25学年", "二零二四到二五学年",
    ),
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)[-/](0[1-9]|1[0-2])(?![\d/-])", _year_month,
        "2024-05", "二零二四年五月",
    ),
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)\.(0[1-9]|1[0-2])(?=$|[^\d.%元万亿米吨平])", _year_month,
        "有效期至2026.06", "有效期至二零二六年六月",
    ),
    (
        rf"(?<![\d/.])(\d{{1,2}})/(\d{{1,2}}){TO}(\d{{1,2}})/(\d{{1,2}})(?![\d/])", _days,
        "6/1—6/30报名", "六月一日到六月三十日报名",
    ),
    (
        r"(?<![\d/.])(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?=放假|[前起]|截止|日(?!期))日?", _day,
        "5/31前提交", "五月三十一日前提交",
    ),
    (
        r"(?<![\d.])(1[0-2]|[1-9])\.(3[01]|[12]\d)(?=[前起](?![期一-十]))", _day,
        "12.31前", "十二月三十一日前",
    ),
    # Years
    (
        rf"{NOT_AFTER}({YEAR}){TO}({YEAR})(?=\s*(?:年|学年|财年|赛季|采暖季|供暖季|版))", _years,
        "2024-2025年", "二零二四到二零二五年",
    ),
    (
        r"(?<![\d.号])((?:19|20)\d\d)\s*[-—~]+\s*((?:19|20)\d\d)(?=$|[，。；、）)])", _years,
        "（2024—2025）", "（二零二四到二零二五）",
    ),
    (
        r"(?<!\d)((?:19|20)\d0)s\b", lambda m: spell_digits(m[1]) + "年代",
        "1990s", "一九九零年代",
    ),
    (
        rf"{NOT_AFTER}{YEAR}"
        r"(?=\s*(?:年|学年|届|版|财年|级(?!别)|Q[1-4]|第\d+[号期])"
        r"|[、和至到及/]\s*(?:19|20)\d\d\s*(?:年|学年))",
        _spelled,
        "2024届和2025年", "二零二四届和二零二五年",
    ),
    (
        r"(?<!\d)['‘’]([5-9]\d(?!\d)|\d\d(?=级|届|年))", lambda m: spell_digits(m[1]),
        "'98级", "九八级",
    ),
    (
        r"(?<![\d.])\d\d(?=届|级(?:学生|新生|校友|毕业|本科))", _spelled,
        "98届毕业生", "九八届毕业生",
    ),
    (
        r"(?<![\d.-])(\d\d)[-—~](\d\d)(?=年(?:出生|生人|生的))", _years,
        "85-90年出生", "八五到九零年出生",
    ),
    (
        r"(?<![\d.满达近超共约-])(?:[5-9]\d|[0-3]\d)(?=年(?:\d{1,2}月(?!以|内)|" + _BORN + "))",
        _spelled,
        "生于86年8月18日", "生于八六年八月十八日",
    ),
    (
        r"(?<=[生建始立]于)\d\d(?=年)", _spelled,
        "始建于98年", "始建于九八年",
    ),
    (
        r"(?<![\d.])0\d(?=年)", _spelled,
        "08年", "零八年",
    ),
    (
        r"(?<![\d.])0(?=[1-9][月日时点])", "",
        "03月05日08时", "三月五日八时",
    ),
    (  # those born in the nineties
        r"(?<![\d.满达到近超])(?:[5-9]0|00)(?=后(?:$|[青人女男职父妈群干、，。]))", _spelled,
        "90后青年", "九零后青年",
    ),
    (
        r"(?<![\d.·•])(\d{1,2})[·•](\d{1,2})(?![\d.·•])", _named_day,
        "“12·4”宪法日", "“十二四”宪法日",
    ),
    (
        rf"(?<![\d.])(1[0-2]|[1-9])\.(3[01]|[12]\d|[1-9])(?!{MEASURES})(?=[{HAN}]{{2,9}}日(?!期))",
        _named_day,
        "4.15全民国家安全教育日", "四一五全民国家安全教育日",
    ),
    (
        rf"(?<![\d.])(1[0-2]|[1-9])\.(3[01]|[12]\d|[1-9])(?={_NAMED_DAYS})", _named_day,
        "5.1劳动节", "五一劳动节",
    ),
    (  # other numbers in front of 节 are sections: 3.1节
        r"(?<![\d.第见按据照及])(3)\.(8)(?=节)|(?<![\d.第见按据照及])([56]|10)\.(1)(?=节)",
        lambda m: cardinal_in_words(m[1] or m[3]) + "一八"[m[2] == "8"],
        "6.1节，第6.1节", "六一节，第六点一节",
    ),
)  # fmt: skip

CLOCK: tuple[ReadingRule, ...] = table(
    (
        rf"(比(?:例|值|率|分)?[^，。；,;]{{0,4}}?){NOT_AFTER}(\d+(?:\.\d+)?)[:：](\d+(?:\.\d+)?)",
        _ratio,
        "比例为1:20", "比例为一比二十",
    ),
    (
        rf"{NOT_AFTER}([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![:：]?\d)", _clock,
        "8:30", "八点三十分",
    ),
    (
        r"(?<=[点分秒])\s*[-—~]+\s*(?=(?:次日|当日|第二天|凌晨)?[零一二两三四五六七八九十]+点)",
        "到",
        "22:00-次日6:00", "二十二点到次日六点",
    ),
    (
        rf"(?<={_TIME_END})\s*/\s*"
        rf"(?=[{HAN}]{{0,6}}[{NUMERALS}]+点|[上下中]午|晚|凌晨|周|星期|节假日|次日)", "，",
        "9:00-11:00/14:00-17:00", "九点到十一点，十四点到十七点",
    ),
    (
        r"(?<=[\d点分秒])\s*([AaPp])\.?[Mm]\b\.?", lambda m: f"{m[1].upper()}M",
        "9:00am", "九点AM",
    ),
    (
        r"(?<![\d.])\d{1,6}(?:[:：]\d{1,6}){2,}(?!\d)",
        lambda m: "比".join(map(cardinal_in_words, re.split("[:：]", m[0]))),
        "按1:10:100配比", "按一比十比一百配比",
    ),
    (
        rf"(){NOT_AFTER}(\d+(?:\.\d+)?)[:：](\d+(?:\.\d+)?)(?![\d:：])", _ratio,
        "3:2", "三比二",
    ),
    (
        r"(?<=[周期][一二三四五六])/[一二三四五六日天](?:/[一二三四五六日天])*",
        lambda m: m[0].replace("/", "或"),
        "周一/三/五", "周一或三或五",
    ),
    (
        rf"(?<=[周期][一二三四五六])\s*[-—~]+\s*(?=(?:周|星期)?[一二三四五六日天](?![{HAN}]*\d月))",
        "到",
        "周一-周五", "周一到周五",
    ),
)  # fmt: skip
