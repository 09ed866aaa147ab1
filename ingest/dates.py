"""Dates as Chinese documents write them: 2024年5月1日, 二〇二四年五月一日, 民国113年."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from retrievers.text.numerals import parse_number

YEAR = r"(?:(?:中[华華])?民[国國]\s*\d{1,3}|\d{4}|(?<!\d)1[0-4]\d|[〇○零一二三四五六七八九]{4})"
DATE = re.compile(
    rf"(?P<year>{YEAR})\s*[年./-]\s*(?P<month>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})"
    r"\s*[月./-]\s*(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})(?!\d)\s*[日号]?"
)
DATE_PATTERN = re.sub(r"\?P<\w+>", "?:", DATE.pattern)
_COMPACT_DATE = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)")


def find_dates(text: str) -> Iterator[tuple[str, int, int]]:
    """The dates in a text: ISO 8601, start and end; those no calendar has are passed over."""
    for found in DATE.finditer(text):
        if iso := _iso(found):
            yield iso, found.start(), found.end()


def parse_date(text: str) -> str:
    """The date that a text consists of, ISO 8601; empty if it is none.

    A time of day after it is left out. Years before 民國 are counted from 1912.

    >>> parse_date("2024年3月1日"), parse_date("20240301"), parse_date("民國113年3月1日")
    ('2024-03-01', '2024-03-01', '2024-03-01')
    >>> parse_date("2024-02-30")
    ''
    """
    bare = re.sub(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", "", text.strip())
    found = _COMPACT_DATE.fullmatch(bare) or DATE.fullmatch(bare)
    return _iso(found) if found else ""


def _iso(found: re.Match[str]) -> str:
    written = found["year"]
    year = parse_number(re.sub(r"\D", "", written) or written)
    if "民" in written or year < 150:
        year += 1911
    try:
        return date(year, parse_number(found["month"]), parse_number(found["day"])).isoformat()
    except ValueError:
        return ""


def months_later(iso: str, count: int) -> str:
    """The same day some months later, or the last day of that month."""
    start = date.fromisoformat(iso)
    months = start.year * 12 + start.month - 1 + count
    try:
        return start.replace(year=months // 12, month=months % 12 + 1).isoformat()
    except ValueError:  # there is no 31st: the last day of the month
        first = date(months // 12, months % 12 + 1, 28) + timedelta(days=4)
        return (first - timedelta(days=first.day)).isoformat()
