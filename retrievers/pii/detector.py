"""Personal data in texts and entries."""

import re
from dataclasses import dataclass

from ..base import FaqEntry
from .patterns import HOME_CONTEXT, PII_PATTERNS, PiiPattern

_HALF_WIDTH = str.maketrans(
    {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: " "}
)
"""Full-width to plain, one character for one, so that positions stay true."""


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
)


class PiiDetector:
    """Finds personal data. Several threads may use one."""

    def findings(self, text: str) -> list[PiiFinding]:
        """Personal data in a text, in order; of overlapping findings the first, longest counts."""
        plain = text.translate(_HALF_WIDTH)
        if not re.search(r"[0-9@]", plain):  # all kinds have a digit or an @
            return []
        spans = [
            (found.start(), found.end(), pattern.kind)
            for pattern in PII_PATTERNS
            for found in pattern.form.finditer(plain)
            if pattern.is_valid(found[0]) and _is_confirmed(pattern, plain, found)
        ]
        kept: list[PiiFinding] = []
        for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
            if not kept or start >= kept[-1].end:
                kept.append(PiiFinding(kind, start, end, _masked(plain[start:end])))
        return kept

    def entry_findings(self, entry: FaqEntry) -> tuple[EntryPii, ...]:
        """Personal data in an entry, each once; empty if there is none."""
        texts = {
            "question": entry.question,
            "wordings": "\n".join(entry.wordings),
            "answer": entry.answer,
            "spoken": entry.spoken,
            "department": entry.department,
            "source_title": entry.source_title,
            "portal": entry.portal,
            "notice": entry.notice,
        }
        # One text, because a name in one field belongs to the address in the next.
        whole = "\n".join(texts.values())
        found = []
        for finding in self.findings(whole):
            end = 0
            for name, value in texts.items():
                end += len(value) + 1
                if finding.start < end:
                    found.append(EntryPii(name, finding.kind, finding.shown))
                    break
        return tuple(dict.fromkeys(found))


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


def _masked(text: str) -> str:
    if "@" in text:
        name, _, domain = text.partition("@")
        return f"{name[0]}***@{domain}"
    if re.search(r"[\u4e00-\u9fff]", text):
        return f"{text[:2]}***"
    kept = 4 if len(text) > 12 else 3
    return f"{text[:kept]}{'*' * (len(text) - kept - 4)}{text[-4:]}"
