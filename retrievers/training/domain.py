"""Pairs made from other things than pairs: knowledge bases, intents, a dictionary, statutes."""

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..folding import fold
from .corpus import LabelledPair, is_held_out, open_text

HELD_OUT_PARTS = 5
"""One entry of so many is kept away from training."""

_ANSWER_CHARACTERS = 60  # the beginning of an answer says what it is about
_CEDICT = re.compile(r"(\S+) (\S+) \[[^\]]*\] /(.+)/")
_ABOUT_WORDS = re.compile(
    r"surname|variant of|CL:|see |abbr\.|\[|old name|county|prefecture|used in"
)
_SENTENCE = re.compile(r"[^。；！？]{8,60}[。；！？]?")


def read_faq(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of every ``*.jsonl`` file of a knowledge base, ordered by id."""
    entries = [row for path in sorted(folder.glob("*.jsonl")) for row in _rows(path)]
    return sorted(entries, key=lambda entry: str(entry["id"]))


def faq_pairs(entries: Iterable[dict[str, Any]]) -> Iterator[LabelledPair]:
    """Yield every two ways to ask for the same entry, if the entry is not held out."""
    for entry in entries:
        if is_held_out(entry["id"], parts=HELD_OUT_PARTS):
            continue
        texts = [fold(text) for text in (entry["question"], *entry.get("wordings", ()))]
        for first, second in itertools.combinations(texts, 2):
            yield LabelledPair(first, second, 1.0, "faq", topic=entry["id"])


def answer_pairs(path: Path, *, source: str = "answers") -> Iterator[LabelledPair]:
    """Yield each question of a file of entries with the beginning of its answer."""
    for row in _rows(path):
        question = fold(row["question"])
        answer = fold(row["answer"])[:_ANSWER_CHARACTERS]
        if len(question) >= 5 and len(answer) >= 5:
            yield LabelledPair(question, answer, 1.0, source)


def intent_pairs(path: Path, *, each: int = 3) -> Iterator[LabelledPair]:
    """Yield each question of a grouped file (question, group) with a few others of its group."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in _rows(path):
        groups[row["group"]].append(fold(row["question"]))
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
                yield LabelledPair(fold(word), meaning, 1.0, "dictionary", topic=word)
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
            sentences = _SENTENCE.findall(fold(line))
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


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with open_text(path) as lines:
        yield from (json.loads(line) for line in lines if line.strip())
