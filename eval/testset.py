"""What is measured: a knowledge base, and questions whose right answers are known."""

import csv
import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from retrievers import FaqEntry, language_of
from retrievers.store.faq_files import from_record, to_record

from .metrics import RESAMPLES, SEED
from .reporting import digest, files

Kind = Literal["in", "near", "off"]
_KIND_NAMES: dict[str, Kind] = {
    "in": "in", "near": "near", "off": "off", "off-topic": "off", "far": "off"
}  # fmt: skip
_N_LISTED = 5  # offenders named in a message


class TestSetError(ValueError):
    """A file cannot be measured with; the text says where and why."""

    __test__ = False  # its name makes pytest curious


@dataclass(frozen=True, slots=True)
class TestQuestion:
    """A question with its known outcome."""

    __test__ = False  # its name makes pytest curious

    text: str
    gold: tuple[str, ...]
    """Ids or groups of the entries that answer it, any of which is right; empty: none does."""
    kind: Kind
    """``in``: an entry answers it; ``near``: none does although some look alike; ``off`` topic."""
    split: str = ""
    answer: str = ""
    """The right answer in words, where the entries that answer it do not say it, or are unknown."""


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Entries, and which of them answer the same."""

    entries: tuple[FaqEntry, ...]
    groups: dict[str, frozenset[str]]
    """Every name that gold may use, entry ids among them, with the ids it stands for."""

    def right_ids(self, question: TestQuestion) -> frozenset[str]:
        """The entries that answer a question."""
        return frozenset().union(*(self.groups[name] for name in question.gold))

    def check(self, questions: Iterable[TestQuestion], path: Path) -> None:
        """Raise TestSetError if a question's gold is not in the knowledge base.

        Nor may it be missing where the question can be answered.
        """
        questions = list(questions)
        unnamed = [q.text for q in questions if q.kind == "in" and not q.gold]
        if unnamed:
            raise TestSetError(f"{path}: no gold ids with the questions {_some(unnamed)}")
        named = {name for question in questions for name in question.gold}
        unknown = sorted(named - self.groups.keys())
        if unknown:
            raise TestSetError(
                f"{path}: {len(unknown)} gold ids are no id and no group of the knowledge base: "
                f"{_some(unknown)}. It has {_some(list(self.groups))}"
            )


def read_knowledge_base(path: Path) -> KnowledgeBase:
    """Read entries from a ``.jsonl`` or ``.csv`` file, or from all ``.jsonl`` files of a folder.

    Each needs an ``id`` (in CSV without that column, the number of the row) and a
    ``question``; where the ``answer`` is missing, the question stands in. ``group``
    gathers entries any of which is right; the other names are those of
    :class:`~retrievers.FaqEntry`. In CSV, ``wordings`` are joined by ``;``.

    Raises:
        TestSetError: The text names the file, the line and what is wrong.
        OSError: A file cannot be read.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    members: defaultdict[str, set[str]] = defaultdict(set)
    entries: list[FaqEntry] = []
    for file in files:
        for number, (where, record) in enumerate(_records(file), 1):
            if file.suffix.lower() == ".csv":
                record.setdefault("id", str(number))
            group = str(record.pop("group", None) or "")
            entry = _entry(record, where)
            entries.append(entry)
            for name in {entry.faq_id, group or entry.faq_id}:
                members[name].add(entry.faq_id)
    if not entries:
        raise TestSetError(f"{path} holds no entries" + (" (*.jsonl)" if path.is_dir() else ""))
    counts = Counter(entry.faq_id for entry in entries)
    repeated = [faq_id for faq_id, n in counts.items() if n > 1]
    if repeated:
        raise TestSetError(f"{path}: these ids are used more than once: {_some(repeated)}")
    return KnowledgeBase(tuple(entries), {name: frozenset(ids) for name, ids in members.items()})


