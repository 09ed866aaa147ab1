"""Text files become sentence pairs; some pairs are kept away from training."""

import hashlib
import itertools
import json
import lzma
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..text.normalization import normalize_text

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
            yield LabelledPair(normalize_text(first), normalize_text(second), float(label), source)


def read_triples(path: Path) -> Iterator[LabelledPair]:
    """Yield two pairs, one close and one not, for each query / positive / negative line."""
    with open_text(path) as lines:
        next(lines)
        for line in lines:
            query, positive, negative = (normalize_text(text) for text in line.split("\t"))
            yield LabelledPair(query, positive, 1.0, "triples")
            yield LabelledPair(query, negative, 0.0, "triples")


def read_passages(path: Path, *, longest: int, every: int = 1) -> Iterator[str]:
    """Yield one line of ``every``, cut into pieces of at most ``longest`` characters."""
    with open_text(path) as lines:
        for line in itertools.islice(lines, 0, None, every):
            text = normalize_text(line)
            for start in range(0, len(text), longest):
                if len(piece := text[start : start + longest]) >= 8:
                    yield piece


def read_questions(folders: Iterable[Path]) -> Iterator[str]:
    """Yield every question of the development sets, those asked and those in the base."""
    for folder in folders:
        for name, field in (("kb.jsonl", "question"), ("queries.jsonl", "query")):
            with open_text(folder / name) as lines:
                yield from (normalize_text(json.loads(line)[field]) for line in lines)


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


HELD_OUT_PARTS = 5
"""One entry of so many is kept away from training."""

_ANSWER_CHARACTERS = 60  # the beginning of an answer says what it is about
_CEDICT = re.compile(r"(\S+) (\S+) \[[^\]]*\] /(.+)/")
_ABOUT_WORDS = re.compile(
    r"surname|variant of|CL:|see |abbr\.|\[|old name|county|prefecture|used in"
)
_STATUTE_SENTENCE = re.compile(r"[^。；！？]{8,60}[。；！？]?")


def read_faq(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of every ``*.jsonl`` file of a knowledge base, ordered by id."""
    entries = [row for path in sorted(folder.glob("*.jsonl")) for row in _json_rows(path)]
    return sorted(entries, key=lambda entry: str(entry["id"]))


def faq_pairs(entries: Iterable[dict[str, Any]]) -> Iterator[LabelledPair]:
    """Yield every two ways to ask for the same entry, if the entry is not held out."""
    for entry in entries:
        if is_held_out(entry["id"], parts=HELD_OUT_PARTS):
            continue
        texts = [normalize_text(text) for text in (entry["question"], *entry.get("wordings", ()))]
        for first, second in itertools.combinations(texts, 2):
            yield LabelledPair(first, second, 1.0, "faq", topic=entry["id"])


def answer_pairs(path: Path, *, source: str = "answers") -> Iterator[LabelledPair]:
    """Yield each question of a file of entries with the beginning of its answer."""
    for row in _json_rows(path):
        question = normalize_text(row["question"])
        answer = normalize_text(row["answer"])[:_ANSWER_CHARACTERS]
        if len(question) >= 5 and len(answer) >= 5:
            yield LabelledPair(question, answer, 1.0, source)


def intent_pairs(path: Path, *, each: int = 3) -> Iterator[LabelledPair]:
    """Yield each question of a grouped file (question, group) with a few others of its group."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in _json_rows(path):
        groups[row["group"]].append(normalize_text(row["question"]))
    for group, questions in sorted(groups.items()):
        rng = np.random.default_rng(len(questions))
        order = rng.permutation(len(questions))
        for step in range(1, min(each, len(order) - 1) + 1):
            for here, there in zip(order, np.roll(order, step), strict=True):
                yield LabelledPair(
                    questions[here], questions[there], 1.0, "intents", topic=f"{path}:{group}"
                )


def dictionary_pairs(path: Path) -> Iterator[LabelledPair]:
    """Yield a Chinese word and its English meanings, and two meanings of one word.

    Args:
        path: A dictionary in the format of CC-CEDICT.
    """
    with open_text(path) as lines:
        for line in lines:
            if not (entry := _CEDICT.match(line)):
                continue
            word = entry[2]
            meanings = [
                re.sub(r"\([^)]*\)", "", meaning).strip() for meaning in entry[3].split("/")
            ]
            meanings = [m for m in meanings if m and not _ABOUT_WORDS.search(m)]
            meanings = [m for m in meanings if m.islower() and len(m.split()) <= 6][:3]
            for meaning in meanings:
                yield LabelledPair(normalize_text(word), meaning, 1.0, "dictionary", topic=word)
            for first, second in itertools.combinations(meanings, 2):
                yield LabelledPair(first, second, 1.0, "dictionary", topic=word)


def neighbour_pairs(path: Path, *, every: int = 1) -> Iterator[LabelledPair]:
    """Yield two sentences that follow each other in a paragraph.

    Lee, Chang and Toutanova, "Latent Retrieval for Weakly Supervised Open Domain Question
    Answering", 2019: what stands beside a sentence tells what it is about.

    Args:
        path: Text, one paragraph a line.
        every: Take one paragraph of so many.
    """
    with open_text(path) as lines:
        for line in itertools.islice(lines, 0, None, every):
            sentences = _STATUTE_SENTENCE.findall(normalize_text(line))
            for first, second in zip(sentences[::2], sentences[1::2], strict=False):
                yield LabelledPair(first, second, 1.0, "neighbours")


def noisy_pairs(texts: Iterable[str], *, seed: int = 0) -> Iterator[LabelledPair]:
    """Yield each text with a hastily typed form of it: characters dropped, doubled or swapped."""
    rng = np.random.default_rng(seed)
    for text in texts:
        characters = list(text)
        for _ in range(1 + len(characters) // 12):
            at = int(rng.integers(max(1, len(characters) - 1)))
            match rng.integers(3):
                case 0:
                    del characters[at : at + 1]
                case 1:
                    characters.insert(at, characters[at])
                case _:
                    characters[at : at + 2] = reversed(characters[at : at + 2])
        yield LabelledPair(text, "".join(characters), 1.0, "noisy")


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with open_text(path) as lines:
        yield from (json.loads(line) for line in lines if line.strip())
