"""``report.html``: the tables, the distance over offsets, and contact sheets."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from ..html_pages import CHART_HEIGHT, CHART_WIDTH, as_svg, series_colors, write_page
from .figures import FIGURES
from .report import LipsyncReport, as_jpeg, draw_sheet, shown
from .summary import ALL, Figures, distances
from .sync_judges import VSHIFT


def write_html(report: LipsyncReport, path: Path) -> None:
    """Write tables, the curves over offsets, contact sheets, and what was measured with what."""
    write_page(
        path,
        "lipsync.html.j2",
        report=report,
        tables=[
            _table("All clips · 全部" if grouping == ALL else f"{grouping}: {name}", sources)
            for grouping, groups in report.groups.items()
            if grouping == ALL or len(groups) > 1
            for name, sources in groups.items()
        ],
        charts={
            judge: as_svg(_offset_curves(distances(report.rows, prefix)))
            for prefix, judge in report.judges.items()
        },
        missing=[f"{figure}: {why}" for figure, why in report.missing.items()],
        sheets=[
            {
                "title": f"{sheet.set}: {sheet.clip}",
                "jpeg": b64encode(as_jpeg(draw_sheet(sheet))).decode("ascii"),
            }
            for sheet in report.sheets
        ],
        provenance=[
            *(f"{use}: {digest}" for use, digest in report.weights.items()),
            f"version {report.version}, seed {report.seed}",
        ],
    )


def _table(title: str, sources: Mapping[str, Figures]) -> dict[str, Any]:
    rows = [
        {
            "figure": figure,
            "about": about,
            "arrow": {"high": "↑", "low": "↓"}.get(about.better, ""),
            "cells": [shown(figure, figures.get(figure)) for figures in sources.values()],
        }
        for figure, about in FIGURES.items()
        if any(figure in figures for figures in sources.values())
    ]
    return {"title": title, "sources": list(sources), "rows": rows}


def _offset_curves(found: Mapping[str, NDArray[np.float64]]) -> alt.Chart:
    """The mean distance over offsets: a minimum at 0 where lips and sound belong together."""
    points = [
        {"series": source, "offset": VSHIFT - k, "distance": distance}
        for source, curve in found.items()
        for k, distance in enumerate(curve.tolist())
    ]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=points))
        .mark_line()
        .encode(
            alt.X("offset:Q", title="frames by which the sound comes before the lips"),
            alt.Y("distance:Q", title="mean distance", scale=alt.Scale(zero=False)),
            series_colors(list(found)),
        )
        .properties(width=CHART_WIDTH, height=CHART_HEIGHT)
    )
    return chart
