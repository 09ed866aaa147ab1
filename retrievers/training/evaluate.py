"""Figures on what training never saw: Spearman for pairs, top-1 for questions."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from .corpus import DEVELOPMENT_SOURCES, SLICED_SOURCES, LabelledPair, is_held_out, normalise

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, shape (n, d)."""


def pair_scores(pairs: Sequence[LabelledPair], encode: Encode) -> dict[str, dict[str, float]]:
    """Return, for each benchmark, Spearman x 100 of the encoder and of shared characters."""
    figures = {}
    for source, name in (DEVELOPMENT_SOURCES | SLICED_SOURCES).items():
        chosen = [pair for pair in pairs if pair.source == source]
        if not chosen:
            continue
        labels = [pair.label for pair in chosen]
        first = encode([pair.first for pair in chosen])
        second = encode([pair.second for pair in chosen])
        shared = [_shared(pair.first, pair.second) for pair in chosen]
        figures[name] = {
            "pairs": len(chosen),
            "encoder": round(100 * float(spearmanr((first * second).sum(1), labels)[0]), 2),
            "shared_characters": round(100 * float(spearmanr(shared, labels)[0]), 2),
        }
    return figures


def question_scores(folder: Path, encode: Encode) -> dict[str, float]:
    """Return how often the nearest entry is a right one, for a folder of questions.

    Args:
        folder: Holds ``kb.jsonl`` (question, group) and ``queries.jsonl`` (query, gold groups,
            kind; only those of kind ``in`` are asked).
        encode: The encoder.
    """
    entries = _rows(folder / "kb.jsonl")
    queries = [row for row in _rows(folder / "queries.jsonl") if row["kind"] == "in"]
    base = encode([normalise(row["question"]) for row in entries])
    asked = encode([normalise(row["query"]) for row in queries])
    best = (asked @ base.T).argmax(1)
    right = [entries[at]["group"] in row["gold"] for at, row in zip(best, queries, strict=True)]
    return {"queries": len(queries), "top1": round(float(np.mean(right)), 4)}


def faq_scores(entries: Sequence[dict[str, Any]], encode: Encode) -> dict[str, float]:
    """Return top-1 of the wordings of held-out entries, among the questions of all entries.

    The knowledge base holds the main question of each entry only; the other wordings ask.
    """
    base = encode([normalise(entry["question"]) for entry in entries])
    wordings = [
        (at, normalise(wording))
        for at, entry in enumerate(entries)
        if is_held_out(entry["id"], parts=5)
        for wording in entry.get("wordings", ())
    ]
    asked = encode([wording for _, wording in wordings])
    best = (asked @ base.T).argmax(1)
    right = best == np.array([at for at, _ in wordings])
    return {
        "entries": len(entries),
        "queries": len(wordings),
        "top1": round(float(np.mean(right)), 4),
    }


def _shared(first: str, second: str) -> float:
    """Return the cosine of two sentences' character counts."""
    left, right = Counter(first.lower()), Counter(second.lower())
    product = sum(count * right[character] for character, count in left.items())
    length = sum(n * n for n in left.values()) * sum(n * n for n in right.values())
    return product / length**0.5 if length else 0.0


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
