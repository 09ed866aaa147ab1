"""Text files become sentence pairs; some pairs are kept away from training."""

import hashlib
import json
import lzma
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

DEVELOPMENT_SOURCES = {"lcqmc_dev": "LCQMC", "bq_dev": "BQ"}
"""Sources that are never trained on, and the benchmark each one stands for."""

SLICED_SOURCES = {"afqmc_train": "AFQMC", "stsb_train": "STS-B"}
"""Sources of which a tenth is never trained on."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two sentences and how close they are."""

    first: str
    second: str
    label: float
    """0 (unrelated or only look alike) to 1 (the same meaning)."""
    source: str
    """The data set it comes from; labels are only compared within one."""
    topic: str = ""
    """Two pairs with the same topic are never used as each other's negatives."""


def normalise(text: str) -> str:
    """Fold full-width and compatibility forms and runs of white space (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read_pairs(path: Path) -> Iterator[LabelledPair]:
    """Yield the pairs of a table with the columns s1, s2, label and source.

    Raises:
        ValueError: A line does not have four columns, or its label is not within [0, 1].
    """
    with _open(path) as lines:
        next(lines)
        for number, line in enumerate(lines, start=2):
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 4 or not 0 <= float(columns[2]) <= 1:
                raise ValueError(
                    f"{path}, line {number}: expected s1, s2, label within [0, 1] and source, "
                    "separated by tabs"
                )
            first, second, label, source = columns
            yield LabelledPair(normalise(first), normalise(second), float(label), source)


def read_triples(path: Path) -> Iterator[LabelledPair]:
    """Yield two pairs, one close and one not, for each query / positive / negative line."""
    with _open(path) as lines:
        next(lines)
        for line in lines:
            query, positive, negative = (normalise(text) for text in line.split("\t"))
            yield LabelledPair(query, positive, 1.0, "triples")
            yield LabelledPair(query, negative, 0.0, "triples")


def read_passages(path: Path, *, longest: int) -> Iterator[str]:
    """Yield the lines of a text file, cut into pieces of at most ``longest`` characters."""
    with _open(path) as lines:
        for line in lines:
            text = normalise(line)
            for start in range(0, len(text), longest):
                if len(piece := text[start : start + longest]) >= 8:
                    yield piece


def read_questions(folders: Iterable[Path]) -> Iterator[str]:
    """Yield every question of the development sets, those asked and those in the base."""
    for folder in folders:
        for name, field in (("kb.jsonl", "question"), ("queries.jsonl", "query")):
            with _open(folder / name) as lines:
                yield from (normalise(json.loads(line)[field]) for line in lines)


def read_faq(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of every ``*.jsonl`` file of a knowledge base, ordered by id."""
    entries: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.jsonl")):
        with _open(path) as lines:
            entries.extend(json.loads(line) for line in lines if line.strip())
    return sorted(entries, key=lambda entry: str(entry["id"]))


def faq_pairs(entries: Iterable[dict[str, Any]]) -> Iterator[LabelledPair]:
    """Yield every two ways to ask for the same entry, if the entry is not held out."""
    for entry in entries:
        if is_held_out(entry["id"], parts=5):
            continue
        texts = [normalise(text) for text in (entry["question"], *entry.get("wordings", ()))]
        for index, first in enumerate(texts):
            for second in texts[index + 1 :]:
                yield LabelledPair(first, second, 1.0, "faq", topic=entry["id"])


def is_held_out(key: str, *, parts: int) -> bool:
    """Say whether ``key`` falls into the one part of ``parts`` that is never trained on.

    The answer depends on the key alone: it is the same in every run and on every machine.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) % parts == 0


def split(
    pairs: Iterable[LabelledPair], questions: Iterable[str] = ()
) -> tuple[list[LabelledPair], list[LabelledPair]]:
    """Return (training, development) pairs.

    A training pair that shares a sentence with a development pair, or with ``questions``, is
    dropped, so that no development sentence is seen, in whatever source it turns up.
    """
    training, development = [], []
    for pair in pairs:
        sliced = pair.source in SLICED_SOURCES and is_held_out(pair.first, parts=10)
        if sliced or pair.source in DEVELOPMENT_SOURCES:
            development.append(pair)
        else:
            training.append(pair)
    held_out = {text for pair in development for text in (pair.first, pair.second)}
    held_out.update(questions)
    kept = [p for p in training if p.first not in held_out and p.second not in held_out]
    return kept, development


def _open(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
