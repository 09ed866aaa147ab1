"""How alike in meaning and in words become one probability that an entry is right."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EVIDENCE = ("cosine", "words of one wording", "words of the whole entry")


@dataclass(frozen=True, slots=True)
class Fusion:
    """A logistic regression over what speaks for a candidate, and its lead over the others.

    It is learned on questions with known answers, and on questions without one, so that
    its output is calibrated: of a hundred candidates given 0.8, about eighty are right.
    """

    weights: tuple[float, ...]
    """One for each kind of :data:`EVIDENCE`, then one for the lead in each."""
    bias: float
    encoder: str = ""
    """Fingerprint of the encoder whose cosines it was learned on; empty fits any."""

    def probabilities(self, evidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each candidate to be right.

        Args:
            evidence: Shape (n_candidates, 3), each value in [0, 1].

        Returns:
            Shape (n_candidates,), in [0, 1].
        """
        logit = features(evidence) @ np.array(self.weights, np.float32) + self.bias
        probability: NDArray[np.float32] = 1 / (1 + np.exp(-logit))
        return probability

    @classmethod
    def load(cls, path: Path) -> "Fusion":
        """Read what :meth:`save` wrote.

        Raises:
            OSError: The file cannot be read.
            ValueError: It holds something else.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
            fusion = cls(tuple(values["weights"]), values["bias"], values["encoder"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is not a fusion file: {error}") from error
        if len(fusion.weights) != 2 * len(EVIDENCE):
            raise ValueError(f"{path} must hold {2 * len(EVIDENCE)} weights")
        return fusion

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def features(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """The evidence, and its lead over the best other candidate, shape (n_candidates, 6)."""
    if len(evidence) < 2:
        return np.hstack([evidence, evidence])
    best_two = np.sort(evidence, axis=0)[-2:]
    best_other = np.where(evidence == best_two[1], best_two[0], best_two[1])
    return np.hstack([evidence, evidence - best_other])
