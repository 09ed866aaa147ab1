"""How well sentences of a language model are checked: ``python -m eval grounding``.

True sentences of the sample answers, true sentences in other words, and sentences made false in
one place by kind (:mod:`eval.grounding.mutations`), each citing its own passage.
"""

import csv
import hashlib
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rich.table import Table

from agent.grounding import Evidence
from retrievers import FaqEntry, Passage
from retrievers.store.faq_files import read_folder
from tts_engine.text import split_sentences
from zhengwen.assets import asset

from .mutations import Mutator

Part = Literal["dev", "test"]
TRUE, REWORDED = "true, verbatim", "true, in other words"
FALSE_BY_HAND = "false, written by hand"


def part_of(faq_id: str) -> Part:
    """Which part an entry belongs to: rules are written with dev, and measured with test, a fifth.

    >>> part_of("idcard-001"), part_of("idcard-001")
    ('test', 'test')
    """
    return "test" if int(hashlib.sha256(faq_id.encode()).hexdigest(), 16) % 10 > 7 else "dev"


@dataclass(frozen=True, slots=True)
class PassRate:
    """How many sentences of one kind pass."""

    kind: str
    n: int
    passed: tuple[str, ...]
    """Those that pass; for true kinds, those that do not."""
    is_true: bool

    @property
    def share(self) -> float:
        """Of those that pass, from 0 to 1."""
        n = self.n - len(self.passed) if self.is_true else len(self.passed)
        return n / max(1, self.n)


@dataclass(frozen=True, slots=True)
class GroundingFigures:
    """What ``python -m eval grounding`` measures."""

    rates: tuple[PassRate, ...]
    median_ms: float
    """Of processor time for one sentence that is not verbatim, in one thread."""
    p95_ms: float


def measure_grounding(faq: Path, *, part: str, per_kind: int, seed: int = 1) -> GroundingFigures:
    """Check true and false sentences about the entries of one part.

    Args:
        faq: Folder with the entries.
        part: ``dev``, ``test`` or ``all``; see :func:`part_of`.
        per_kind: Sentences that each kind of mutation is tried on.
        seed: Of the mutations.
    """
    entries = {e.faq_id: e for e in read_folder(faq) if part in ("all", part_of(e.faq_id))}
    times: list[float] = []

    def passes(entry: FaqEntry, sentence: str) -> bool:
        begun = time.thread_time()
        problem = Evidence([Passage(entry, 0.3)]).check(f"{sentence}[1]").problem
        times.append(time.thread_time() - begun)
        return not problem

    true = [(entry, sentence) for entry in entries.values() for sentence in _sentences(entry)]
    rates = [_rate(TRUE, [(s, passes(e, s)) for e, s in true], is_true=True)]
    times.clear()
    written = [(entries[i], text, label) for i, text, label in written_sentences(entries)]
    for is_true, kind in ((True, REWORDED), (False, FALSE_BY_HAND)):
        some = [(s, passes(e, s)) for e, s, label in written if label == is_true]
        rates.append(_rate(kind, some, is_true=is_true))
    mutator = Mutator([entry.answer for entry in entries.values()])
    for kind in mutator.kinds:
        rng = np.random.default_rng((seed, len(rates)))
        tried = []
        for i in rng.permutation(len(true))[:per_kind]:
            entry, sentence = true[i]
            if made := mutator.mutate(sentence, entry.answer, rng, kind):
                tried.append((made.text, passes(entry, made.text)))
        rates.append(_rate(kind, tried, is_true=False))
    median, p95 = np.percentile(np.array(times) * 1000, [50, 95])
    return GroundingFigures(tuple(rates), float(median), float(p95))


def grounding_table(figures: GroundingFigures, title: str) -> Table:
    """The figures as a table for a terminal."""
    table = Table(title=title)
    table.add_column("sentences")
    table.add_column("n", justify="right")
    table.add_column("pass", justify="right")
    for rate in figures.rates:
        table.add_row(rate.kind, str(rate.n), f"{rate.share:.1%}", end_section=rate.is_true)
    table.caption = f"{figures.median_ms:.0f} ms a sentence (95 %: {figures.p95_ms:.0f} ms)"
    return table


def _rate(kind: str, tried: list[tuple[str, bool]], *, is_true: bool) -> PassRate:
    wrong = tuple(sentence for sentence, passed in tried if passed != is_true)
    return PassRate(kind, len(tried), wrong, is_true)


def _sentences(entry: FaqEntry) -> Iterator[str]:
    return filter(None, (sentence.strip() for sentence in split_sentences(entry.answer)))


def written_sentences(faq_ids: Container[str]) -> Iterator[tuple[str, str, bool]]:
    """Sentences that people wrote about entries: id, sentence, and whether it is true."""
    path = asset("grounding") / "sentences.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["faq_id"] in faq_ids:
                yield row["faq_id"], row["sentence"], row["is_true"] == "true"
