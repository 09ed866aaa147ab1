"""What a question states that an entry contradicts: another document, grade, date, age or role.

Vectors and shared words hardly notice one word that turns a matter into another: 过期 and 没过期,
高级 and 中级, 6月30日前 and 7月1日以后. Here such words are read by a table, ``qualifiers.toml``;
a conflict keeps the entry from being the answer however near it is otherwise, and names the reason.

Only what both sides state can conflict. An entry is read by its question and its wordings alone,
because an answer mentions much that it is not about.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from ..base import Conflict
from ..text.normalization import normalize_text
from ..text.numerals import CHINESE, value_of

Interval = tuple[float, float]
"""Lowest and highest value, both within; infinite where there is no limit."""

_NEGATION = re.compile(
    r"(?:没有?|未|尚未|还没有?|无|不|非|(?:\bnot|n't|\bnever)(?: yet| been)*)[\s曾再能按时]*$|\bun$"
)
_LEFT_OPEN = re.compile(r"(?:有没有|是不是|是否|快要?|马上|即将|将要?|就要|whether .*)$")
_ASKED_AFTER = re.compile(r"了?没有?(?:[，。？?]|$)")
_BEFORE_IT = re.compile(r"(?:之|以)?前(?!后)")
_NUMBER = rf"(?:\d+(?:\.\d+)?|[{CHINESE}]+)"
_LOWER_LIMIT = re.compile(r"(?:年?满|超过?|大于|高于|至少|过了?|over|above|at least|from)\s*$")
_UPPER_LIMIT = re.compile(
    r"(?:[不未没]满|[不没未]到|不足|小于|低于|少于|[不没未]超过|under|below|younger than)\s*$"
)
_FROM_HERE = re.compile(
    r"\s*(?:\(?含\)?)?(?:及|或)?(?:以上|以后|之后|后|起|往上|开外|多|or (?:over|older|above))"
)
_UP_TO_HERE = re.compile(
    r"\s*(?:\(?含\)?)?[及或]?(?:以下|以内|之内|以前|之前|前|往下|不到|or (?:under|younger|below))"
)
_DATE = re.compile(
    r"(?P<before>before|after|since|until)?\s*"
    rf"(?P<year>(?:19|20)\d\d|[{CHINESE}]{{4}})年(?:(?P<month>{_NUMBER})月(?:(?P<day>{_NUMBER})[日号])?)?"
    r"(?P<side>\s*(?:\(?含\)?)?(?:及|或)?(?:以后|之后|后|起|以来|以前|之前|前))?"
)


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What texts state about the matter they are about."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of each group or condition of the table that is mentioned, the values, and the words."""
    ranges: Mapping[str, Mapping[Interval, str]] = field(default_factory=dict)
    """Of each unit that is mentioned, and of ``date`` (in days), what is stated in which words."""
    issuers: frozenset[str] = frozenset()
    """Other places whose documents are mentioned, as in 「泰国签证」."""
    places: frozenset[str] = frozenset()
    """Other places that are mentioned in any way."""
    is_about_abroad: bool = False
    """Whether other places are spoken of in general."""


def read_qualifiers(texts: Iterable[str]) -> Qualifiers:
    """What a question, or the question and wordings of an entry, state."""
    values: dict[str, dict[str, str]] = {}
    ranges: dict[str, dict[Interval, str]] = {}
    every = [_read(text) for text in texts]
    for stated in every:
        for group, some in stated.values.items():
            values[group] = {**some, **values.get(group, {})}
        for unit, intervals in stated.ranges.items():
            ranges[unit] = {**intervals, **ranges.get(unit, {})}
    return Qualifiers(
        values,
        ranges,
        frozenset().union(*(stated.issuers for stated in every)),
        frozenset().union(*(stated.places for stated in every)),
        any(stated.is_about_abroad for stated in every),
    )


def find_conflict(asked: Qualifiers, about: Qualifiers) -> Conflict | None:
    """The first thing in which an entry contradicts a question; None if there is none.

    Args:
        asked: Of the question.
        about: Of the entry's question and wordings.
    """
    table = _table()
    for group, wanted in asked.values.items():
        stated = about.values.get(group, {})
        if stated and wanted.keys().isdisjoint(stated):
            return Conflict(group, _words(wanted), _words(stated))
    if asked.issuers and asked.issuers.isdisjoint(about.places) and not about.is_about_abroad:
        return Conflict("place", tuple(sorted(asked.issuers)), tuple(sorted(about.places)))
    for unit, intervals in asked.ranges.items():
        others = about.ranges.get(unit, {})
        if unit == "date":  # a date by itself, as of one's birth, tells no rule from another
            intervals, others = _one_sided(intervals), _one_sided(others)
        if not others or not intervals:
            continue
        meets = _equal if unit in table.exact else _overlap
        if not any(meets(one, other) for one in intervals for other in others):
            return Conflict(unit, _words(intervals), _words(others))
    return None


