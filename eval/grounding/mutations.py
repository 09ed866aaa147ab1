"""True sentences made false in one place, by rule: what a check of sentences has to catch.

Each kind changes what a sentence states: a figure, a unit, a modal, a body, a negation. A kind
that does not apply to a sentence gives nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.grounding.word_classes import find_words, word_classes

_NUMBER = re.compile(r"(?<![\d.A-Za-z])\d+(?:\.\d+)?(?![\d.])")
_CHINESE_NUMBER = re.compile(r"[一二两三四五六七八九十]+(?=[年个月日天周岁元次人份张倍成折])")
_UNIT = re.compile(
    r"(?<=\d)(?:个工作日|工作日|个月|小时|分钟|周岁|元|万元|日|天|年|岁|次|%|公里|米|人|分|寸)"
)
_OTHER_UNITS: Mapping[str, Sequence[str]] = {
    "个工作日": ("个月", "小时", "周"), "工作日": ("个月", "小时"), "个月": ("年", "日", "周"),
    "小时": ("分钟", "日"), "分钟": ("小时",), "周岁": ("个月",), "元": ("万元", "美元", "角"),
    "万元": ("元", "亿元"), "日": ("个月", "小时", "年", "个工作日"), "天": ("个月", "年", "小时"),
    "年": ("个月", "日"), "岁": ("个月",), "次": ("天",), "%": ("‰", "倍", "成"), "公里": ("米",),
    "米": ("公里",), "人": ("户",), "分": ("次",), "寸": ("米",),
}  # fmt: skip
_MODALS = ("可以", "应当", "必须", "不得", "不能", "不可以", "无需", "不用", "不必", "需要", "须")
_NEGATIONS: Sequence[tuple[str, str]] = (
    ("不再收取", "收取"), ("不收取", "收取"), ("不收费", "收费"), ("免收", "收取"),
    ("免费", "收费"),
    ("免交", "要交"), ("不需要", "需要"), ("无需", "需要"), ("不用", "要"), ("不必", "必须"),
    ("不得", "可以"), ("不能", "能"), ("不可以", "可以"), ("不会", "会"), ("不予", "予以"),
    ("没有", "有"), ("未", "已"), ("不足", "足够"), ("不影响", "影响"), ("不计入", "计入"),
    ("不包括", "包括"), ("不属于", "属于"), ("不是", "是"), ("不在", "在"), ("不再", "仍"),
    ("不", ""), ("非", ""), ("无", "有"),
)  # fmt: skip
_NO_NEGATION = re.compile(
    r"不同|不动产|不管|不论|不少|不仅|不过|未成年|不便|不服|不良|不时|不断|无论"
)
_AFFIRMED = re.compile(
    r"(?<![不没未无免])(?:需要|可以|应当|收费|受理|办理|领取|申请|缴纳|计入|影响|属于|享受|作为|使用|报销|提供)"
)
_DENIALS = {"需要": "不需要", "可以": "不可以", "应当": "不应当"}
_FREQUENCIES = ("每年", "每月", "每天", "每周", "每季度", "每半年", "每周三", "每小时")
_BOUNDS = (
    ("以上", "以下"), ("以下", "以上"), ("超过", "不足"), ("不超过", "超过"), ("至少", "至多"),
    ("最多", "最少"), ("最低", "最高"), ("最长", "最短"), ("以内", "以外"), ("之内", "之后"),
    ("不少于", "不多于"), ("年满", "未满"), ("未满", "已满"), ("不满", "已满"), ("前", "后"),
    ("at least", "at most"), ("within", "after"), ("before", "after"), ("over", "under"),
    ("日内", "日后"), ("月内", "月后"), ("年内", "年后"),
)  # fmt: skip
_RESTRICTION = re.compile(r"仅限|只能|只有|仅|只(?=[要能限在有收])")
_CLASSES_OF_KIND: Mapping[str, Sequence[str]] = {
    "body": ("body",),
    "person": ("person", "sex", "party"),
    "document": ("document",),
    "insurance": ("insurance",),
    "action": ("action",),
    "direction": ("direction",),
    "validity": ("validity",),
    "channel": ("channel", "immediacy"),
    "place": ("place", "region", "level"),
    "frequency": ("frequency", "weekday", "daytime", "season"),
    "quantity": ("quantity", "certainty"),
    "connective": ("alternative", "order"),
    "grade": ("grade", "education", "exam", "vehicle"),
    "status": ("status", "fee"),
}
_INVENTED = (
    "，并缴纳押金", "，加急需另外付费", "，逾期将被罚款", "，须由他人担保", "，全程免费",
    "，由单位统一代办", "，不受时间限制", "，每人限办一次", "，并需网上公示", "，可以当天领取",
    "，还要本地户口", "，需提前预约", "，终身有效",
)  # fmt: skip
Change = Callable[[str, str, np.random.Generator], str | None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A sentence that says something else than the one that it was made from."""

    kind: str
    text: str


