"""Fitting the classifier of emergencies: ``python -m eval fit-emergencies``.

It learns from the ``dev`` messages of ``assets/dialogue/emergency_messages.csv``; from what is
harmless: messages that are acts, the questions of the knowledge base, the ``dev`` questions of the
evaluation, and whatever files of harmless sentences are named beside them.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.dialogue.emergencies import EmergencyRecogniser
from agent.dialogue.emergency_classifier import KernelClassifier
from retrievers.encoder import SentenceEncoder
from zhengwen.assets import asset

from .dialogue_acts import ACT_MESSAGES, EMERGENCY_MESSAGES

GAMMA = 3.0
MARGIN_COST = 3.0
"""C of the support vector machine; with gamma chosen on messages that it had not seen."""
EMERGENCY_WEIGHT = 2.0
"""How much worse it is to miss an emergency than to see one where there is none."""
HELD_OUT = 5
"""One in so many messages is kept back to choose the threshold."""


def training_messages(harmless: Sequence[Path] = ()) -> list[tuple[str, str]]:
    """Messages and the kind of emergency that each tells of, empty for none; without repetitions.

    Args:
        harmless: Text files with a sentence in each line. Lines that the tables take for an
            emergency are left out, for among so many some will be.

    Raises:
        OSError: A file cannot be read.
    """
    messages = [(row["message"], row["expected"]) for row in _rows(EMERGENCY_MESSAGES, split="dev")]
    messages += [(row["message"], "") for row in _rows(ACT_MESSAGES, split="dev")]
    messages += [(row["question"], "") for row in _rows(asset("faq", "questions.csv"), "dev")]
    for path in sorted(asset("faq").glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines()
        messages += [(json.loads(line)["question"], "") for line in lines]
    tables = EmergencyRecogniser((asset("dialogue"),))
    for path in harmless:
        lines = path.read_text("utf-8").splitlines()
        messages += [(line, "") for line in lines if line and tables.recognise(line) is None]
    known = {message: kind for message, kind in reversed(messages)}
    # A question of the evaluation may well tell of an emergency.
    return [(m, kind) for m, kind in known.items() if kind or tables.recognise(m) is None]


def fit_classifier(
    messages: Sequence[tuple[str, str]], encoder: SentenceEncoder, *, false_alarms: float
) -> KernelClassifier:
    """Fit both machines.

    Args:
        messages: Each with its kind, empty for none; of three kinds at least.
        encoder: Makes the vectors.
        false_alarms: The threshold is where so many of the harmless messages kept back are
            taken for an emergency; in [0, 1].
    """
    from sklearn.linear_model import LogisticRegression  # slow to import

    kinds = np.array([kind for _, kind in messages])
    is_emergency = kinds != ""
    vectors = encoder.encode([message for message, _ in messages])
    kept_back = np.random.default_rng(0).permutation(len(messages)) % HELD_OUT == 0
    trial = _fit_machine(vectors[~kept_back], is_emergency[~kept_back])
    rest = np.sort(trial.decision(vectors[kept_back & ~is_emergency]))
    threshold = float(rest[int((1 - false_alarms) * (len(rest) - 1))])
    kind = LogisticRegression(C=30, max_iter=3000).fit(vectors[is_emergency], kinds[is_emergency])
    return replace(
        _fit_machine(vectors, is_emergency),
        threshold=threshold,
        kinds=tuple(map(str, kind.classes_)),
        kind_weights=kind.coef_.astype(np.float32),
        kind_bias=kind.intercept_.astype(np.float32),
        encoder=encoder.fingerprint,
    )


def _fit_machine(vectors: NDArray[np.float32], is_emergency: NDArray[np.bool_]) -> KernelClassifier:
    from sklearn.svm import SVC  # slow to import

    machine = SVC(C=MARGIN_COST, gamma=GAMMA, class_weight={True: EMERGENCY_WEIGHT, False: 1.0})
    machine.fit(vectors, is_emergency)
    dimension = vectors.shape[1]
    return KernelClassifier(
        examples=machine.support_vectors_.astype(np.float32),
        weights=machine.dual_coef_[0].astype(np.float32),
        bias=float(machine.intercept_[0]),
        gamma=GAMMA,
        threshold=0.0,
        kinds=(),
        kind_weights=np.empty((0, dimension), np.float32),
        kind_bias=np.empty(0, np.float32),
        encoder="",
    )


def _rows(path: Path, split: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]
