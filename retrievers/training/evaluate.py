"""Figures on what training never saw: Spearman for pairs, top-1 for questions."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import spearmanr

from ..text.normalization import normalize_text
from .pairs import DEVELOPMENT_SOURCES, SLICED_SOURCES, LabelledPair, is_held_out

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, shape (n, d)."""


def pair_scores(pairs: Sequence[LabelledPair], encode: Encode) -> dict[str, dict[str, float]]:
    """Return, for each benchmark, Spearman x 100 of the encoder and of shared characters."""
    figures = {}
    sliced = {source: name for source, (name, _) in SLICED_SOURCES.items()}
    for source, name in (DEVELOPMENT_SOURCES | sliced).items():
        chosen = [pair for pair in pairs if pair.source == source]
        if not chosen:
            continue
        labels = [pair.label for pair in chosen]
        first = encode([pair.first for pair in chosen])
        second = encode([pair.second for pair in chosen])
        characters = _character_vectors([text for p in chosen for text in (p.first, p.second)])
        shared = (characters[::2] * characters[1::2]).sum(1)
        figures[name] = {
            "pairs": len(chosen),
            "encoder": round(100 * float(spearmanr((first * second).sum(1), labels)[0]), 2),
            "shared_characters": round(100 * float(spearmanr(shared, labels)[0]), 2),
        }
    return figures


def question_scores(folder: Path, encode: Encode) -> dict[str, float]:
    """Return how often the nearest entry is a right one, of the encoder and of shared characters.

    Args:
        folder: Holds ``kb.jsonl`` (question, group) and ``queries.jsonl`` (query, gold groups,
            kind; only those of kind ``in`` are asked).
        encode: The encoder.
    """
    entries = _rows(folder / "kb.jsonl")
    queries = [row for row in _rows(folder / "queries.jsonl") if row["kind"] == "in"]
    asked = [normalize_text(row["query"]) for row in queries]
    right = np.array([[entry["group"] in row["gold"] for entry in entries] for row in queries])
    return _top1(asked, [normalize_text(row["question"]) for row in entries], right, encode)


def faq_scores(entries: Sequence[dict[str, Any]], encode: Encode) -> dict[str, float]:
    """Return top-1 of the wordings of held-out entries, among the questions of all entries.

    The knowledge base holds the main question of each entry only; the other wordings ask.
    """
    wordings = [
        (at, normalize_text(wording))
        for at, entry in enumerate(entries)
        if is_held_out(entry["id"], parts=5)
        for wording in entry.get("wordings", ())
    ]
    right = np.zeros((len(wordings), len(entries)), bool)
    right[np.arange(len(wordings)), [at for at, _ in wordings]] = True
    questions = [normalize_text(entry["question"]) for entry in entries]
    return _top1([wording for _, wording in wordings], questions, right, encode)


def _top1(
    asked: Sequence[str], questions: Sequence[str], right: NDArray[np.bool_], encode: Encode
) -> dict[str, float]:
    rows = np.arange(len(asked))
    found = (encode(asked) @ encode(questions).T).argmax(1)
    shared = _character_vectors([*asked, *questions])
    lexical = (shared[: len(asked)] @ shared[len(asked) :].T).toarray().argmax(1)
    return {
        "entries": len(questions),
        "queries": len(asked),
        "encoder": round(float(right[rows, found].mean()), 4),
        "shared_characters": round(float(right[rows, lexical].mean()), 4),
    }


def _character_vectors(texts: Sequence[str]) -> csr_array:
    """Return normalised counts of single characters, shape (n, number of characters)."""
    columns: dict[str, int] = {}
    counts = [Counter(text.lower()) for text in texts]
    row, column, value = [], [], []
    for at, count in enumerate(counts):
        length = sum(n * n for n in count.values()) ** 0.5
        for character, n in count.items():
            row.append(at)
            column.append(columns.setdefault(character, len(columns)))
            value.append(n / length)
    return csr_array((value, (row, column)), shape=(len(texts), len(columns)))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
