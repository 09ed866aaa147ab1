"""Questions put to one configuration, or to two side by side."""

import random
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.progress import track

from agent.build import build
from agent.responders.faq import entry_answer
from agent.settings import ReplaySettings, Settings
from agent.types import MediaKind, Question

from ..metrics import Estimate, PairedTest, mcnemar
from ..testset import TestQuestion, TestSet, read_test_set
from .grading import GradedAnswer, answer_figures
from .llm_judge import AnswerJudge
from .timed_session import TimedSession, TokenTimer

SEED = 0


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """One configuration on all questions."""

    name: str
    settings: Settings
    findings: tuple[GradedAnswer, ...]
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """Everything that a report can show."""

    results: tuple[AnswerResult, ...]
    """The configuration under test, then the one it is compared with, if any."""
    test: PairedTest | None
    """Of ``right``, over the questions that can be answered; None without a second one."""
    media: MediaKind
    judge: str
    """The model that judged; empty if none did."""
    test_set: TestSet


def evaluate_answers(
    faq: Path,
    questions: Path,
    *,
    systems: dict[str, Settings],
    split: str | None = None,
    n: int | None = None,
    media: MediaKind = "video",
    judge: AnswerJudge | None = None,
    judge_name: str = "",
    progress: Console,
) -> AnswerReport:
    """Ask the questions of each system, one after the other.

    Args:
        faq: Entries; see :func:`~eval.testset.read_knowledge_base`.
        questions: See :func:`~eval.testset.read_questions`.
        systems: One or two configurations by name; their ``data_dir`` and ``faq`` are not touched.
        split: Ask only the questions of this split.
        n: Ask only so many, drawn the same way each time.
        media: What is made beside the words, until the voice is first heard.
        judge: Compares answers with what is right.
        judge_name: The judging model's name.
        progress: Where a bar is drawn if it is a terminal.

    Raises:
        TestSetError: A file of entries or questions is at fault.
        SettingsError: The settings are at fault.
        PluginError: A name is unknown.
        ConnectionError: The judge cannot be reached.
        OSError: A file cannot be read.
    """
    test_set = read_test_set(faq, questions, split)
    test_set.knowledge.check([q for q in test_set.questions if not q.answer], questions)
    if n is not None and n < len(test_set.questions):
        chosen = sorted(random.Random(SEED).sample(range(len(test_set.questions)), n))
        test_set = replace(test_set, questions=tuple(test_set.questions[i] for i in chosen))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        evaluator = _AnswerEvaluator(test_set, Path(folder), media, judge, progress)
        results = tuple(evaluator.measure(name, settings) for name, settings in systems.items())
    return AnswerReport(
        results=results,
        test=_compared(*results) if len(results) == 2 else None,
        media=media,
        judge=judge_name,
        test_set=test_set,
    )


class _AnswerEvaluator:
    """Measures one system after the other; those with the same settings of the store share it."""

    def __init__(
        self,
        test_set: TestSet,
        folder: Path,
        media: MediaKind,
        judge: AnswerJudge | None,
        progress: Console,
    ) -> None:
        self._test_set = test_set
        self._entries = {entry.faq_id: entry for entry in test_set.knowledge.entries}
        self._faq = test_set.write_entries(folder)
        self._folder = folder
        self._media = media
        self._judge = judge
        self._progress = progress
        self._data_dirs: dict[str, Path] = {}

    def measure(self, name: str, settings: Settings) -> AnswerResult:
        """Ask all questions."""
        store = settings.store.model_dump_json()
        place = {
            "data_dir": self._data_dirs.setdefault(
                store, self._folder / f"store{len(self._data_dirs)}"
            ),
            "faq": self._faq,
            "replay": ReplaySettings(max_mib=0),  # what is sent again would tell nothing
        }
        watch = TokenTimer()
        with self._progress.status(f"loading {name}"):
            asker = TimedSession(
                build(watch.on(settings.model_copy(update=place))), self._media, watch
            )
        findings = tuple(
            self._finding(asker, number, question)
            for number, question in track(
                list(enumerate(self._test_set.questions)),
                f"asking {name}",
                console=self._progress,
                transient=True,
                disable=not self._progress.is_terminal,
            )
        )
        return AnswerResult(name, settings, findings, answer_figures(findings))

    def _finding(self, asker: TimedSession, number: int, question: TestQuestion) -> GradedAnswer:
        # Each question is a visitor of its own: one's tokens are limited.
        told = asker.ask(Question(question.text, f"eval-{number}"))
        gold = self._test_set.knowledge.right_ids(question)
        answers = [entry_answer(self._entries[faq_id]) for faq_id in sorted(gold)]
        if question.answer:
            answers = [question.answer]
        finding = GradedAnswer(question, gold, tuple(answers), told)
        return self._judge.judge(finding) if self._judge else finding


def _compared(first: AnswerResult, second: AnswerResult) -> PairedTest:
    one, other = (
        np.array([f.verdict == "answered right" for f in r.findings if f.question.kind == "in"])
        for r in (first, second)
    )
    return mcnemar(one.astype(bool), other.astype(bool))
