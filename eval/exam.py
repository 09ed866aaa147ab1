"""Questions put to a knowledge base, and what a report says of where both come from."""

import json
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from retrievers.faq_files import to_record

from .metrics import RESAMPLES, SEED
from .provenance import digest, files
from .questions import KnowledgeBase, TestQuestion, read_knowledge_base, read_questions


@dataclass(frozen=True, slots=True)
class Exam:
    """What is asked, of which entries."""

    faq: Path
    paper: Path
    """The file of the questions."""
    split: str | None
    knowledge: KnowledgeBase
    questions: tuple[TestQuestion, ...]
    data: dict[str, str]
    """SHA-256 of the ``faq`` and the ``questions``."""

    def lay_out(self, folder: Path) -> Path:
        """Write the entries where a system under test finds them; returns that folder."""
        place = folder / "faq"
        place.mkdir()
        with (place / "entries.jsonl").open("w", encoding="utf-8") as file:
            for entry in self.knowledge.entries:
                file.write(json.dumps(to_record(entry), ensure_ascii=False) + "\n")
        return place

    def summary(self) -> str:
        """What was asked, in a line."""
        kinds = self._kinds()
        split = f" (split {self.split})" if self.split else ""
        return (
            f"{len(self.questions):,} questions{split}: {kinds['in']:,} answerable, "
            f"{kinds['near']:,} near misses, {kinds['off']:,} off topic; "
            f"{len(self.knowledge.entries):,} entries"
        )

    def record(self) -> dict[str, Any]:
        """What the JSON of a report needs for its figures to be measured again."""
        kinds = self._kinds()
        return {
            "split": self.split,
            "n_entries": len(self.knowledge.entries),
            "n_questions": {kind: kinds[kind] for kind in ("in", "near", "off")},
            "data": {
                "faq": {"path": str(self.faq), "sha256": self.data["faq"]},
                "questions": {"path": str(self.paper), "sha256": self.data["questions"]},
            },
            "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
            "version": version("zhengwen"),
        }

    def _kinds(self) -> Counter[str]:
        return Counter(question.kind for question in self.questions)


def read_exam(faq: Path, paper: Path, split: str | None = None) -> Exam:
    """Read entries and questions; see :mod:`eval.questions`.

    Raises:
        DataError: A file of entries or questions is at fault.
        OSError: A file cannot be read.
    """
    knowledge = read_knowledge_base(faq)
    questions = tuple(read_questions(paper, split))
    data = {"faq": digest(files(faq, "*.jsonl")), "questions": digest([paper])}
    return Exam(faq, paper, split, knowledge, questions, data)
