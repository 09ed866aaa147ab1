"""A row of a table of reading rules: a pattern, how it is said, and an example of it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from re import Match

from ..numerals import decimal_in_words

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
TO = r"\s*[-—~]+\s*"
"""The signs of a range."""
NOT_AFTER = r"(?<![\d.])"
NOT_BEFORE = r"(?!\.?\d)"
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
"""Chinese characters, as inside a character class."""
NUMERALS = "零幺一二两三四五六七八九十百千万亿"
"""Characters of numbers that are already in words, as inside a character class."""
# What makes another word of a measure: 12315平台, but 12000平; 12345人工服务, but 12000人工作
_NO_MEASURES = {
    "百": "姓|科", "套": "餐", "份": "额", "页": "面", "字": "样", "条": "例(?!句)",
    "人": "社(?![会区团员])|民|力|才|工(?![作龄])", "户": "政|籍(?!人)",
    "个": "税(?![务号目源])|人(?:信息|所得|养老|账户|征信|业务|社保|医保)", "项": "目(?!标)",
    "平": "[台安时等价稳急]", "所": "[有在属]", "例": "[行如]", "位": "[于置]", "株": "洲",
    "本": "[人市省县区地级机平]", "台": "[湾胞账]", "天": "[天气]", "年": "[审检]",
    "家": "政(?![府务法])|电维", "多": "[渠语媒功]", "余": "额",
}  # fmt: skip
COUNTED = (
    r"\s*(?:[,.%‰]\d|m²|k[mg]|公[里斤顷分升尺]|[%‰元万亿件米块吨千名次亩岁倍辆张]|"
    + "|".join(f"{measure}(?!{no_measure})" for measure, no_measure in _NO_MEASURES.items())
    + ")"
)
"""What stands behind an amount, and behind no code or hotline."""
YEAR = r"(?:1[89]|20|21)\d\d"
MEASURES = (  # 2 in front of these is 两
    "个|本|份|次|人|名|位|天|周|岁|张|套|家|件|项|种|类|条|款|步|部|间|台|辆|户|倍|点|小时|分钟|秒|万|亿|千|"
    "吨|米|公里|千米|公斤|元|块|片|支|只|枚|处|所|座|栋|页|行|段|批|组|对|双|轮|场|届|者|地|证|年(?!级)|寸|平方|"
    "立方|口|把|根|封|篇|门|笔|股|瓶|盒|箱|袋|升|毫|厘|分之|阶段|方面|成|边|侧|头|亩|公顷|克|千克|摄氏度|"
    "季度|学期|工作日|日内|刻钟|遍|趟|道|起|例|宗|艘|架|棵|株|盏|顿|餐|杯|碗|副|幅|颗|粒|站|针|剂|床|桌"
)

Spoken = str | Callable[[Match[str]], str]


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """How one kind of written text is said."""

    pattern: re.Pattern[str]
    r"""What is written. ``^`` and ``$`` are ends of lines; ``\d`` and ``\w`` are ASCII."""
    spoken: Spoken
    """What replaces it: a template, or a function of the match."""
    example: str
    """A text to which the rule applies."""
    said: str
    """What becomes of the example when all tables have been applied."""


def table(*rows: tuple[str, Spoken, str, str]) -> tuple[ReadingRule, ...]:
    """Return a table whose rows are (pattern, spoken, example, said)."""
    return tuple(
        ReadingRule(re.compile(pattern, re.M | re.A), spoken, example, said)
        for pattern, spoken, example, said in rows
    )


def apply_rules(text: str, rules: Iterable[ReadingRule]) -> str:
    """Apply rules in their order, so that the general ones see only what is left."""
    for rule in rules:
        text = rule.pattern.sub(rule.spoken, text)
    return text


def counted_in_words(number: str) -> str:
    """Read a number in front of a measure: ``"2"`` is 两, others are as ever."""
    return "两" if number == "2" else decimal_in_words(number)
