"""Learning how much each kind of evidence should count, from questions with known answers."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievers import Scope, language_of
from retrievers.chroma import ChromaStore
from retrievers.evidence import EVIDENCE, LEADS, with_leads
from retrievers.fusion import Fusion
from retrievers.hybrid import HybridRetriever

from .questions import KnowledgeBase, Kind, TestQuestion

OWN_WORDS = 0.2  # weight of the entries' own questions beside those that were collected


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One question with its candidates."""

    kind: Kind
    evidence: NDArray[np.float32]
    """Shape (n_candidates, len(EVIDENCE))."""
    is_right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A knowledge base and questions to learn from."""

    base: KnowledgeBase
    questions: Sequence[TestQuestion]
    weight: float = 1.0
    """What all of its questions together shall count."""


def own_words(base: KnowledgeBase) -> Lesson:
    """Whoever asks in an entry's own words must get it, though no test asks that."""
    asked = [TestQuestion(entry.question, (entry.faq_id,), "in") for entry in base.entries]
    return Lesson(base, asked, OWN_WORDS)


def calibrate(lessons: Iterable[Lesson], encoder: Path) -> Fusion:
    """Learn a fusion for the cosines of an encoder.

    Args:
        lessons: Each is looked up in a store of its own.
        encoder: Folder of the sentence encoder.
    """
    sets, fingerprint = [], ""
    for lesson in lessons:
        with tempfile.TemporaryDirectory() as folder:
            store = ChromaStore(Path(folder), encoder=encoder)
            store.add(lesson.base.entries)
            sets.append((list(cases(store, lesson.base, lesson.questions)), lesson.weight))
            fingerprint = store.encoder_fingerprint
    return replace(fit(sets), encoder=fingerprint)


def cases(
    store: ChromaStore, base: KnowledgeBase, questions: Iterable[TestQuestion]
) -> Iterator[Case]:
    """Look each question up in a store that holds the knowledge base."""
    retriever = HybridRetriever(store, fusion=Fusion.neutral())
    for question in questions:
        found = retriever.candidates(question.text, Scope(language_of(question.text)))
        right = base.right_ids(question)
        is_right = np.array([entry.faq_id in right for entry in found.entries], bool)
        yield Case(question.kind, found.evidence, is_right)


def fit(sets: Iterable[tuple[list[Case], float]], *, off_topic: float = 3.0) -> Fusion:
    """Learn a fusion.

    Args:
        sets: Cases, and what all of a set's questions together shall count.
        off_topic: How often a question of kind ``off`` counts: people talk about the weather
            more often than test sets do.
    """
    from sklearn.linear_model import LogisticRegression  # librosa brings it; slow to import

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