class Mutator:
    """Makes false sentences.

    Args:
        texts: Answers, from which nouns are taken that others are exchanged for.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._nouns_by_length: dict[int, list[str]] = {}
        for noun in sorted({noun for text in texts for noun, _ in _nouns(text)}):
            self._nouns_by_length.setdefault(min(len(noun), 4), []).append(noun)
        self.kinds: dict[str, Change] = {
            "figure from nowhere": _new_figure,
            "figure of the passage": _other_figure,
            "figures exchanged": _figures_exchanged,
            "unit": _other_unit,
            "numeral": _odd_numeral,
            "bound": _other_bound,
            "modal": _other_modal,
            "negation removed": _negation_removed,
            "negation added": _negation_added,
            "frequency added": _frequency_added,
            "restriction": _other_restriction,
            "noun of the passage": _noun_of_the_passage,
            "nouns exchanged": _nouns_exchanged,
            "noun from elsewhere": self._noun_from_elsewhere,
            "claim added": _claim_added,
            **{kind: _class_change(names) for kind, names in _CLASSES_OF_KIND.items()},
        }

    def mutate(
        self, sentence: str, passage: str, rng: np.random.Generator, kind: str | None = None
    ) -> Mutation | None:
        """A false sentence of one kind, or of any that applies; None if none does.

        Args:
            sentence: A true one.
            passage: What it was taken from.
            rng: What is made depends on it alone.
            kind: One of :attr:`kinds`.
        """
        kinds = [kind] if kind else list(rng.permutation(list(self.kinds)))
        for name in kinds:
            changed = self.kinds[name](sentence, passage, rng)
            if changed and changed != sentence and changed.strip("。.！!") not in passage:
                return Mutation(name, changed)
        return None

    def _noun_from_elsewhere(
        self, sentence: str, passage: str, rng: np.random.Generator
    ) -> str | None:
        nouns = _nouns(sentence)
        if not nouns:
            return None
        noun, at = nouns[rng.integers(len(nouns))]
        same_length = self._nouns_by_length.get(min(len(noun), 4), [])
        near = [n for n in same_length if n[-1] == noun[-1] and n not in passage]
        others = (
            near if near and rng.random() < 0.6 else [n for n in same_length if n not in passage]
        )
        return _put(sentence, at, noun, _one_of(others, rng)) if others else None


def _nouns(text: str) -> list[tuple[str, int]]:
    """Nouns of two characters or more, each with its position."""
    import jieba.posseg  # slow to import

    found, position = [], 0
    for word, flag in jieba.posseg.cut(text):
        if flag[0] == "n" and len(word) > 1 and "\u4e00" <= word[0] <= "\u9fff":
            found.append((word, position))
        position += len(word)
    return found


def _put(text: str, at: int, old: str, new: str) -> str:
    return text[:at] + new + text[at + len(old) :]


def _one_of(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]


def _a_match(pattern: re.Pattern[str], text: str, rng: np.random.Generator) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[rng.integers(len(found))] if found else None


def _new_figure(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_NUMBER, sentence, rng)
    if match is None:
        return None
    value = float(match[0])
    for _ in range(8):
        factor, step = rng.choice([1, 1, 2, 10]), rng.choice([-5, -2, -1, 1, 2, 3, 5, 10])
        number = f"{max(value * factor + step, 1):g}"
        if number not in passage:
            return _put(sentence, match.start(), match[0], number)
    return None


def _other_figure(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_NUMBER, sentence, rng)
    if match is None:
        return None
    others = sorted(set(_NUMBER.findall(passage)) - {match[0]})
    return _put(sentence, match.start(), match[0], _one_of(others, rng)) if others else None


def _figures_exchanged(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    found = list(_NUMBER.finditer(sentence))
    if len({match[0] for match in found}) < 2:
        return None
    first, second = sorted(rng.choice(len(found), 2, replace=False))
    a, b = found[int(first)], found[int(second)]
    if a[0] == b[0]:
        return None
    return sentence[: a.start()] + b[0] + sentence[a.end() : b.start()] + a[0] + sentence[b.end() :]


def _other_unit(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_UNIT, sentence, rng)
    if match is None:
        return None
    return _put(sentence, match.start(), match[0], _one_of(_OTHER_UNITS[match[0]], rng))


def _odd_numeral(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_NUMBER, sentence, rng)
    if match is None:
        return None
    number, others = match[0], [f"{match[0]}余", f"{match[0]}多", f"近{match[0]}", f"数{match[0]}"]
    others += [
        "卅",
        "廿",
        "Ⅳ",
        "Ⅵ",
        "㊿",
        "⑦",
        "壹佰",
        "叁",
        "双倍的" + number,
        "几",
        "一半的" + number,
    ]
    others += [f"{number}至{number}0", f"{number}美", f"{number}.5", f"负{number}"]
    other = _one_of([o for o in others if unicodedata.normalize("NFKC", o) != number], rng)
    return _put(sentence, match.start(), number, other)


def _other_bound(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    there = [(old, new) for old, new in _BOUNDS if old in sentence]
    if not there:
        return None
    old, new = there[rng.integers(len(there))]
    return sentence.replace(old, new, 1)


def _other_modal(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    found = list(find_words(sentence, "modality"))
    found = [word for word in found if len(word.word) > 1]
    if not found:
        return None
    chosen = found[rng.integers(len(found))]
    modality = word_classes()["modality"]
    others = [word for word in _MODALS if modality.value_of(word) not in (None, chosen.value)]
    if chosen.word.isascii():
        others = [
            o for o in ("may", "must", "cannot", "need not") if modality.value_of(o) != chosen.value
        ]
    return _put(sentence, chosen.start, chosen.word, _one_of(others, rng))


def _negation_removed(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    barred = [match.span() for match in _NO_NEGATION.finditer(sentence)]
    ways = []
    for old, new in _NEGATIONS:
        for match in re.finditer(old, sentence):
            if not any(start < match.end() and match.start() < end for start, end in barred):
                ways.append((match.start(), old, new))
    if ways:
        at = ways[rng.integers(len(ways))][0]
        old, new = next((old, new) for place, old, new in ways if place == at)
        return _put(sentence, at, old, new)
    english = re.sub(r"\b(?:not|no) |(?:n't|not)\b", "", sentence, count=1)
    return english if english != sentence else None


def _negation_added(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_AFFIRMED, sentence, rng)
    if match is None:
        found = re.search(r"\b(?:can|may|must|should|is|are|will)\b(?! not)", sentence)
        return _put(sentence, found.start(), found[0], f"{found[0]} not") if found else None
    prefix = _one_of(("不", "未", "不得", "无需", "禁止", "不予"), rng)
    return _put(sentence, match.start(), match[0], _DENIALS.get(match[0], prefix + match[0]))


def _frequency_added(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(
        re.compile(
            r"(?<![每不没未])(?:缴|交|收|申报|办理|申请|提交|登记|领取|报销|检验|换领|提取)"
        ),
        sentence,
        rng,
    )
    word = _one_of([f for f in _FREQUENCIES if f not in passage], rng)
    return _put(sentence, match.start(), "", word) if match else None


def _other_restriction(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    match = _a_match(_RESTRICTION, sentence, rng)
    if match is not None:
        return _put(sentence, match.start(), match[0], "可以" if match[0] == "只能" else "")
    people = list(find_words(sentence, "person")) or list(find_words(sentence, "place"))
    if not people:
        return None
    chosen = people[rng.integers(len(people))]
    if len(chosen.word) < 2 or chosen.word.isascii():
        return None
    return _put(sentence, chosen.start, "", _one_of(("仅限", "只有"), rng))


def _noun_of_the_passage(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    nouns = _nouns(sentence)
    if not nouns:
        return None
    noun, at = nouns[rng.integers(len(nouns))]
    others = [
        n for n, _ in _nouns(passage) if n not in noun and noun not in n and n not in sentence
    ]
    return _put(sentence, at, noun, _one_of(others, rng)) if others else None


def _nouns_exchanged(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    nouns = _nouns(sentence)
    if len(nouns) < 2:
        return None
    first, second = sorted(rng.choice(len(nouns), 2, replace=False))
    (a, start), (b, second_start) = nouns[int(first)], nouns[int(second)]
    between = sentence[start + len(a) : second_start]
    if a == b or (
        len(between) < 3 and between in ("", "和", "或", "、", "或者", "与", "及", "以及")
    ):
        return None
    return sentence[:start] + b + between + a + sentence[second_start + len(b) :]


def _claim_added(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
    if not re.search(r"[\u4e00-\u9fff]", sentence):
        return sentence.rstrip(". ") + _one_of(
            (", and pay a deposit.", ", free of charge.", " within one day.", " every year."), rng
        )
    return sentence.rstrip("。") + _one_of(_INVENTED, rng) + "。"


def _class_change(names: Sequence[str]) -> Change:
    """Exchanges a word for one of another line of its class."""

    def change(sentence: str, passage: str, rng: np.random.Generator) -> str | None:
        found = [word for name in names for word in find_words(sentence, name)]
        found = [
            w for w in found if len(w.word) > 1 or w.word_class in ("sex", "alternative", "order")
        ]
        if not found:
            return None
        chosen = found[rng.integers(len(found))]
        others = [
            word
            for value, line in enumerate(word_classes()[chosen.word_class].values)
            for word in line[:3]
            if value != chosen.value
            and word.isascii() == chosen.word.isascii()
            and (len(word) > 1 or len(chosen.word) == 1)
            and word not in chosen.word
            and chosen.word not in word
        ]
        if not others:
            return None
        return _put(sentence, chosen.start, chosen.word, _one_of(others, rng))

    return change
