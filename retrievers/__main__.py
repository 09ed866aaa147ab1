"""``python -m retrievers calibrate``: learn how much cosine and words should count."""

import argparse
import csv
import logging
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
        help="CSV with question, gold (ids joined by ';', empty when there is no answer) and split",
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


def _calibrate(options: argparse.Namespace) -> int:
    from sklearn.linear_model import LogisticRegression  # librosa brings it; only needed here

    with options.questions.open(encoding="utf-8", newline="") as file:
        questions = [row for row in csv.DictReader(file) if row["split"] == options.split]
    with tempfile.TemporaryDirectory() as folder:
        store = ChromaStore(Path(folder), encoder=options.encoder)
        store.add(read_folder(options.faq))
        neutral = Fusion((0.0,) * 2 * len(EVIDENCE), 0.0)
        neutral.save(Path(folder) / "neutral.json")
        retriever = HybridRetriever(store, fusion=Path(folder) / "neutral.json")
        rows, labels, importance = [], [], []
        for question in questions:
            gold = question["gold"].split(";")
            language = "zh-CN" if _HAN.search(question["question"]) else "en"
            found = retriever.candidates(question["question"], Scope(language))
            rows.append(features(found.evidence))
            labels += [entry.faq_id in gold for entry in found.entries]
            is_off = question.get("kind") == "off"
            importance += [OFF_TOPIC_IMPORTANCE if is_off else 1.0] * len(found.entries)
    model = LogisticRegression(C=30.0, max_iter=5000)
    model.fit(np.vstack(rows), labels, sample_weight=importance)
    weights = tuple(round(float(w), 4) for w in model.coef_[0])
    fusion = Fusion(weights, round(float(model.intercept_[0]), 4), store.encoder_fingerprint)
    fusion.save(options.output)
    print(f"{options.output}: learned from {len(questions)} questions, weights {weights}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
