"""Telephone numbers and hotlines, read digit by digit with 幺 for 1."""

import re
from re import Match

from ..numerals import spell_digits
from .rule import COUNTED, MEASURES, NOT_BEFORE, ReadingRule, table

_EMERGENCY = r"(?:1(?:10|12|14|19|20|22)|999)"
_EMERGENCY_WORDS = (
    "报警|急救|救护|火警|火灾|消防|民警|交警|警|公安|热线|电话|指挥|接警|接处警|处警|出警|调度|平台|查号|查询|挂号|"
    "预约|交通|事故|应急|救援|抢修|红十字|宣传"
)
_EMERGENCY_SERVICES = (
    "(?:火警|报警|急救|救护|消防|交警|匪警|盗警|公安|查号)(?:台|中心|服务)?[是为]?[（(：:、 ]{0,2}"
)
_AMOUNT = rf"(?:{COUNTED}|\s*(?:{MEASURES}))"
_AREA = r"[(（]?(?<![\d.])0\d{1,3}[)）]?[- —]{0,3}"


def _telephone(match: Match[str]) -> str:
    return spell_digits(match[0], telephone=True)


def _international(match: Match[str]) -> str:
    if len(re.sub(r"\D", "", match[0])) < 9:
        return match[0]
    country, number = match.groups()
    return f"加{spell_digits(country, telephone=True)}，{spell_digits(number, telephone=True)}"


def _listed(match: Match[str]) -> str:
    return re.sub(r"\d+", _telephone, match[0]).replace("/", "或")


INTERNATIONAL: tuple[ReadingRule, ...] = table(
    (
        r"\+(86|85[23]|886|\d{1,3}(?=[ (-]))[ -]?(\(?\d{1,11}\)?(?:[ -]?\d{2,8}){0,4})(?!\d)",
        _international,
        "+86 13812345678", "加八六，幺三八幺二三四五六七八",
    ),
    (
        r"(?<!\d)86-(\d{2,3}-\d{7,8})(?!\d)",
        lambda m: "八六，" + spell_digits(m[1], telephone=True),
        "86-571-88888888", "八六，五七幺八八八八八八八八",
    ),
    (
        r"(?<!\d)0086[- ]?(?=0?[1-9]\d)", "零零八六，",
        "0086-13812345678", "零零八六，幺三八幺二三四五六七八",
    ),
    (
        r"(?<!\d)86[- ](?=1[3-9]\d)", "八六，",
        "电话86-13812345678", "电话八六，幺三八幺二三四五六七八",
    ),
)  # fmt: skip

TELEPHONES: tuple[ReadingRule, ...] = table(
    (
        r"(?<![\d.])1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", _telephone,
        "联系138-1234-5678", "联系幺三八幺二三四五六七八",
    ),
    (
        r"(?<!\d)[48]00(?:[- ]?\d{3}[- ]?\d{4}|\d-\d{3}-\d{3})(?!\d)", _telephone,
        "400-800-1234", "四零零八零零幺二三四",
    ),
    (
        rf"{_AREA}(?:\d{{7,8}}|\d{{3,4}}[- ]\d{{3,4}})(?!\d)(?:[-—]\d{{1,5}}(?!\d))?", _telephone,
        "咨询010-12345678", "咨询零幺零幺二三四五六七八",
    ),
    (
        r"(?:(?<=转)|(?<=分机))\d{1,5}(?=$|[^\d个次人元万°])", _telephone,
        "总机转8001", "总机转八零零幺",
    ),
    (
        rf"(?:(?<![\d.,第¥$])|(?<=\d[/]))(?!(?<=\d[:：])\d+00(?!\d))"
        rf"(?:1[0-2]\d{{3}}|9[56]\d{{3,4}}){NOT_BEFORE}(?!{COUNTED})",
        _telephone,
        "12333人社热线，12000人", "幺二三三三人社热线，一万二千人",
    ),
    # Three digits need a word beside them that says what they are
    (
        rf"(?<![\d.]){_EMERGENCY}(?:[、/或和]{_EMERGENCY})+(?!\d|{_AMOUNT})", _listed,
        "110、119/120", "幺幺零、幺幺九或幺二零",
    ),
    (
        rf"(?<=[打拨电叫找]){_EMERGENCY}(?!\d|{COUNTED})", _telephone,
        "出事打110", "出事打幺幺零",
    ),
    (
        rf"({_EMERGENCY_SERVICES})({_EMERGENCY})(?!\d|\.\d|{_AMOUNT})",
        lambda m: m[1] + spell_digits(m[2], telephone=True),
        "火警119急救120", "火警幺幺九急救幺二零",
    ),
    (
        rf"(?<![\d.]){_EMERGENCY}(?={_EMERGENCY_WORDS})", _telephone,
        "122交通事故报警", "幺二二交通事故报警",
    ),
)  # fmt: skip
