"""What became of a question, and the figures over many of them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np

from agent.grounding import Evidence
from agent.grounding.exact_values import exact_values, is_known
from agent.types import Answer
from retrievers import Passage
from retrievers.store.faq_files import to_record
from retrievers.text.normalization import normalize_text
from retrievers.text.numerals import CHINESE, value_of

from ..metrics import Estimate, mean_estimate
from ..testset import TestQuestion
from .timed_session import TimedAnswer

RIGHT_FROM = 0.5
"""ROUGE-L from which an answer is right where no entries are named as gold."""

Verdict = Literal[
    "answered right", "answered wrong", "wrongly refused", "wrongly answered", "rightly refused"
]
Opinion = Literal["right", "partly", "wrong"]
"""What a judge may think of an answer."""


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """One question, what is right, and what was told."""

    question: TestQuestion
    gold_ids: frozenset[str]
    """Entries any of which answers it; empty where only an answer is known, or none is right."""
    gold_answers: tuple[str, ...]
    """Right answers in words."""
    told: TimedAnswer
    opinion: Opinion | None = None
    """Of a judge; None if none was asked or it did not say."""

    @property
    def answer(self) -> Answer:
        """What was told."""
        return self.told.answer

    @property
    def is_answered(self) -> bool:
        """Not refused, not merely suggested, not greeted."""
        return self.answer.outcome == "answered"

    @property
    def n_right_sources(self) -> int:
        """Citations that are gold."""
        return sum(passage.entry.faq_id in self.gold_ids for passage in self.answer.citations)

    @property
    def overlap(self) -> float:
        """ROUGE-L with the nearest right answer, in [0, 1]."""
        return max((rouge_l(self.answer.text, gold) for gold in self.gold_answers), default=0.0)

    @property
    def figures(self) -> tuple[int, int]:
        """Figures of the nearest right answer that were said, and how many it has."""
        said = [figures_said(self.answer.text, gold) for gold in self.gold_answers]
        return max(said, key=lambda pair: pair[0] / (pair[1] or 1), default=(0, 0))

    @property
    def unsupported(self) -> list[str]:
        """Exact things that stand in no cited passage; a refusal says none."""
        return unsupported(self.answer.text, self.answer.citations) if self.is_answered else []

    @property
    def verdict(self) -> Verdict:
        """What the visitor would say of it: right is an answer that rests on a gold entry."""
        if self.question.kind != "in":
            return "wrongly answered" if self.is_answered else "rightly refused"
        if not self.is_answered:
            return "wrongly refused"
        is_right = self.n_right_sources > 0 if self.gold_ids else self.overlap >= RIGHT_FROM
        return "answered right" if is_right else "answered wrong"


def answer_figures(findings: Sequence[GradedAnswer]) -> dict[str, Estimate]:
    """Every figure by its name; see the labels in ``report``."""
    answerable, near, off = (
        [f for f in findings if f.question.kind == kind] for kind in ("in", "near", "off")
    )
    given = [f for f in answerable if f.is_answered]
    sourced = [f for f in given if f.gold_ids and f.answer.citations]
    judged = [f for f in given if f.opinion]
    said, wanted = np.array([f.figures for f in given]).reshape(-1, 2).sum(axis=0)
    usages = [f.answer.usage for f in findings if f.answer.usage]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    times: dict[str, list[float | None]] = {
        "first_token": [f.told.first_token_ms for f in findings],
        "first_text": [f.told.first_text_ms for f in findings],
        "first_sound": [f.told.first_sound_ms for f in findings],
        "sound_after_sentence": [_after_sentence(f.told) for f in findings],
    }
    return {
        "right": _mean(answerable, lambda f: f.verdict == "answered right"),
        "answered_wrong": _mean(answerable, lambda f: f.verdict == "answered wrong"),
        "wrongly_refused": _mean(answerable, lambda f: f.verdict == "wrongly refused"),
        "suggested": _mean(answerable, lambda f: f.answer.outcome == "suggested"),
        "rouge_l": _mean(given, lambda f: f.overlap),
        "gold_figures": Estimate(said / wanted) if wanted else Estimate(),
        "citation_precision": _mean(sourced, lambda f: f.n_right_sources / len(f.answer.citations)),
        "citation_recall": _mean([f for f in given if f.gold_ids], lambda f: f.n_right_sources > 0),
        "unsupported": _mean([f for f in findings if f.is_answered], lambda f: bool(f.unsupported)),
        "rightly_refused_near": _mean(near, lambda f: f.verdict == "rightly refused"),
        "rightly_refused_far": _mean(off, lambda f: f.verdict == "rightly refused"),
        "judged_right": _mean(judged, lambda f: f.opinion == "right"),
        "judged_wrong": _mean(judged, lambda f: f.opinion == "wrong"),
        "asked_model": _mean(findings, lambda f: f.answer.usage is not None),
        "by_model": _mean(findings, lambda f: f.is_answered and not f.answer.is_verbatim),
        **{
            f"{name}_p{percentile}_ms": _percentile(values, percentile)
            for name, values in times.items()
            for percentile in (50, 95)
        },
        "tokens_read": _mean_of([float(usage.input_tokens) for usage in usages]),
        "tokens_written": _mean_of([float(usage.output_tokens) for usage in usages]),
        "cost": _mean_of(costs),
        "cost_total": Estimate(sum(costs)) if costs else Estimate(),
    }


def _after_sentence(told: TimedAnswer) -> float | None:
    if told.first_sound_ms is None or told.sentence_ms is None:
        return None
    return told.first_sound_ms - told.sentence_ms


def _mean(findings: Iterable[GradedAnswer], value: Callable[[GradedAnswer], float]) -> Estimate:
    return mean_estimate(np.array([float(value(finding)) for finding in findings]))


def _mean_of(values: Sequence[float]) -> Estimate:
    return Estimate(float(np.mean(values))) if values else Estimate()


def _percentile(values: Iterable[float | None], percentile: int) -> Estimate:
    known = [value for value in values if value is not None]
    return Estimate(float(np.percentile(known, percentile))) if known else Estimate()


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
    wanted, said = exact_values(gold), exact_values(answer)
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
    return re.sub(r"(?<=\d),(?=\d{3})", "", normalize_text(text))


def _units(text: str) -> list[str]:
    return _UNIT.findall(normalize_text(text).lower())


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
