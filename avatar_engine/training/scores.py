"""How well an expert tells pairs that are in sync from others."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

MIDDLE = 0.5  # the threshold that training itself has

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]


def accuracy(cosines: Floats, in_sync: Labels, threshold: float) -> float:
    """Balanced: the mean of the parts of either kind that are told rightly, 0 to 1."""
    said = cosines > threshold
    return float((said[in_sync].mean() + (~said[~in_sync]).mean()) / 2)


def best_threshold(cosines: Floats, in_sync: Labels) -> float:
    """The threshold with the best balanced accuracy on these pairs."""
    values = np.unique(cosines)
    tried = np.concatenate([(values[1:] + values[:-1]) / 2, [MIDDLE]])
    return float(max(tried, key=lambda threshold: accuracy(cosines, in_sync, threshold)))


def auroc(cosines: Floats, in_sync: Labels) -> float:
    """How probably a pair in sync has the higher cosine than one that is not, 0 to 1."""
    n, m = int(in_sync.sum()), int((~in_sync).sum())
    return float((rankdata(cosines)[in_sync].sum() - n * (n + 1) / 2) / (n * m))
