"""Learning how much each feature should count, from questions with known answers."""

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from retrievers import Scope, language_of
from retrievers.ranking.features import FEATURES, MARGIN_FEATURES, with_margins
from retrievers.ranking.ranker import LogisticRanker
from retrievers.ranking.retrievers import HybridRetriever
from retrievers.store.chroma import ChromaStore

from ..testset import Kind, KnowledgeBase, TestQuestion

ENTRY_QUESTION_WEIGHT = 0.2  # weight of the entries' own questions beside those that were collected
FOREIGN_WEIGHT = 0.2  # weight of each source of questions that are not meant for a knowledge base
N_FOREIGN = 200  # questions of each such source
PRIOR_STRENGTH = 30.0  # how much a question counts beside the prior, a weight of about 1
COUNTS_AGAINST = frozenset({"missing_idf", "extra_idf", "unknown_share"})
OFF_TOPIC_WEIGHT = 3.0  # people talk about the weather more often than test sets do


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCase:
    """One question with its candidates."""

    kind: Kind
    features: NDArray[np.float32]
    """Shape (n_candidates, len(EVIDENCE))."""
    is_right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """A knowledge base and questions to learn from."""

    base: KnowledgeBase
    questions: Sequence[TestQuestion]
    weight: float = 1.0
    """What all of its questions together shall count."""


def entry_questions(base: KnowledgeBase) -> CalibrationSet:
    """Whoever asks in an entry's own words must get it, though no test asks that."""
    asked = [TestQuestion(entry.question, (entry.faq_id,), "in") for entry in base.entries]
    return CalibrationSet(base, asked, ENTRY_QUESTION_WEIGHT)


def foreign_questions(
    bases: Sequence[CalibrationSet], off_topic: Sequence[Sequence[TestQuestion]] = ()
) -> list[CalibrationSet]:
    """Every knowledge base is also asked what was meant for the others, and cannot answer it.

    Args:
        bases: Knowledge bases with their own questions.
        off_topic: Further questions, each group meant for none of them.
    """
    found = []
    for one in bases:
        others = [other.questions for other in bases if other is not one]
        for meant_for_others in (*others, *off_topic):
            chosen = np.random.default_rng(0).permutation(len(meant_for_others))[:N_FOREIGN]
            asked = [TestQuestion(meant_for_others[i].text, (), "off") for i in chosen]
            found.append(CalibrationSet(one.base, asked, FOREIGN_WEIGHT))
    return found


def calibrate(
    bases: Sequence[CalibrationSet], off_topic: Sequence[Sequence[TestQuestion]], encoder: Path
) -> LogisticRanker:
    """Learn a ranker for the cosines of an encoder.

    What counts for how much is learned from all knowledge bases and from off-topic questions; how
    probable a match then is, from the first alone, which is asked as people ask.

    Args:
        bases: Knowledge bases with their own questions.
        off_topic: Groups of questions that none of them answers.
        encoder: Folder of the sentence encoder.
    """
    cases: dict[int, list[tuple[list[CalibrationCase], float]]] = {}
    everything = [
        *bases,
        entry_questions(bases[0].base),
        *foreign_questions(bases, off_topic),
    ]
    for one in bases:
        with tempfile.TemporaryDirectory() as folder:
            store = ChromaStore(Path(folder), encoder=encoder)
            store.add(one.base.entries)
            cases[id(one.base)] = [
                (list(calibration_cases(store, some.base, some.questions)), some.weight)
                for some in everything
                if some.base is one.base
            ]
    ranker = fit(itertools.chain.from_iterable(cases.values()))
    asked_as_people_ask = cases[id(bases[0].base)][0][0]
    return replace(platt_scaled(ranker, asked_as_people_ask), encoder=store.encoder_fingerprint)


def calibration_cases(
    store: ChromaStore, base: KnowledgeBase, questions: Iterable[TestQuestion]
) -> Iterator[CalibrationCase]:
    """Look each question up in a store that holds the knowledge base."""
    retriever = HybridRetriever(store, fusion=LogisticRanker.neutral())
    for question in questions:
        found = retriever.candidates(question.text, Scope(language_of(question.text)))
        right = base.right_ids(question)
        is_right = np.array([entry.faq_id in right for entry in found.entries], bool)
        yield CalibrationCase(question.kind, found.features, is_right)


def fit(sets: Iterable[tuple[list[CalibrationCase], float]]) -> LogisticRanker:
    """Learn what counts for how much: a logistic regression with a normal prior.

    What speaks for an entry never counts against it: free to choose, a regression on near misses
    that share every word with an entry takes shared words for a bad sign.

    Args:
        sets: Cases, and what all of a set's questions together shall count.
    """
    from scipy.optimize import minimize  # slow to import

    rows, right, importance = [], [], []
    for some, weight in sets:
        for case in some:
            rows.append(with_margins(case.features))
            right.append(case.is_right)
            share = weight / len(some) * _frequency(case)
            importance.append(np.full(len(case.is_right), share))
    counts = np.concatenate(importance)
    weight = PRIOR_STRENGTH * counts / counts.mean()
    evidence = np.vstack(rows).astype(np.float64)
    evidence = np.hstack([evidence, np.ones((len(evidence), 1))])
    sign = np.where(np.concatenate(right), 1.0, -1.0)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (evidence @ values)
        slope = evidence.T @ (-sign * weight * expit(-margin))
        slope[:-1] += values[:-1]
        value = (weight * np.logaddexp(0, -margin)).sum() + (values[:-1] ** 2).sum() / 2
        return float(value), slope

    against = [(None, 0.0) if name in COUNTS_AGAINST else (0.0, None) for name in FEATURES]
    bounds = [*against, *[(0.0, None)] * len(MARGIN_FEATURES), (None, None)]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B").x
    return _rounded(found[:-1], float(found[-1]))


def platt_scaled(ranker: LogisticRanker, asked: Iterable[CalibrationCase]) -> LogisticRanker:
    """The same order, with scores that are the probability of the best candidate to be right.

    J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999, without his prior.
    """
    from sklearn.linear_model import LogisticRegression  # librosa brings it; slow to import

    found = [case for case in asked if len(case.is_right)]
    logits = [
        with_margins(case.features) @ np.array(ranker.weights) + ranker.bias for case in found
    ]
    right = [case.is_right[logit.argmax()] for case, logit in zip(found, logits, strict=True)]
    best = np.array([[logit.max()] for logit in logits])
    model = LogisticRegression(C=1e4, max_iter=5000)
    model.fit(best, right, sample_weight=[_frequency(case) for case in found])
    slope = float(model.coef_[0, 0])
    weights = slope * np.array(ranker.weights)
    return _rounded(weights, slope * ranker.bias + float(model.intercept_[0]))


def _frequency(case: CalibrationCase) -> float:
    return OFF_TOPIC_WEIGHT if case.kind == "off" else 1.0


def _rounded(weights: NDArray[np.float64], bias: float) -> LogisticRanker:
    assert len(weights) == len(FEATURES) + len(MARGIN_FEATURES)
    return LogisticRanker(tuple(round(float(w), 4) for w in weights), round(float(bias), 4))
