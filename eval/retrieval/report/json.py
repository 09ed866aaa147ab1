"""``report.json``: what a pipeline reads."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...metrics import with_intervals
from ...reporting import settings_record
from ..evaluation import RetrievalReport, RetrievalResult


def write(report: RetrievalReport, path: Path) -> None:
    """Write the figures of all systems with what is needed to measure them again.

    The figures of the configuration under test are keys of the object itself, with
    their intervals beside them (``top1``, ``top1_ci``); each baseline is an object
    under its own name with the same keys, ``comparison`` likewise.
    """
    path.write_text(json.dumps(record(report), ensure_ascii=False, indent=1) + "\n", "utf-8")


def record(report: RetrievalReport) -> dict[str, Any]:
    """The object that :func:`write` writes."""
    whole = _system(report.result) | {"k": report.k} | report.exam.record()
    whole |= {baseline.name: _system(baseline) for baseline in report.baselines}
    if report.comparison:
        tests = {figure: asdict(test) for figure, test in report.comparison.tests.items()}
        whole["comparison"] = _system(report.comparison.result) | {"mcnemar": tests}
    return whole


def _system(result: RetrievalResult) -> dict[str, Any]:
    return with_intervals(result.figures) | {
        "name": result.name,
        "reliability": [asdict(bin_) for bin_ in result.reliability],
        "settings": settings_record(result.settings),
        "models": result.models,
    }
