"""The numbers that Word puts before paragraphs: they are counted, not written in the file."""

import re
from collections import defaultdict
from dataclasses import dataclass

from docx.oxml.ns import qn
from lxml.etree import _Element

from retrievers.text.numerals import chinese_number

_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"),
          (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _NumberingLevel:
    form: str
    pattern: str
    start: int
    legal: bool
    """Whether the numbers of higher levels are shown in digits, whatever their own form."""


class DocxNumbering:
    """Counts the numbered paragraphs of a document, in order."""

    def __init__(self, numbering: _Element | None) -> None:
        self._levels: dict[str, dict[int, _NumberingLevel]] = {}
        self._abstract: dict[str, str] = {}
        self._restarts: dict[str, dict[int, int]] = {}
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._seen: set[str] = set()
        if numbering is None:
            return
        for abstract in numbering.findall(qn("w:abstractNum")):
            self._levels[abstract.get(qn("w:abstractNumId"), "")] = {
                int(level.get(qn("w:ilvl"), "0")): _NumberingLevel(
                    _value(level, "w:numFmt", "decimal"),
                    _value(level, "w:lvlText", ""),
                    int(_value(level, "w:start", "1")),
                    level.find(qn("w:isLgl")) is not None,
                )
                for level in abstract.findall(qn("w:lvl"))
            }
        for num in numbering.findall(qn("w:num")):
            number = num.get(qn("w:numId"), "")
            self._abstract[number] = _value(num, "w:abstractNumId", "")
            self._restarts[number] = {
                int(override.get(qn("w:ilvl"), "0")): int(start.get(qn("w:val"), "1"))
                for override in num.findall(qn("w:lvlOverride"))
                if (start := override.find(qn("w:startOverride"))) is not None
            }

    def next(self, number: str, depth: int) -> str | None:
        """The number of the next paragraph of a list, as it is shown, e.g. ``第三条 ``.

        Returns:
            ``""`` before a bullet, None if the paragraph belongs to no list.
        """
        abstract = self._abstract.get(number)
        levels = self._levels.get(abstract or "", {})
        if abstract is None or depth not in levels:
            return None
        counts = self._counts[abstract]
        if number not in self._seen:
            self._seen.add(number)
            for restarted, start in self._restarts[number].items():
                counts[restarted] = start - 1
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        if levels[depth].form in ("bullet", "none"):
            return ""

        def shown(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            if level not in levels:
                return ""
            form = "decimal" if levels[depth].legal else levels[level].form
            return _written(counts.get(level, levels[level].start), form)

        text = re.sub(r"%(\d)", shown, levels[depth].pattern)
        return text if text.endswith(("、", "．", ")", "）", "：")) else f"{text} " if text else ""


def _value(parent: _Element, tag: str, otherwise: str) -> str:
    child = parent.find(qn(tag))
    return otherwise if child is None else child.get(qn("w:val"), otherwise)


def _written(number: int, form: str) -> str:
    match form:
        case (
            "chineseCounting"
            | "chineseCountingThousand"
            | "japaneseCounting"
            | "taiwaneseCounting"
            | "taiwaneseCountingThousand"
        ):
            return chinese_number(number, digits=_DIGITS)
        case "chineseLegalSimplified" | "ideographLegalTraditional" | "japaneseLegal":
            return chinese_number(number, digits=_LEGAL_DIGITS, ten="拾", hundred="佰")
        case "ideographTraditional":
            return "甲乙丙丁戊己庚辛壬癸"[(number - 1) % 10]
        case "decimalEnclosedCircle" | "decimalEnclosedCircleChinese":
            return chr(0x245F + number) if 1 <= number <= 20 else str(number)
        case "decimalZero":
            return f"{number:02}"
        case "upperLetter" | "lowerLetter":
            letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letter.upper() if form == "upperLetter" else letter
        case "upperRoman" | "lowerRoman":
            roman = _roman(number)
            return roman.upper() if form == "upperRoman" else roman
        case _:
            return str(number)


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while number >= value and len(text) < 20:
            text += letters
            number -= value
    return text