def read_questions(path: Path, split: str | None = None) -> list[TestQuestion]:
    """Read questions from a ``.jsonl``, ``.csv`` or ``.tsv`` file.

    Each needs ``question`` (or ``query``) and ``gold``: a list, or names joined by ``;``. In its
    place, or beside it, there may be ``answer``: the right answer in words.
    ``kind`` is ``in``, ``near`` or ``off``; without it a question that nothing answers
    counts as off topic.

    Args:
        path: The file.
        split: Keep the questions whose ``split`` is this.

    Raises:
        TestSetError: The text names the file, the line and what is wrong.
        OSError: The file cannot be read.
    """
    questions = [_question(record, where) for where, record in _records(path)]
    if not questions:
        raise TestSetError(f"{path} holds no questions")
    if split is None:
        return questions
    splits = sorted({question.split for question in questions} - {""})
    if split not in splits:
        seen = f"its splits are {', '.join(splits)}" if splits else "it has no column 'split'"
        raise TestSetError(f"{path} has no questions of the split {split!r}; {seen}")
    return [question for question in questions if question.split == split]


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file, each with where it stands."""
    readers: dict[str, Callable[[Path], Iterator[tuple[str, dict[str, Any]]]]] = {
        ".jsonl": _jsonl_records,
        ".csv": _csv_records,
        ".tsv": partial(_csv_records, delimiter="\t"),
    }
    if path.suffix.lower() not in readers:
        raise TestSetError(f"{path} must be a file *.jsonl, *.csv or *.tsv")
    try:
        yield from readers[path.suffix.lower()](path)
    except UnicodeDecodeError as error:
        raise TestSetError(f"{path} is not UTF-8 text; save it as UTF-8") from error


def _jsonl_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise TestSetError(f"{where} is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise TestSetError(f"{where} must hold a JSON object")
            yield where, record


def _csv_records(path: Path, delimiter: str = ",") -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True, delimiter=delimiter)
        try:
            for number, row in enumerate(reader, 1):
                where = f"{path}, row {number}"
                if None in row or None in row.values():
                    raise TestSetError(f"{where} has more or fewer cells than the heading")
                if any(row.values()):
                    yield where, row
        except csv.Error as error:
            raise TestSetError(f"{path}, line {reader.line_num} is not CSV: {error}") from error


def _entry(record: dict[str, Any], where: str) -> FaqEntry:
    _demand(record, where, "id", "question")
    question = str(record["question"])
    known = {field.name for field in dataclasses.fields(FaqEntry)} | {"id"}
    values = {k: v for k, v in record.items() if v not in ("", None) and k in known}
    values["id"] = str(record["id"]).strip()
    if isinstance(values.get("wordings"), str):
        values["wordings"] = _names(values["wordings"])
    if isinstance(values.get("year"), str) and values["year"].isdigit():
        values["year"] = int(values["year"])
    values.setdefault("answer", question)
    language = language_of(question)
    if language:
        values.setdefault("language", language)
    try:
        return from_record(values)
    except (ValueError, TypeError) as error:
        raise TestSetError(f"{where}: {error}") from error


def _question(record: dict[str, Any], where: str) -> TestQuestion:
    if "question" not in record and "query" in record:
        record = {**record, "question": record["query"]}
    answer = str(record.get("answer") or "").strip()
    if answer:
        record = {"gold": "", **record}
    _demand(record, where, "question", "gold")
    text = str(record["question"] or "").strip()
    if not text:
        raise TestSetError(f"{where}: the question is blank")
    gold = _names(record["gold"])
    name = str(record.get("kind") or ("in" if gold or answer else "off")).strip()
    kind = _KIND_NAMES.get(name.lower())
    if kind is None:
        raise TestSetError(f"{where}: unknown kind {name!r}; known are {', '.join(_KIND_NAMES)}")
    if (kind == "in") != bool(gold or answer):
        named = f"gold names {_some(gold)}" if gold else "it has an answer"
        contradiction = "gold names no entry that answers" if kind == "in" else named
        raise TestSetError(f"{where}: the kind is {name!r}, but {contradiction}")
    return TestQuestion(text, gold, kind, str(record.get("split") or "").strip(), answer)


def _demand(record: dict[str, Any], where: str, *names: str) -> None:
    for name in names:
        if name not in record:
            raise TestSetError(
                f"{where} has no {name!r}; it has {_some(list(record), len(record))}"
            )


def _names(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else str("" if value is None else value).split(";")
    return tuple(name for part in parts if (name := str(part).strip()))


def _some(names: Iterable[str], limit: int = _N_LISTED) -> str:
    listed = list(names)
    return ", ".join(map(repr, listed[:limit])) + (", …" if len(listed) > limit else "")


@dataclass(frozen=True, slots=True)
class TestSet:
    """What is asked, of which entries."""

    faq: Path
    questions_file: Path
    """The file of the questions."""
    split: str | None
    knowledge: KnowledgeBase
    questions: tuple[TestQuestion, ...]
    data: dict[str, str]
    """SHA-256 of the ``faq`` and the ``questions``."""

    def write_entries(self, folder: Path) -> Path:
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
                "questions": {"path": str(self.questions_file), "sha256": self.data["questions"]},
            },
            "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
            "version": version("zhengwen"),
        }

    def _kinds(self) -> Counter[str]:
        return Counter(question.kind for question in self.questions)


def read_test_set(faq: Path, questions_file: Path, split: str | None = None) -> TestSet:
    """Read entries and questions; see :mod:`eval.testset`.

    Raises:
        TestSetError: A file of entries or questions is at fault.
        OSError: A file cannot be read.
    """
    knowledge = read_knowledge_base(faq)
    questions = tuple(read_questions(questions_file, split))
    data = {"faq": digest(files(faq, "*.jsonl")), "questions": digest([questions_file])}
    return TestSet(faq, questions_file, split, knowledge, questions, data)