@dataclass(frozen=True, slots=True)
class _Table:
    groups: Mapping[str, Mapping[str, re.Pattern[str]]]
    conditions: Mapping[str, re.Pattern[str]]
    units: Mapping[str, re.Pattern[str]]
    exact: frozenset[str]
    place: re.Pattern[str]
    abroad: re.Pattern[str]
    foreign_document: re.Pattern[str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    text = resources.files(__package__).joinpath("qualifiers.toml").read_text("utf-8")
    table = tomllib.loads(text)

    def compiled(words: Sequence[str]) -> re.Pattern[str]:
        return re.compile("|".join(words))

    places = table["places"]
    named = {**table["group"], "document": table["documents"]}
    return _Table(
        groups={
            group: {value: compiled(words) for value, words in values.items()}
            for group, values in named.items()
        },
        conditions={name: compiled(words) for name, words in table["conditions"].items()},
        units={
            unit: re.compile(
                f"{values.get('before', '')}({_NUMBER})\\s?(?:{'|'.join(values['words'])})"
            )
            for unit, values in table["units"].items()
        },
        exact=frozenset(u for u, values in table["units"].items() if values["compare"] == "exact"),
        place=compiled(places["names"]),
        abroad=compiled(places["abroad"]),
        foreign_document=re.compile(
            f"({'|'.join(places['names'])})的?(?:{'|'.join(places['documents'])})"
        ),
    )


@lru_cache(maxsize=20_000)
def _read(text: str) -> Qualifiers:
    text = normalize_text(text).lower()
    table = _table()
    values: dict[str, dict[str, str]] = {}
    for group, patterns in table.groups.items():
        found = {
            value: match[0]
            for value, pattern in patterns.items()
            if (match := pattern.search(text))
        }
        if found:
            values[group] = found
    for condition, pattern in table.conditions.items():
        holds = dict(
            read for match in pattern.finditer(text) if (read := _read_condition(text, match))
        )
        if holds:
            values[condition] = holds
    ranges = {
        unit: intervals
        for unit, pattern in table.units.items()
        if (intervals := _quantities(text, pattern))
    }
    dates = {_date_interval(match): match[0].strip() for match in _DATE.finditer(text)}
    if dates:
        ranges["date"] = dates
    return Qualifiers(
        values,
        ranges,
        issuers=frozenset(table.foreign_document.findall(text)),
        places=frozenset(table.place.findall(text)),
        is_about_abroad=bool(table.abroad.search(text)),
    )


def _words(stated: Mapping[Any, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stated.values()))


def _read_condition(text: str, match: re.Match[str]) -> tuple[str, str] | None:
    """Whether a condition holds, ``"yes"`` or ``"not"``, and in which words.

    None if that is left open, as in 「过没过期」 or 「快到期」.
    """
    before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() :]
    if re.search(rf"{match[0][0]}[没不]$", before) or _LEFT_OPEN.search(before):
        return None
    if _ASKED_AFTER.match(after):
        return None
    if negation := _NEGATION.search(before):
        return "not", negation[0].lstrip() + match[0]
    if before_it := _BEFORE_IT.match(after):
        return "not", match[0] + before_it[0]
    return "yes", match[0]


def _quantities(text: str, pattern: re.Pattern[str]) -> dict[Interval, str]:
    found: dict[Interval, str] = {}
    for match in pattern.finditer(text):
        value = value_of(match[1])
        if value is None:
            continue
        number = float(value)
        before, after = text[: match.start()], text[match.end() :]
        if limit := _UPPER_LIMIT.search(before) or _UP_TO_HERE.match(after):
            interval = (-math.inf, number - 1e-3)
        elif limit := _LOWER_LIMIT.search(before) or _FROM_HERE.match(after):
            interval = (number, math.inf)
        else:
            interval = (number, number)
        words = [match[0]]
        if limit:
            words.insert(0 if limit.string is before else 1, limit[0])
        found[interval] = "".join(words).strip()
    return found


def _date_interval(match: re.Match[str]) -> Interval:
    """The days that a date stands for, as ordinals of the proleptic Gregorian calendar."""
    parts = {name: value_of(match[name]) for name in ("year", "month", "day") if match[name]}
    year, month, day = (int(parts.get(name) or 0) for name in ("year", "month", "day"))
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:  # 「13月」 says nothing
        return (-math.inf, math.inf)
    if day:
        last = first
    elif month:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
    else:
        last = date(year, 12, 31)
    side = (match["side"] or "").strip()
    if side.endswith(("起", "以来")):
        return (first.toordinal(), math.inf)
    if side.endswith("后"):
        return (last.toordinal() + (1 if match["day"] else 0), math.inf)
    if side.endswith("前"):
        return (-math.inf, first.toordinal())
    return (first.toordinal(), last.toordinal())


def _overlap(one: Interval, other: Interval) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1])


def _one_sided(intervals: Mapping[Interval, str]) -> Mapping[Interval, str]:
    return {
        one: words for one, words in intervals.items() if math.isinf(one[0]) or math.isinf(one[1])
    }


def _equal(one: Interval, other: Interval) -> bool:
    limits = [{end for end in interval if math.isfinite(end)} for interval in (one, other)]
    return limits[0] == limits[1]
