"""``python -m retrievers calibrate``: learn how much cosine and words should count."""

import argparse
import csv
import logging
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .base import Scope
from .chroma import SHIPPED_ENCODER, ChromaStore
from .faq_files import read_folder
from .fusion import EVIDENCE, Fusion, features
from .hybrid import SHIPPED_FUSION, HybridRetriever

OFF_TOPIC_IMPORTANCE = 3.0  # people talk about the weather more often than test sets do
_HAN = re.compile(r"[\u3400-\u9fff]")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    assets = SHIPPED_ENCODER.parent
    parser = argparse.ArgumentParser(prog="python -m retrievers", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    calibrate = commands.add_parser("calibrate", help="fit the fusion to questions with answers")
    calibrate.add_argument("--faq", type=Path, default=assets / "faq", help="folder of *.jsonl")
    calibrate.add_argument(
        "--questions",
        type=Path,
        default=assets / "faq" / "questions.csv",
        help="CSV: question, gold (ids joined by ';'; empty: none), kind (in, near, off), split",
    )
    calibrate.add_argument("--split", default="dev", help="rows to learn from (default dev)")
    calibrate.add_argument("--encoder", type=Path, default=SHIPPED_ENCODER)
    calibrate.add_argument("-o", "--output", type=Path, default=SHIPPED_FUSION)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        return _calibrate(options)
    except (OSError, ValueError) as error:
        print(f"retrievers: {error}", file=sys.stderr)
        return 1


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One question with its candidates."""

    kind: str
    """``in``: an entry answers it; ``near`` and ``off``: none does."""
    split: str
    evidence: NDArray[np.float32]
    is_right: NDArray[np.bool_]


def _calibrate(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        store = ChromaStore(Path(folder), encoder=options.encoder)
        store.add(read_folder(options.faq))
        cases = list(_cases(options.questions, store, Path(folder)))
    weights, bias = _fit([case for case in cases if case.split == options.split])
    fusion = Fusion(weights, bias, store.encoder_fingerprint)
    fusion.save(options.output)
    print(f"{options.output}: weights {weights}, bias {bias}")
    for split in sorted({case.split for case in cases}):
        print(_report(fusion, [case for case in cases if case.split == split], split))
    return 0


def _cases(questions: Path, store: ChromaStore, folder: Path) -> Iterator[Case]:
    neutral = folder / "neutral.json"
    Fusion((0.0,) * 2 * len(EVIDENCE), 0.0).save(neutral)
    retriever = HybridRetriever(store, fusion=neutral)
    with questions.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            gold = row["gold"].split(";")
            language = "zh-CN" if _HAN.search(row["question"]) else "en"
            found = retriever.candidates(row["question"], Scope(language))
            is_right = np.array([entry.faq_id in gold for entry in found.entries])
            yield Case(row["kind"], row["split"], found.evidence, is_right)


def _fit(cases: list[Case]) -> tuple[tuple[float, ...], float]:
    from sklearn.linear_model import LogisticRegression  # librosa brings it; only needed here

    importance = [
        OFF_TOPIC_IMPORTANCE if case.kind == "off" else 1.0 for case in cases for _ in case.is_right
    ]
    model = LogisticRegression(C=30.0, max_iter=5000)
    model.fit(
        np.vstack([features(case.evidence) for case in cases]),
        np.concatenate([case.is_right for case in cases]),
        sample_weight=importance,
    )
    return tuple(round(float(w), 4) for w in model.coef_[0]), round(float(model.intercept_[0]), 4)


def _report(fusion: Fusion, cases: list[Case], split: str, answer_from: float = 0.4) -> str:
    """What a visitor would have got, in shares of the questions of each kind."""
    first: dict[str, list[tuple[bool, bool]]] = {"in": [], "near": [], "off": []}
    for case in cases:
        score = fusion.probabilities(case.evidence)
        best = int(score.argmax())
        first[case.kind].append((bool(case.is_right[best]), bool(score[best] >= answer_from)))
    shares = {
        "top1": np.mean([right for right, _ in first["in"]]),
        "answered right": np.mean([right and given for right, given in first["in"]]),
        "answered wrong": np.mean([given and not right for right, given in first["in"]]),
        "near misses refused": np.mean([not given for _, given in first["near"]]),
        "off topic refused": np.mean([not given for _, given in first["off"]]),
    }
    figures = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    return f"{split}: {len(cases)} questions, answers from {answer_from}: {figures}"


if __name__ == "__main__":
    sys.exit(main())
