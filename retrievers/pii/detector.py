"""Personal data in texts and entries."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from ..base import FaqEntry
from .disguises import CHINESE_DIGITS, fold, joined_numbers
from .patterns import HOME_CONTEXT, PII_PATTERNS, PiiPattern, joined_number_kind

_WORTH_A_LOOK = re.compile(
    r"[0-9@]|(?:[零〇○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]\W?){7}|[#点艾\[({（【]\s?(?:at|特)|\bat\b|微信|薇信|威信"
    r"|(?i:vx|wechat|telegram)|[一二三四五六七八九十百][号號弄幢栋棟]|患|确诊|诊断|感染|因.{0,8}[症炎癌病]|艾特"
)
"""What every kind has something of; most texts have nothing and are let pass at once."""
_URL_MARKS = re.compile(r"[/?&=#;:_%+]+")


@dataclass(frozen=True, slots=True)
class PiiFinding:
    """Personal data in a text."""

    kind: str
    """A code, one of :data:`~retrievers.pii.patterns.KINDS`."""
    start: int
    end: int
    """Characters of the text, half open."""
    shown: str
    """Itself with its middle masked, fit for a report."""


@dataclass(frozen=True, slots=True)
class EntryPii:
    """Personal data in an entry."""

    field: str
    """One of :data:`SCREENED_FIELDS`."""
    kind: str
    """A code, one of :data:`~retrievers.pii.patterns.KINDS`."""
    shown: str
    """Itself with its middle masked, fit for a report."""


SCREENED_FIELDS = (
    "question",
    "wordings",
    "answer",
    "spoken",
    "department",
    "source_title",
    "portal",
    "notice",
    "document_number",
    "place",
    "region",
    "field",
    "faq_id",
    "origin",
    "source_url",
    "document_url",
)
_FIELD_END = "\n\x1f\n"  # no number goes on behind it


class PiiDetector:
    """Finds personal data. Several threads may use one."""

    def findings(self, text: str) -> list[PiiFinding]:
        """Personal data in a text, in order; of overlapping findings the first, longest counts."""
        folded = fold(text)
        plain = folded.text
        if not _WORTH_A_LOOK.search(plain):
            return []
        spans = [
            (found.start(), found.end(), pattern.kind)
            for pattern in PII_PATTERNS
            for found in pattern.form.finditer(plain)
            if pattern.is_valid(found[0]) and _is_confirmed(pattern, plain, found)
        ]
        spans += [
            (number.start, number.end, kind)
            for number in joined_numbers(plain)
            if (kind := joined_number_kind(number, plain))
        ]
        kept: list[PiiFinding] = []
        for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
            if not kept or start >= kept[-1].end:
                kept.append(PiiFinding(kind, start, end, _masked(kind, plain[start:end])))
        # Positions are those of the text as it was given, though they were found in another.
        return [
            PiiFinding(found.kind, *folded.span(found.start, found.end), found.shown)
            for found in kept
        ]

    def entry_findings(self, entry: FaqEntry) -> tuple[EntryPii, ...]:
        """Personal data in an entry, each once; empty if there is none."""
        texts = {name: _screened_text(entry, name) for name in SCREENED_FIELDS}
        # One text, because a name in one field belongs to the address in the next.
        whole = _FIELD_END.join(texts.values())
        found = []
        for finding in self.findings(whole):
            end = 0
            for name, value in texts.items():
                end += len(value) + len(_FIELD_END)
                if finding.start < end:
                    found.append(EntryPii(name, finding.kind, finding.shown))
                    break
        return tuple(dict.fromkeys(found))


def _screened_text(entry: FaqEntry, field: str) -> str:
    value = getattr(entry, field)
    if field == "wordings":
        return "\n".join(value)
    if field.endswith("_url"):
        return _URL_MARKS.sub(" ", unquote(value))
    return str(value)


def _is_confirmed(pattern: PiiPattern, text: str, found: re.Match[str]) -> bool:
    """Whether the words around a match say that it is what it looks like."""
    before, after = pattern.reach
    near = text[max(0, found.start() - before) : found.end() + after]
    if pattern.nearby and not pattern.nearby.search(near):
        return False
    if not pattern.unless:
        return True
    around = text[max(0, found.start() - 20) : found.end() + 16]
    is_home = HOME_CONTEXT.search(text[max(0, found.start() - 16) : found.start()])
    return bool(is_home) or not pattern.unless.search(around)


def _masked(kind: str, text: str) -> str:
    if kind == "email":
        name, _, domain = text.partition("@")
        return f"{name[0]}***@{domain}"
    if kind in ("mobile_number", "citizen_id", "bank_card"):
        text = "".join(re.findall(r"[0-9A-Za-z]", text.translate(CHINESE_DIGITS)))
    elif re.search(r"[\u4e00-\u9fff]", text):
        return f"{text[:2]}***"
    kept = 4 if len(text) > 12 else 3
    return f"{text[:kept]}{'*' * (len(text) - kept - 4)}{text[-4:]}"
