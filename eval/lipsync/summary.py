"""Means over clips with bootstrap intervals, in all and for every set, language and voice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..metrics import Estimate, mean_estimate, ratio_estimate
from .evaluation import REAL, SOURCES, WRONG_AUDIO, LipsyncRow
from .figures import EXPERT, FIGURES, SYNCNET
from .image_metrics import frechet_distance

ALL = "all"
GROUPINGS: dict[str, Callable[[LipsyncRow], str]] = {
    ALL: lambda row: ALL,
    "set": lambda row: row.set,
    "language": lambda row: row.language,
    "voice": lambda row: row.voice,
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipMean:
    """A figure over clips, with the interval in which 95 % of its resamples lie."""

    estimate: Estimate
    n: int
    """Clips that it could be measured on; of FID, generated pictures."""


Figures = dict[str, ClipMean]
"""By the name in ``FIGURES``; what could not be measured is not there."""
Groups = dict[str, dict[str, dict[str, Figures]]]
"""By grouping (``all``, ``set``, ...), by group (its name), by who drew."""


def summarise(rows: Sequence[LipsyncRow], seed: int) -> Groups:
    """All figures of all groups.

    Args:
        rows: Of ``run.measure``.
        seed: Of the bootstrap (Efron and Tibshirani, 1993), which draws whole clips.
    """
    groups: Groups = {}
    for grouping, name_of in GROUPINGS.items():
        names = dict.fromkeys(map(name_of, rows))
        groups[grouping] = {
            name: _group([row for row in rows if name_of(row) == name], seed)
            for name in sorted(names)
        }
    return groups


def distances(rows: Sequence[LipsyncRow], prefix: str) -> dict[str, Floats]:
    """The mean distance at each of the 31 offsets, by who drew."""
    return {
        name: np.mean([row.distances[prefix] for row in some], axis=0)
        for name, some in rows_by_source(rows).items()
        if prefix in some[0].distances
    }


def rows_by_source(rows: Sequence[LipsyncRow]) -> dict[str, list[LipsyncRow]]:
    """Rows by who drew them: the real ones, ours, then the others."""
    names = dict.fromkeys(row.drawn_by for row in rows)
    ordered = [name for name in SOURCES if name in names] + [n for n in names if n not in SOURCES]
    return {name: [row for row in rows if row.drawn_by == name] for name in ordered}


def _group(rows: Sequence[LipsyncRow], seed: int) -> dict[str, Figures]:
    hands = rows_by_source(rows)
    real = {(row.set, row.clip): row for row in hands[REAL]}
    wrong = {(row.set, row.clip): row for row in hands.get(WRONG_AUDIO, [])}
    return {name: _figures(name, some, real, wrong, seed) for name, some in hands.items()}


def _figures(
    name: str,
    rows: list[LipsyncRow],
    real: dict[tuple[str, str], LipsyncRow],
    wrong: dict[tuple[str, str], LipsyncRow],
    seed: int,
) -> Figures:
    found: Figures = {}
    for figure in FIGURES:
        values = np.array([row.figures[figure] for row in rows if figure in row.figures])
        if len(values):
            found[figure] = ClipMean(mean_estimate(values, seed), len(values))
    for prefix in (EXPERT, SYNCNET):
        if name == REAL or f"{prefix}lse_d" not in found:
            continue
        pairs = [(row.figures, real[row.set, row.clip].figures) for row in rows]
        for figure in (f"{prefix}lse_d", f"{prefix}lse_c"):
            own, theirs = np.array([(a[figure], b[figure]) for a, b in pairs]).T
            found[f"{figure}_ratio"] = ClipMean(ratio_estimate(own, theirs, seed), len(pairs))
        if name == WRONG_AUDIO:
            continue
        nearer = [
            row.figures[f"{prefix}lse_d"] < wrong[row.set, row.clip].figures[f"{prefix}lse_d"]
            for row in rows
            if (row.set, row.clip) in wrong
        ]
        if nearer:
            share = mean_estimate(np.array(nearer, np.float64), seed)
            found[f"{prefix}beats_wrong_audio"] = ClipMean(share, len(nearer))
    seen = [row.features for row in rows if row.features is not None]
    if name != REAL and sum(map(len, seen)) > 1:
        sources = [real[row.set, row.clip].features for row in rows]
        originals = np.concatenate([some for some in sources if some is not None])
        distance = frechet_distance(originals, np.concatenate(seen))
        found["fid"] = ClipMean(Estimate(distance), sum(map(len, seen)))
    return {figure: found[figure] for figure in FIGURES if figure in found}
