"""``report.json``: what a pipeline reads."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..metrics import RESAMPLES, SEED
from ..provenance import settings_record
from ..qa import Report, Result


def write(report: Report, path: Path) -> None:
    """Write the figures of all systems with what is needed to measure them again.

    The figures of the configuration under test are keys of the object itself, with
    their intervals beside them (``top1``, ``top1_ci``); each baseline is an object
    under its own name with the same keys, ``comparison`` likewise.
    """
    path.write_text(json.dumps(record(report), ensure_ascii=False, indent=1) + "\n", "utf-8")


def record(report: Report) -> dict[str, Any]:
    """The object that :func:`write` writes."""
    kinds = [finding.question.kind for finding in report.result.findings]
    whole = _system(report.result) | {
        "k": report.k,
        "split": report.split,
        "n_entries": report.n_entries,
        "n_questions": {kind: kinds.count(kind) for kind in ("in", "near", "off")},
        "data": {
            "faq": {"path": str(report.faq), "sha256": report.data["faq"]},
            "questions": {"path": str(report.questions), "sha256": report.data["questions"]},
        },
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
        "version": report.version,
    }
    whole |= {baseline.name: _system(baseline) for baseline in report.baselines}
    if report.comparison:
        tests = {figure: asdict(test) for figure, test in report.comparison.tests.items()}
        whole["comparison"] = _system(report.comparison.result) | {"mcnemar": tests}
    return whole


def _system(result: Result) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, estimate in result.figures.items():
        figures[name] = estimate.value
        if estimate.low is not None:
            figures[f"{name}_ci"] = [estimate.low, estimate.high]
    return figures | {
        "name": result.name,
        "reliability": [asdict(bin_) for bin_ in result.reliability],
        "settings": settings_record(result.settings),
        "models": result.models,
    }
