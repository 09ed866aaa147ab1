"""Reports as web pages: Jinja2 templates and Altair charts drawn as SVG.

A page is one file that fetches nothing, so that it opens on a machine without a network.
"""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import altair as alt
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zhengwen.atomic_write import write_atomically

CHART_WIDTH, CHART_HEIGHT = 380, 230  # pixels, of the area between the axes
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart
COLORS = ("#1f5fa8", "#c2571a", "#4c8c4a", "#7a5195")

_PAGES = Environment(
    loader=PackageLoader("eval"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fill in a template of ``eval/templates`` and write the page; every text is escaped."""
    write_atomically(path, _PAGES.get_template(template).render(**values))


def as_svg(chart: AnyChart) -> Markup | None:
    """The chart drawn, to stand within a page; None without the extra ``report``."""
    if find_spec("vl_convert") is None:
        return None
    drawn = io.StringIO()
    chart.save(drawn, format="svg")
    return Markup(drawn.getvalue())  # noqa: S704 - Vega escapes the texts of a chart


def series_colors(names: list[str], field: str = "series") -> alt.Color:
    """One colour for each name, in this order, with a legend below the chart."""
    return alt.Color(
        f"{field}:N",
        title=None,
        sort=names,
        scale=alt.Scale(domain=names, range=[COLORS[i % len(COLORS)] for i in range(len(names))]),
        legend=alt.Legend(orient="bottom", columns=2, labelLimit=0),
    )
