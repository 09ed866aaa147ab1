"""How well questions are answered: the configuration in use, two baselines, and a rival."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from rich.console import Console
from rich.progress import track

from agent.build import build_faq_responder, build_retriever, build_store, with_dialogue
from agent.plugins import load_plugin
from agent.settings import PluginSettings, Settings, read_settings
from agent.types import Answer, Outcome, Question
from retrievers import EVERYWHERE, FaqStore, Passage, Retriever, Scope

from ..metrics import (
    Estimate,
    Floats,
    PairedTest,
    ReliabilityBin,
    auroc,
    expected_calibration_error,
    mcnemar,
    mean_estimate,
    refused_at,
    reliability_bins,
    threshold_refusing,
)
from ..reporting import models
from ..testset import TestQuestion, TestSet, read_test_set

BASELINES = ("keyword", "nearest")
MRR_DEPTH = 10
BASELINE_REFUSES = 0.95  # of the off-topic questions, at the threshold a baseline is given

Verdict = Literal[
    "answered right", "answered wrong", "wrongly refused", "wrongly answered", "rightly refused"
]


@dataclass(frozen=True, slots=True)
class RetrievalOutcome:
    """What became of one question."""

    question: TestQuestion
    found: tuple[Passage, ...]
    """Best first; empty when the question was a greeting or nothing matched."""
    rank: int | None
    """Of the first passage that is right, from 1; None when none that was looked at is."""
    outcome: Outcome
    ms: float
    """From the question to its answer in words."""

    @property
    def score(self) -> float:
        """Of the best passage, in [0, 1]; 0 when there is none."""
        return self.found[0].score if self.found else 0.0

    @property
    def verdict(self) -> Verdict:
        """What the visitor would say of it."""
        answered = self.outcome == "answered"
        if self.question.kind != "in":
            return "wrongly answered" if answered else "rightly refused"
        if not answered:
            return "wrongly refused"
        return "answered right" if self.rank == 1 else "answered wrong"


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalResult:
    """One system on all questions."""

    name: str
    settings: Settings
    """As it answered: a baseline's thresholds are chosen by the off-topic questions."""
    models: dict[str, str]
    """SHA-256 of what it was trained to, by what it is used for."""
    findings: tuple[RetrievalOutcome, ...]
    figures: dict[str, Estimate]
    """In the order of :func:`figure_names`."""

    @property
    def reliability(self) -> list[ReliabilityBin]:
        """Scores of the best passages, read as probabilities, beside how many were right."""
        return reliability_bins(*_scores_and_truth(self.findings))


