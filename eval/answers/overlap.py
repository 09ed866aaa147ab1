"""How much of a right answer an answer says, and what it says beyond its sources."""

import re
from collections.abc import Sequence
from decimal import Decimal

from agent.grounding import Evidence
from agent.grounding.figures import figures, is_known
from agent.grounding.numerals import CHINESE, value_of
from retrievers import Passage
from retrievers.faq_files import to_record
from retrievers.folding import fold

_UNIT = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[^\W\d_a-z]", re.I)
_NUMBER = re.compile(rf"\d+(?:\.\d+)?|[{CHINESE}]+")


def rouge_l(answer: str, gold: str) -> float:
    """ROUGE-L (Lin, 2004) as F1 over characters, in Latin script over words, marks left out.

    >>> rouge_l("工本费每证40元。", "工本费每证40元"), rouge_l("天晴", "下雨")
    (1.0, 0.0)
    """
    said, right = _units(answer), _units(gold)
    if not said or not right:
        return 0.0
    return 2 * _common(said, right) / (len(said) + len(right))


def figures_said(answer: str, gold: str) -> tuple[int, int]:
    """How many of the amounts, dates, numbers, … of a right answer an answer says, and of how many.

    >>> figures_said("收费四十元", "20个工作日内领取，收费40元")
    (1, 2)
    """
    wanted, said = figures(gold), figures(answer)
    return sum(is_known(figure, said) for figure in wanted), len(wanted)


def unsupported(answer: str, cited: Sequence[Passage]) -> list[str]:
    """What exact things an answer says that stand in no passage it cites.

    Found twice over: by the rules with which a language model's sentences are checked before they
    are spoken, and, because those would pass their own mistakes here, by every number in digits
    that is in no passage, in digits or in characters.
    """
    found = [figure.value for figure in Evidence(cited).unknown(answer)]
    known = {value for passage in cited for value in _numbers(_text(passage))}
    for number in re.findall(r"\d+(?:\.\d+)?", _plain(answer)):
        if value_of(number) not in known and not any(number in other for other in found):
            found.append(number)
    return found


def _text(passage: Passage) -> str:
    return "\n".join(str(value) for value in to_record(passage.entry).values())


def _numbers(text: str) -> set[Decimal | None]:
    return {value_of(number) for number in _NUMBER.findall(_plain(text))}


def _plain(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3})", "", fold(text))


def _units(text: str) -> list[str]:
    return _UNIT.findall(fold(text).lower())


def _common(one: list[str], other: list[str]) -> int:
    """Length of the longest common subsequence, a whole row in one integer (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for place, unit in enumerate(one):
        places[unit] = places.get(unit, 0) | 1 << place
    all_set = (1 << len(one)) - 1
    row = all_set
    for unit in other:
        matched = row & places.get(unit, 0)
        row = ((row + matched) | (row - matched)) & all_set
    return len(one) - row.bit_count()
