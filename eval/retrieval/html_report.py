"""``report.html``: figures, charts, worst cases and what they were measured with."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from ..html_pages import CHART_HEIGHT, CHART_WIDTH, AnyChart, as_svg, series_colors, write_page
from .evaluation import RetrievalOutcome, RetrievalReport, RetrievalResult
from .report import WORST, comparisons, headings, label, shown, worst

N_WORST = 25  # of each kind
N_FOUND = 3  # passages shown of each
N_CHARTED = 3  # figures, the first
_SHARE = alt.Scale(domain=[0, 1])
_GUIDE: dict[str, Any] = {"color": "#888", "strokeDash": [4, 3]}


def write_html(report: RetrievalReport, path: Path) -> None:
    """Write the page; without the extra ``report`` it has no charts, and says so."""
    result = report.result
    write_page(
        path,
        "retrieval.html.j2",
        summary=report.test_set.summary(),
        headings=headings(report),
        figures=[_figure(report, name) for name in result.figures],
        comparisons=list(comparisons(report)),
        charts={
            "Finding · 检索": as_svg(_found_bars(report)),
            "Calibration · 校准": as_svg(_reliability(result)),
            "The threshold · 作答阈值": as_svg(_thresholds(result)),
        },
        mistakes=[
            {
                "english": english,
                "chinese": chinese,
                "n": sum(finding.verdict == verdict for finding in result.findings),
                "cases": worst(result, verdict, N_WORST),
            }
            for verdict, (english, chinese) in WORST.items()
        ],
        n_found=N_FOUND,
        provenance=_provenance(report),
    )


def _figure(report: RetrievalReport, name: str) -> dict[str, Any]:
    english, chinese = label(name, report.k)
    cells = [shown(name, result.figures[name]) for result in report.results]
    return {"name": name, "english": english, "chinese": chinese, "cells": cells}


def _found_bars(report: RetrievalReport) -> AnyChart:
    """The first figures of all systems side by side, each with its interval."""
    names = [result.name for result in report.results]
    rows = [
        {"figure": figure, "series": result.name}
        | {bound: getattr(result.figures[figure], bound) or 0 for bound in ("value", "low", "high")}
        for figure in list(report.result.figures)[:N_CHARTED]
        for result in report.results
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        alt.X("figure:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        alt.XOffset("series:N", sort=names),
    )
    bars = base.mark_bar().encode(
        alt.Y("value:Q", title="share", scale=_SHARE), series_colors(names)
    )
    intervals = base.mark_rule(color="#222").encode(alt.Y("low:Q"), alt.Y2("high:Q"))
    return alt.layer(bars, intervals).properties(width=CHART_WIDTH, height=CHART_HEIGHT)


def _reliability(result: RetrievalResult) -> AnyChart:
    """What was predicted beside what came true; a perfect prediction is on the diagonal."""
    points = [
        {"series": result.name, "predicted": bin_.predicted, "right": bin_.right}
        for bin_ in result.reliability
    ]
    diagonal = [{"predicted": end, "right": end} for end in (0, 1)]
    x = alt.X("predicted:Q", title="predicted probability of the best passage", scale=_SHARE)
    y = alt.Y("right:Q", title="share that is right", scale=_SHARE)
    return alt.layer(
        alt.Chart(alt.InlineData(values=diagonal)).mark_line(**_GUIDE).encode(x, y),
        alt.Chart(alt.InlineData(values=points))
        .mark_line(point=True)
        .encode(x, y, series_colors([result.name])),
    ).properties(width=CHART_WIDTH, height=CHART_HEIGHT)


def _thresholds(result: RetrievalResult) -> AnyChart:
    """What another ``answer_from`` would have done."""
    rows = _shares_by_threshold(result.findings)
    chosen = [{"threshold": result.settings.answer_from}]
    x = alt.X("threshold:Q", title="score from which an answer is given", scale=_SHARE)
    return alt.layer(
        alt.Chart(alt.InlineData(values=chosen)).mark_rule(**_GUIDE).encode(x),
        alt.Chart(alt.InlineData(values=rows))
        .mark_line()
        .encode(
            x,
            alt.Y("share:Q", title="share", scale=_SHARE),
            series_colors(list(dict.fromkeys(row["series"] for row in rows))),
        ),
    ).properties(width=CHART_WIDTH, height=CHART_HEIGHT)


def _shares_by_threshold(findings: Sequence[RetrievalOutcome]) -> list[dict[str, Any]]:
    scores = np.array([finding.score for finding in findings])
    right = np.array([finding.rank == 1 for finding in findings])
    kinds = np.array([finding.question.kind for finding in findings])
    return [
        {
            "series": name,
            "threshold": threshold,
            "share": float((counted & (scores >= threshold))[among].mean()),
        }
        for name, among, counted in (
            ("answered right", kinds == "in", right),
            ("answered wrong", kinds == "in", ~right),
            ("near misses answered", kinds == "near", ~right),
            ("off topic answered", kinds == "off", ~right),
        )
        if among.any()
        for threshold in np.linspace(0, 1, 101).tolist()
    ]


def _provenance(report: RetrievalReport) -> dict[str, str]:
    test_set = report.test_set
    rows = {
        f"faq: {test_set.faq}": test_set.data["faq"],
        f"questions: {test_set.questions_file}": test_set.data["questions"],
        "version": version("zhengwen"),
    }
    for result in report.results:
        rows[f"{result.name}: settings"] = f"{result.settings.retriever} {result.settings.store}"
        rows |= {f"{result.name}: {use}": digest for use, digest in result.models.items()}
    return rows