@dataclass(frozen=True, slots=True)
class RetrievalComparison:
    """A second configuration on the same questions."""

    result: RetrievalResult
    tests: dict[str, PairedTest]
    """``top1`` and ``answered_right``, over the questions that can be answered."""


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Everything a report can show."""

    result: RetrievalResult
    baselines: tuple[RetrievalResult, ...]
    comparison: RetrievalComparison | None
    k: int
    test_set: TestSet

    @property
    def results(self) -> tuple[RetrievalResult, ...]:
        """All systems, the one under test first."""
        systems = [self.result, *self.baselines]
        # A baseline that is compared with is there already.
        if self.comparison and self.comparison.result not in self.baselines:
            systems.insert(1, self.comparison.result)
        return tuple(systems)


def figure_names(k: int) -> tuple[str, ...]:
    """The keys of the figures; see the table in ``eval/report``."""
    return (
        *("top1", f"recall{k}", f"mrr{MRR_DEPTH}"),
        *("answered_right", "answered_wrong", "wrongly_refused", "suggested"),
        *("rightly_refused_near", "rightly_refused_far", "suggested_near", "suggested_far"),
        *("auroc_near", "auroc_far", "refused_at_95_far", "ece"),
        *("latency_p50_ms", "latency_p95_ms"),
    )


def evaluate_retrieval(
    faq: Path,
    questions: Path,
    *,
    settings: Settings,
    compare: str | None = None,
    split: str | None = None,
    k: int = 5,
    progress: Console,
) -> RetrievalReport:
    """Ask every question of every system.

    Args:
        faq: Entries; see :func:`~eval.testset.read_knowledge_base`.
        questions: See :func:`~eval.testset.read_questions`.
        settings: The configuration under test; its ``data_dir`` and ``faq`` are not touched.
        compare: A second configuration: a retriever's name, or a settings file (YAML).
        split: Ask only the questions of this split.
        k: How many passages recall may look at.
        progress: Where a bar is drawn if it is a terminal.

    Raises:
        TestSetError: A file of entries or questions is at fault.
        SettingsError: The settings are at fault.
        PluginError: A name is unknown.
        OSError: A file cannot be read.
    """
    test_set = read_test_set(faq, questions, split)
    test_set.knowledge.check(test_set.questions, questions)
    rival = _rival(compare, settings) if compare else None
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        evaluator = _RetrievalEvaluator(test_set, k, Path(folder), progress)
        result = evaluator.measure(settings.retriever.name, settings)
        baselines = tuple(
            evaluator.measure(name, _with_retriever(settings, name), is_baseline=True)
            for name in BASELINES
        )
        comparison = None
        if compare and rival:
            known = {baseline.name: baseline for baseline in baselines}
            second = known.get(compare) or evaluator.measure(compare, rival)
            comparison = _compared(result, second)
    return RetrievalReport(
        result=result,
        baselines=baselines,
        comparison=comparison,
        k=k,
        test_set=test_set,
    )


class _CachingRetriever:
    """A retriever that looks deeper than it is asked to, and each time only once.

    So a question can be decided again, from another score on, without a new search.
    """

    def __init__(self, retriever: Retriever, depth: int) -> None:
        self._retriever = retriever
        self._depth = depth
        self._known: dict[tuple[str, Scope], list[Passage]] = {}

    @property
    def found(self) -> tuple[Passage, ...]:
        """What the question itself found: the responder looks for that first."""
        return tuple(next(iter(self._known.values()), ()))

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        key = (query, within)
        if key not in self._known:
            depth = max(k, self._depth)
            self._known[key] = self._retriever.search(query, k=depth, within=within)
        return self._known[key][:k]


class _RetrievalEvaluator:
    """Measures one system after the other; they share stores."""

    def __init__(
        self,
        test_set: TestSet,
        k: int,
        folder: Path,
        progress: Console,
    ) -> None:
        self._knowledge = test_set.knowledge
        self._questions = test_set.questions
        self._k = k
        self._folder = folder
        self._progress = progress
        self._stores: dict[str, FaqStore] = {}
        self._faq = test_set.write_entries(folder)

    def measure(
        self, name: str, settings: Settings, *, is_baseline: bool = False
    ) -> RetrievalResult:
        """Ask all questions. A baseline's scores are no probabilities: its threshold is chosen."""
        store = self._store(settings)
        retriever = build_retriever(settings, store)
        memories = [_CachingRetriever(retriever, max(self._k, MRR_DEPTH)) for _ in self._questions]
        milliseconds = self._time(name, retriever, memories, settings)
        if is_baseline:
            settings = _refusing_off_topic(settings, self._questions, memories)
        findings = tuple(
            RetrievalOutcome(
                question,
                memory.found,
                _rank(memory.found, self._knowledge.right_ids(question)),
                _answer(memory, question.text, settings).outcome,
                ms,
            )
            for question, memory, ms in zip(self._questions, memories, milliseconds, strict=True)
        )
        figures = _figures(findings, self._k)
        return RetrievalResult(name, settings, models(settings, store), findings, figures)

    def _time(
        self,
        name: str,
        retriever: Retriever,
        memories: Sequence[_CachingRetriever],
        settings: Settings,
    ) -> list[float]:
        """Answer each question for the first time; how long each took, ms."""
        retriever.search(self._questions[0].text, k=1)  # the first search pays for warming up
        milliseconds = []
        for question, memory in track(
            list(zip(self._questions, memories, strict=True)),
            f"asking {name}",
            console=self._progress,
            transient=True,
            disable=not self._progress.is_terminal,
        ):
            start = time.perf_counter()
            _answer(memory, question.text, settings)
            milliseconds.append((time.perf_counter() - start) * 1000)
        return milliseconds

    def _store(self, settings: Settings) -> FaqStore:
        key = settings.store.model_dump_json()
        if key not in self._stores:
            place = {
                "data_dir": self._folder / f"store{len(self._stores)}",
                "faq": self._faq,
            }
            with self._progress.status(f"embedding {len(self._knowledge.entries):,} entries"):
                self._stores[key] = build_store(settings.model_copy(update=place))
        return self._stores[key]


