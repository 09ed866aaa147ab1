"""A classifier that tells messages in an emergency from others, however they are worded.

Patterns know the wordings that their authors thought of; this is the second opinion beside them. A
support vector machine compares the vector of a message with those of example messages, of
emergencies and of what is harmless, and a linear one says of what kind the emergency is. Both are
fitted by ``python -m eval fit-emergencies``.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from retrievers.encoder import SHIPPED_ENCODER, SentenceEncoder, shared_encoder

CLASSIFIER_FILE = "emergency_classifier.npz"
PART_LENGTH = 80
"""Longer messages are read in parts of about so many characters too."""
MAX_PARTS = 4
_CLAUSES = re.compile(r"[^。！？!?;；，,\n]+[。！？!?;；，,\n]*|\.\s")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KernelClassifier:
    """What was fitted: a support vector machine with a Gaussian kernel, and the kinds.

    Vectors of length 1 are compared by their cosine: the kernel is exp(-2 gamma (1 - cosine)).
    """

    examples: NDArray[np.float32]
    """The support vectors, of length 1, shape (n, dimension)."""
    weights: NDArray[np.float32]
    """What each example counts, shape (n,): above 0 for an emergency, below for what is none."""
    bias: float
    gamma: float
    threshold: float
    """Decision value from which a message is taken for an emergency."""
    kinds: tuple[str, ...]
    kind_weights: NDArray[np.float32]
    """Of the linear classifier of kinds, shape (n_kinds, dimension)."""
    kind_bias: NDArray[np.float32]
    """Shape (n_kinds,)."""
    encoder: str
    """Fingerprint of the encoder whose vectors it was fitted to."""

    def decision(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much speaks for an emergency, shape (n,), for vectors of shape (n, dimension)."""
        kernel = np.exp(-2 * self.gamma * (1 - vectors @ self.examples.T))
        result: NDArray[np.float32] = kernel @ self.weights + self.bias
        return result

    def kind_probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each kind, if it is an emergency: shape (n, n_kinds), rows sum to 1."""
        logits = vectors @ self.kind_weights.T + self.kind_bias
        result: NDArray[np.float32] = softmax(logits, axis=1)
        return result

    def save(self, path: Path) -> None:
        """Write it so that :meth:`load` can; the examples lose all but eight bits."""
        scale = float(np.abs(self.examples).max()) / 127
        np.savez_compressed(
            path,
            examples=np.round(self.examples / scale).astype(np.int8),
            scale=np.float32(scale),
            weights=self.weights.astype(np.float16),
            bias=np.float32(self.bias),
            gamma=np.float32(self.gamma),
            threshold=np.float32(self.threshold),
            kinds=np.array(self.kinds),
            kind_weights=self.kind_weights.astype(np.float16),
            kind_bias=self.kind_bias.astype(np.float32),
            encoder=np.array(self.encoder),
        )

    @classmethod
    def load(cls, path: Path) -> "KernelClassifier":
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: The file cannot be read, or holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                values: dict[str, Any] = {name: file[name] for name in file.files}
            examples = values["examples"].astype(np.float32) * values["scale"]
            return cls(
                examples=examples / np.linalg.norm(examples, axis=1, keepdims=True),
                weights=values["weights"].astype(np.float32),
                bias=float(values["bias"]),
                gamma=float(values["gamma"]),
                threshold=float(values["threshold"]),
                kinds=tuple(map(str, values["kinds"])),
                kind_weights=values["kind_weights"].astype(np.float32),
                kind_bias=values["kind_bias"].astype(np.float32),
                encoder=str(values["encoder"]),
            )
        except Exception as error:  # NumPy and zipfile have no common class for broken files
            raise ValueError(
                f"{path} holds no classifier of emergencies ({error}); copy it again, or write it "
                "with python -m eval fit-emergencies"
            ) from error


class EmergencyClassifier:
    """Says of what kind an emergency is, if a message tells of one. Threads may share it.

    Args:
        classifier: Fitted to the encoder's vectors.
        encoder: Makes the vectors.

    Raises:
        ValueError: The classifier was fitted to another encoder.
    """

    def __init__(self, classifier: KernelClassifier, encoder: SentenceEncoder) -> None:
        if classifier.encoder != encoder.fingerprint:
            raise ValueError(
                "the classifier of emergencies was fitted to another sentence encoder; run "
                "'python -m eval fit-emergencies'"
            )
        self._classifier = classifier
        self._encoder = encoder

    def kinds(self, text: str) -> tuple[str, ...]:
        """The kinds of emergency that a message may be told of, most likely first; empty if none.

        Another kind is named with it from a probability of 0.2.
        """
        if not any(map(str.isalpha, text)):
            return ()
        vectors = self._encoder.encode(message_parts(text))
        decision = self._classifier.decision(vectors)
        if decision.max() < self._classifier.threshold:
            return ()
        [likely] = self._classifier.kind_probabilities(vectors[[decision.argmax()]])
        order = np.argsort(-likely)
        return tuple(self._classifier.kinds[i] for i in order if likely[i] >= 0.2 or i == order[0])


def shipped_emergency_classifier(folder: Path) -> EmergencyClassifier | None:
    """The classifier in a folder, with the encoder that ships.

    Returns:
        None, with a warning, if it does not fit the encoder: then the tables stand alone.

    Raises:
        ValueError: The file is missing or broken.
    """
    classifier = KernelClassifier.load(folder / CLASSIFIER_FILE)
    try:
        return EmergencyClassifier(classifier, shared_encoder(SHIPPED_ENCODER))
    except ValueError as error:
        logger.warning("emergencies are recognised by the tables alone: %s", error)
        return None


def message_parts(text: str) -> list[str]:
    """A message, and if it is long, also its parts.

    >>> message_parts("着火了")
    ['着火了']
    """
    parts = [text]
    if len(text) <= PART_LENGTH:
        return parts
    size = max(PART_LENGTH, -(-len(text) // MAX_PARTS))
    part = ""
    for clause in _CLAUSES.findall(text):
        if part and len(part) + len(clause) > size:
            parts.append(part)
            part = ""
        part += clause
    return [*parts, part]
