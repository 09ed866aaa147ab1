"""Learning how much each kind of evidence should count, from questions with known answers."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .base import FaqEntry, FaqStore, Scope
from .evidence import EVIDENCE, LEADS, with_leads
from .fusion import Fusion
from .hybrid import HybridRetriever
from .language import language_of


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of which it is known what answers it."""

    text: str
    gold: frozenset[str]
    """Ids or groups of the right entries; empty when nothing in the store is right."""
    kind: str
    """``in``: an entry answers it; ``near`` (looks alike) and ``off`` (other matters): none."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One question with its candidates."""

    kind: str
    evidence: NDArray[np.float32]
    """Shape (n_candidates, len(EVIDENCE))."""
    is_right: NDArray[np.bool_]


def read_questions(path: Path, split: str) -> list[AskedQuestion]:
    """Questions of a CSV file: question, gold (joined by ``;``), kind, split."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            AskedQuestion(row["question"], frozenset(row["gold"].split(";")) - {""}, row["kind"])
            for row in csv.DictReader(file)
            if row["split"] == split
        ]


def read_benchmark(folder: Path) -> tuple[list[FaqEntry], dict[str, str], list[AskedQuestion]]:
    """Entries, the group of each, and questions of a folder with kb.jsonl and queries.jsonl."""
    rows = [json.loads(line) for line in (folder / "kb.jsonl").open(encoding="utf-8")]
    asked = [json.loads(line) for line in (folder / "queries.jsonl").open(encoding="utf-8")]
    entries = [
        FaqEntry(
            row["id"],
            row["question"],
            row.get("answer") or row["question"],
            language=language_of(row["question"]) or "zh-CN",
        )
        for row in rows
    ]
    questions = [AskedQuestion(row["query"], frozenset(row["gold"]), row["kind"]) for row in asked]
    return entries, {row["id"]: row["group"] for row in rows}, questions


def cases(
    store: FaqStore, questions: Iterable[AskedQuestion], groups: dict[str, str]
) -> Iterator[Case]:
    """Look each question up.

    Args:
        store: Filled with the entries.
        questions: What is asked.
        groups: Entry id to what ``gold`` calls it; an id that is missing stands for itself.
    """
    retriever = HybridRetriever(store, fusion=Fusion.neutral())
    for question in questions:
        found = retriever.candidates(question.text, Scope(language_of(question.text)))
        names = [groups.get(entry.faq_id, entry.faq_id) for entry in found.entries]
        is_right = np.array([name in question.gold for name in names], bool)
        yield Case(question.kind, found.evidence, is_right)


def fit(sets: Iterable[tuple[list[Case], float]], *, off_topic: float = 3.0) -> Fusion:
    """Learn a fusion.

    Args:
        sets: Cases, and what all of a set's questions together shall count.
        off_topic: How often a question of kind ``off`` counts: people talk about the weather
            more often than test sets do.
    """
    from sklearn.linear_model import LogisticRegression  # librosa brings it; only needed here

    rows, right, importance = [], [], []
    for some, weight in sets:
        for case in some:
            n = len(case.is_right)
            rows.append(with_leads(case.evidence))
            right.append(case.is_right)
            share = weight / len(some) * (off_topic if case.kind == "off" else 1.0)
            importance.append(np.full(n, share))
    model = LogisticRegression(C=30.0, max_iter=5000)
    scale = 1 / np.mean(np.concatenate(importance))
    model.fit(
        np.vstack(rows), np.concatenate(right), sample_weight=scale * np.concatenate(importance)
    )
    weights = tuple(round(float(w), 4) for w in model.coef_[0])
    assert len(weights) == len(EVIDENCE) + len(LEADS)
    return Fusion(weights, round(float(model.intercept_[0]), 4))