def _answer(retriever: Retriever, text: str, settings: Settings) -> Answer:
    """What a visitor gets: the server's own responder decides."""
    responder = with_dialogue(settings, build_faq_responder(settings, retriever))
    return next(part for part in responder.respond(Question(text)) if isinstance(part, Answer))


def _with_retriever(settings: Settings, name: str) -> Settings:
    return settings.model_copy(update={"retriever": PluginSettings(name=name)})


def _refusing_off_topic(
    settings: Settings, questions: Sequence[TestQuestion], memories: Sequence[_CachingRetriever]
) -> Settings:
    off = [
        memory.found[0].score if memory.found else 0.0
        for question, memory in zip(questions, memories, strict=True)
        if question.kind == "off"
    ]
    threshold = threshold_refusing(np.array(off), BASELINE_REFUSES) or 0.0
    return settings.model_copy(update={"answer_from": threshold, "suggest_from": threshold})


def _rival(name: str, settings: Settings) -> Settings:
    if Path(name).suffix in (".yaml", ".yml"):
        return read_settings(Path(name))
    load_plugin("retriever", name)  # a wrong name should not be found out after minutes
    return _with_retriever(settings, name)


def _rank(found: Sequence[Passage], right: frozenset[str]) -> int | None:
    ranks = (rank for rank, passage in enumerate(found, 1) if passage.entry.faq_id in right)
    return next(ranks, None)


def _figures(findings: Sequence[RetrievalOutcome], k: int) -> dict[str, Estimate]:
    answerable, near, off = (
        [f for f in findings if f.question.kind == kind] for kind in ("in", "near", "off")
    )
    ranks = np.array([f.rank or np.inf for f in answerable])
    milliseconds = [f.ms for f in findings]
    values = (
        mean_estimate((ranks == 1).astype(float)),
        mean_estimate((ranks <= k).astype(float)),
        mean_estimate(np.where(ranks <= MRR_DEPTH, 1 / ranks, 0.0)),
        _share_of_verdict(answerable, "answered right"),
        _share_of_verdict(answerable, "answered wrong"),
        _share_of_verdict(answerable, "wrongly refused"),
        _share_suggested(answerable),
        _share_of_verdict(near, "rightly refused"),
        _share_of_verdict(off, "rightly refused"),
        _share_suggested(near),
        _share_suggested(off),
        auroc(_scores(answerable), _scores(near)),
        auroc(_scores(answerable), _scores(off)),
        refused_at(_scores(answerable), _scores(off), BASELINE_REFUSES),
        expected_calibration_error(*_scores_and_truth(findings)),
        Estimate(float(np.percentile(milliseconds, 50))),
        Estimate(float(np.percentile(milliseconds, 95))),
    )
    return dict(zip(figure_names(k), values, strict=True))


def _share_of_verdict(findings: Sequence[RetrievalOutcome], verdict: Verdict) -> Estimate:
    return mean_estimate(np.array([f.verdict == verdict for f in findings], float))


def _share_suggested(findings: Sequence[RetrievalOutcome]) -> Estimate:
    return mean_estimate(np.array([f.outcome == "suggested" for f in findings], float))


def _scores(findings: Sequence[RetrievalOutcome]) -> Floats:
    return np.array([f.score for f in findings], float)


def _scores_and_truth(findings: Sequence[RetrievalOutcome]) -> tuple[Floats, Floats]:
    return _scores(findings), np.array([f.rank == 1 for f in findings], float)


def _compared(first: RetrievalResult, second: RetrievalResult) -> RetrievalComparison:
    answerable = np.array([f.question.kind == "in" for f in first.findings])
    tests = {}
    for figure, verdicts in {
        "top1": [[f.rank == 1 for f in r.findings] for r in (first, second)],
        "answered_right": [
            [f.verdict == "answered right" for f in r.findings] for r in (first, second)
        ],
    }.items():
        one, other = (np.array(verdict)[answerable] for verdict in verdicts)
        tests[figure] = mcnemar(one, other)
    return RetrievalComparison(second, tests)
