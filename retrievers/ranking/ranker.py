"""From the features of candidates to the probability that each is right."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.atomic_write import write_atomically

from .features import FEATURES, MARGIN_FEATURES, with_margins


@dataclass(frozen=True, slots=True)
class LogisticRanker:
    """A logistic regression over the features of a candidate and its margins over the others.

    It is learned on questions with known answers, and on questions without one, so that
    its output is calibrated: of a hundred candidates given 0.8, about eighty are right.
    """

    weights: tuple[float, ...]
    """One for each of :data:`~retrievers.ranking.features.FEATURES`, then one for each
    margin."""
    bias: float
    encoder: str = ""
    """Fingerprint of the encoder whose cosines it was learned on; empty fits any."""

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each candidate to be right.

        Args:
            features: Shape (n_candidates, len(FEATURES)), each value in [0, 1].

        Returns:
            Shape (n_candidates,), in [0, 1].
        """
        logit = with_margins(features) @ np.array(self.weights, np.float32) + self.bias
        probability: NDArray[np.float32] = 1 / (1 + np.exp(-logit))
        return probability

    @classmethod
    def neutral(cls) -> "LogisticRanker":
        """One that finds every candidate as likely as the next."""
        return cls((0.0,) * (len(FEATURES) + len(MARGIN_FEATURES)), 0.0)

    @classmethod
    def load(cls, path: Path) -> "LogisticRanker":
        """Read what :meth:`save` wrote.

        Raises:
            OSError: The file cannot be read.
            ValueError: It holds something else.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
            ranker = cls(tuple(values["weights"]), values["bias"], values["encoder"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is no ranker file: {error}") from error
        if len(ranker.weights) != len(FEATURES) + len(MARGIN_FEATURES):
            raise ValueError(f"{path} must hold {len(FEATURES) + len(MARGIN_FEATURES)} weights")
        return ranker

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_atomically(path, json.dumps(asdict(self), indent=1) + "\n")
