"""The evaluation as a whole, and as files that programs read: JSON and CSV."""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..metrics import RESAMPLES
from .evaluation import GENERATED, REAL, ContactSheet, LipsyncRow
from .figures import FIGURES
from .image_metrics import Pixels
from .summary import ALL, ClipMean, Figures, Groups, distances


@dataclass(frozen=True, slots=True, eq=False)
class LipsyncReport:
    """Everything that came out, and what it was measured with."""

    groups: Groups
    rows: list[LipsyncRow]
    sheets: list[ContactSheet]
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


def record(report: LipsyncReport) -> dict[str, Any]:
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


def write_json(report: LipsyncReport, path: Path) -> None:
    """Write ``report.json``."""
    path.write_text(dumps(report) + "\n", "utf-8")


def dumps(report: LipsyncReport) -> str:
    """The record as JSON text."""
    return json.dumps(record(report), ensure_ascii=False, indent=1, allow_nan=False)


def write_csv(report: LipsyncReport, path: Path) -> None:
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


def shown(figure: str, mean: ClipMean | None) -> str:
    """A figure with its interval, or a dash where nothing could be measured.

    >>> from eval.metrics import Estimate
    >>> shown("lse_d", ClipMean(Estimate(0.5, 0.4, 0.6), 9))
    '0.500 [0.400, 0.600]'
    """
    if mean is None or mean.estimate.value is None:
        return "–"
    n, e = FIGURES[figure].decimals, mean.estimate
    interval = f" [{e.low:.{n}f}, {e.high:.{n}f}]" if e.low is not None else ""
    return f"{e.value:.{n}f}{interval}"


def _mean(mean: ClipMean) -> dict[str, Any]:
    e = mean.estimate
    return {"value": _number(e.value), "low": _number(e.low), "high": _number(e.high), "n": mean.n}


def _number(value: float | None) -> float | str | None:
    """JSON has no infinity, which the PSNR of equal pictures is."""
    return "inf" if value is not None and math.isinf(value) else value


BRIEF = ("lse_d", "lse_c", "in_sync", "mouth_psnr", "mouth_ssim", "opening_loudness")
"""What is shown of single sets, languages and voices; report.json has all."""


def tables(report: LipsyncReport) -> Iterator[RenderableType]:
    """All clips in full, then each group in brief, then what was not measured."""
    yield _whole(report, report.groups[ALL][ALL])
    for grouping, groups in report.groups.items():
        if grouping != ALL and len(groups) > 1:
            yield _brief(grouping, groups)
    for note in report.notes:
        yield Text(note, style="dim")
    for figure, reason in report.missing.items():
        yield Text(f"{figure} not measured: {reason}", style="yellow")
    if report.left_out:
        yield Text(f"{len(report.left_out)} left out, the first: {report.left_out[0]}", "yellow")


def _whole(report: LipsyncReport, hands: dict[str, Figures]) -> Table:
    judges = " and ".join(report.judges.values())
    table = Table(title=f"{report.n_clips:,} clips, judged by {judges}", box=SIMPLE)
    table.add_column("", no_wrap=True)
    for hand in hands:
        table.add_column(hand, justify="right")
    for figure, about in FIGURES.items():
        if any(figure in figures for figures in hands.values()):
            cells = (_cell(shown(figure, figures.get(figure))) for figures in hands.values())
            better = {"high": " ↑", "low": " ↓"}.get(about.better, "")
            table.add_row(Text.assemble(figure, (better, "dim")), *cells)
    table.caption = (
        "In brackets: the 95 % confidence interval (bootstrap over clips). ↑ ↓: which way is better"
    )
    return table


def _brief(grouping: str, groups: dict[str, dict[str, Figures]]) -> Table:
    table = Table(title=f"by {grouping}", box=SIMPLE)
    for heading in (grouping, "drawn by", "clips"):
        table.add_column(heading)
    for figure in BRIEF:
        table.add_column(figure, justify="right")
    for group, hands in groups.items():
        for i, (hand, figures) in enumerate(hands.items()):
            n = max((mean.n for mean in figures.values()), default=0) if i == 0 else ""
            cells = (shown(f, figures.get(f)).partition(" ")[0] for f in BRIEF)
            table.add_row("" if i else group, hand, str(n), *cells)
    return table


def _cell(text: str) -> Text:
    value, space, interval = text.partition(" ")
    return Text.assemble(value, (f"\n{interval}" if space else "", "dim"))


SIDE = 192  # pixels of a picture on a sheet
_LABEL = 20  # pixels of the line above a row
_GAIN = 4  # differences are shown so many times larger


def draw_sheet(sheet: ContactSheet) -> Pixels:
    """Rows of real, generated and all the others, and the difference of the first two.

    Returns:
        (height, width, 3), RGB. The difference is grey where there is none, and 4 times as
        large as it is: lighter where the generated picture is.
    """
    rows = {name: list(frames) for name, frames in sheet.frames.items()}
    if GENERATED in rows:
        pairs = zip(rows[GENERATED], rows[REAL], strict=True)
        apart = [drawn.astype(np.int16) - real for drawn, real in pairs]
        difference = [np.clip(128 + _GAIN * d, 0, 255).astype(np.uint8) for d in apart]
        first = {name: rows.pop(name) for name in (REAL, GENERATED)}
        rows = first | {f"difference x{_GAIN}": difference} | rows
    return np.concatenate([_row(name, frames) for name, frames in rows.items()])


def write_sheets(sheets: list[ContactSheet], folder: Path) -> list[Path]:
    """Write every sheet as a PNG; returns where they are."""
    paths = []
    for sheet in sheets:
        path = folder / f"sheet-{sheet.set}-{sheet.clip}.png"
        _, packed = cv2.imencode(".png", cv2.cvtColor(draw_sheet(sheet), cv2.COLOR_RGB2BGR))
        path.write_bytes(packed.tobytes())
        paths.append(path)
    return paths


def as_jpeg(picture: Pixels) -> bytes:
    """A sheet small enough to lie within a page."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _row(name: str, frames: list[Pixels]) -> Pixels:
    small = [cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for f in frames]
    label = np.full((_LABEL, SIDE * len(small), 3), 255, np.uint8)
    cv2.putText(label, name, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    row = np.concatenate([label, np.concatenate(small, axis=1)])
    return row.astype(np.uint8, copy=False)
