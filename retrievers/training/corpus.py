"""Text files become sentence pairs; some pairs are kept away from training."""

import hashlib
import itertools
import json
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..folding import fold

DEVELOPMENT_SOURCES = {"bq_dev": "BQ"}
"""Sources that are never trained on, and the benchmark each one stands for."""

SLICED_SOURCES = {
    "lcqmc_dev": ("LCQMC", 3),
    "afqmc_train": ("AFQMC", 10),
    "stsb_train": ("STS-B", 10),
}
"""Sources of which one part of so many is never trained on."""


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


def read_pairs(path: Path) -> Iterator[LabelledPair]:
    """Yield the pairs of a table with the columns s1, s2, label and source.

    Raises:
        ValueError: A line does not have four columns, or its label is not within [0, 1].
    """
    with open_text(path) as lines:
        next(lines)
        for number, line in enumerate(lines, start=2):
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 4 or not 0 <= float(columns[2]) <= 1:
                raise ValueError(
                    f"{path}, line {number}: expected s1, s2, label within [0, 1] and source, "
                    "separated by tabs"
                )
            first, second, label, source = columns
            yield LabelledPair(fold(first), fold(second), float(label), source)


def read_triples(path: Path) -> Iterator[LabelledPair]:
    """Yield two pairs, one close and one not, for each query / positive / negative line."""
    with open_text(path) as lines:
        next(lines)
        for line in lines:
            query, positive, negative = (fold(text) for text in line.split("\t"))
            yield LabelledPair(query, positive, 1.0, "triples")
            yield LabelledPair(query, negative, 0.0, "triples")


def read_passages(path: Path, *, longest: int, every: int = 1) -> Iterator[str]:
    """Yield one line of ``every``, cut into pieces of at most ``longest`` characters."""
    with open_text(path) as lines:
        for line in itertools.islice(lines, 0, None, every):
            text = fold(line)
            for start in range(0, len(text), longest):
                if len(piece := text[start : start + longest]) >= 8:
                    yield piece


def read_questions(folders: Iterable[Path]) -> Iterator[str]:
    """Yield every question of the development sets, those asked and those in the base."""
    for folder in folders:
        for name, field in (("kb.jsonl", "question"), ("queries.jsonl", "query")):
            with open_text(folder / name) as lines:
                yield from (fold(json.loads(line)[field]) for line in lines)


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
        sliced = pair.source in SLICED_SOURCES and is_held_out(
            pair.first, parts=SLICED_SOURCES[pair.source][1]
        )
        if sliced or pair.source in DEVELOPMENT_SOURCES:
            development.append(pair)
        else:
            training.append(pair)
    held_out = {text for pair in development for text in (pair.first, pair.second)}
    held_out.update(questions)
    kept = [p for p in training if p.first not in held_out and p.second not in held_out]
    return kept, development


def open_text(path: Path) -> TextIO:
    """Open a UTF-8 text file, unpacking ``.xz``."""
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
