"""How much of a table of hard sentences the text front end gets right, before any voice speaks.

A table has the columns split, kind, sentence, word and expected (alternatives between ``|``):

* ``reading``: the pinyin of a word in its sentence;
* ``spoken``: the whole sentence with its numbers and signs in words;
* ``letters``: names and words that must be heard, between ``;``, each a regular expression.

``front_end_heldout.tsv`` was written before the front end had seen any of it, and nothing is ever
mended on it: what it shows is what a sentence that nobody thought of may expect.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from agent.settings import ROOT
from tts_engine.text import normalize_text, spell_acronyms, words_with_pinyin

HELD_OUT = ROOT / "tests" / "data" / "front_end_heldout.tsv"


@dataclass(frozen=True, slots=True)
class FrontEndCase:
    """One sentence, and what a newsreader makes of it."""

    kind: str
    """``reading``, ``spoken`` or ``letters``."""
    sentence: str
    word: str
    """Whose reading it is; empty for the other kinds."""
    expected: str

    def said(self) -> str:
        """What the front end makes of it."""
        if self.kind == "reading":
            return _reading(self.sentence, self.word)
        spoken = normalize_text(self.sentence)
        return spell_acronyms(spoken) if self.kind == "letters" else spoken

    def is_right(self) -> bool:
        """Whether that is what is expected."""
        if self.kind != "letters":
            return self.said() in self.expected.split("|")
        return all(
            re.search(rf"(?<![A-Za-z])(?:{name})(?![A-Za-z]| [A-Z])", self.said())
            for name in self.expected.split(";")
        )


@dataclass(frozen=True, slots=True)
class FrontEndScore:
    """Of a whole table."""

    n_right: int
    n_cases: int


def read_cases(path: Path) -> list[FrontEndCase]:
    """Return a table's cases.

    Raises:
        OSError: It cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            FrontEndCase(row["kind"], row["sentence"], row["word"], row["expected"]) for row in rows
        ]


def score(cases: list[FrontEndCase]) -> FrontEndScore:
    """Count the cases that are right."""
    return FrontEndScore(sum(case.is_right() for case in cases), len(cases))


def _reading(sentence: str, word: str) -> str:
    """Return the pinyin of a word where it first stands in a sentence; empty if it is not there."""
    found = words_with_pinyin(normalize_text(sentence))
    start = "".join(each.text for each in found).find(word)
    syllables = [syllable for each in found for syllable in each.syllables]
    return " ".join(syllables[start : start + len(word)]) if start >= 0 else ""
