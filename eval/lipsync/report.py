"""The evaluation as a whole, and as files that programs read: JSON and CSV."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..metrics import RESAMPLES
from .figures import FIGURES
from .run import GENERATED, Row, Sheet
from .summary import Figures, Groups, Mean, distances


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that came out, and what it was measured with."""

    groups: Groups
    rows: list[Row]
    sheets: list[Sheet]
    judges: dict[str, str]
    """What a judge is called, by the prefix of its figures."""
    weights: dict[str, str]
    """SHA-256 of the files, by what they are for."""
    missing: dict[str, str]
    """Figures that were not measured, and why."""
    left_out: list[str]
    """A sentence for everything that could not be compared."""
    notes: list[str]
    """How it was measured, a sentence each."""
    seed: int
    version: str

    @property
    def n_clips(self) -> int:
        """Clips that were measured."""
        return len({(row.set, row.clip) for row in self.rows})

    @property
    def generated(self) -> Figures:
        """What limits are held against: the generator under test on all clips."""
        return self.groups["all"]["all"][GENERATED]


def record(report: Report) -> dict[str, Any]:
    """The object that is written to ``report.json``; docs/lipsync-evaluation.md has its keys."""
    sets: dict[str, set[str]] = {}
    for row in report.rows:
        sets.setdefault(row.set, set()).add(row.clip)
    return {
        "n_clips": report.n_clips,
        "sets": {name: len(clips) for name, clips in sets.items()},
        "figures": {
            grouping: {
                group: {
                    hand: {figure: _mean(m) for figure, m in figures.items()}
                    for hand, figures in hands.items()
                }
                for group, hands in groups.items()
            }
            for grouping, groups in report.groups.items()
        },
        "distances": {
            name: {h: d.tolist() for h, d in distances(report.rows, prefix).items()}
            for prefix, name in report.judges.items()
        },
        "judges": {name: {"prefix": prefix} for prefix, name in report.judges.items()},
        "weights": report.weights,
        "missing": report.missing,
        "left_out": report.left_out,
        "notes": report.notes,
        "bootstrap": {"resamples": RESAMPLES, "seed": report.seed},
        "version": report.version,
    }


def write_json(report: Report, path: Path) -> None:
    """Write ``report.json``."""
    path.write_text(dumps(report) + "\n", "utf-8")


def dumps(report: Report) -> str:
    """The record as JSON text."""
    return json.dumps(record(report), ensure_ascii=False, indent=1, allow_nan=False)


def write_csv(report: Report, path: Path) -> None:
    """Write ``clips.csv``: a row for each clip as each hand drew it.

    UTF-8 with a byte order mark: without it spreadsheets show Chinese as noise.
    """
    measured = [name for name in FIGURES if any(name in row.figures for row in report.rows)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", "clip", "language", "voice", "drawn_by", *measured])
        for row in report.rows:
            values = (f"{row.figures[f]:.6g}" if f in row.figures else "" for f in measured)
            names = (row.set, row.clip, row.language, row.voice, row.drawn_by)
            writer.writerow([*names, *values])


def shown(figure: str, mean: Mean | None) -> str:
    """A figure with its interval, or a dash where nothing could be measured.

    >>> from ..metrics import Estimate
    >>> shown("lse_d", Mean(Estimate(0.5, 0.4, 0.6), 9))
    '0.500 [0.400, 0.600]'
    """
    if mean is None or mean.estimate.value is None:
        return "–"
    n, e = FIGURES[figure].decimals, mean.estimate
    interval = f" [{e.low:.{n}f}, {e.high:.{n}f}]" if e.low is not None else ""
    return f"{e.value:.{n}f}{interval}"


def _mean(mean: Mean) -> dict[str, Any]:
    e = mean.estimate
    return {"value": _number(e.value), "low": _number(e.low), "high": _number(e.high), "n": mean.n}


def _number(value: float | None) -> float | str | None:
    """JSON has no infinity, which the PSNR of equal pictures is."""
    return "inf" if value is not None and math.isinf(value) else value
