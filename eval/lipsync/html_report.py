"""``report.html``: one page that needs nothing from anywhere else."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..retrieval.report.svg import COLOURS
from .figures import FIGURES
from .report import LipsyncReport, as_jpeg, draw_sheet, shown
from .summary import ALL, Figures, distances
from .sync_judges import VSHIFT

_STYLE = """
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  max-width: 80rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse } .wide { overflow-x: auto }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd; text-align: left;
  vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
small { color: #666 } code { font-size: .85em; overflow-wrap: anywhere }
figure { margin: 1rem 0 } figure img { max-width: 100% }
svg { width: 100%; max-width: 34rem } svg text { font-size: 11px; fill: #444 }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0 }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
"""
_WIDTH, _HEIGHT, _EDGE = 460, 240, 40


def write_page(report: LipsyncReport, path: Path) -> None:
    """Write tables, the curves over offsets, contact sheets, and what was measured with what."""
    parts = [
        f"<h1>Lip sync, measured · 唇形同步评测</h1><p>{report.n_clips:,} clips · 片段</p>",
        _list("How · 方法", report.notes),
        *(
            _table(grouping, name, hands)
            for grouping, groups in report.groups.items()
            if grouping == ALL or len(groups) > 1
            for name, hands in groups.items()
        ),
        "<p><small>In brackets: the 95 % confidence interval (bootstrap over clips). "
        "方括号内为 95% 置信区间。</small></p>",
        *(_curves(name, distances(report.rows, p)) for p, name in report.judges.items()),
        _list("Not measured · 未测", [f"{k}: {why}" for k, why in report.missing.items()]),
        _list("Left out · 未计入", report.left_out),
        "<h2>Frames · 画面</h2>",
        *_sheets(report),
        _list(
            "Measured with · 模型（SHA-256）",
            [f"{use}: {digest}" for use, digest in report.weights.items()]
            + [f"version {report.version}, seed {report.seed}"],
        ),
    ]
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Lip sync, measured</title><style>{_STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n",
        "utf-8",
    )


def _table(grouping: str, name: str, hands: Mapping[str, Figures]) -> str:
    head = "".join(f'<th class="n">{escape(hand)}</th>' for hand in hands)
    rows = []
    for figure, about in FIGURES.items():
        if any(figure in figures for figures in hands.values()):
            arrow = {"high": "↑", "low": "↓"}.get(about.better, "")
            cells = (shown(figure, figures.get(figure)) for figures in hands.values())
            rows.append(
                f"<tr><td>{about.english} · {about.chinese} {arrow} "
                f"<small><code>{figure}</code></small></td>"
                + "".join(f'<td class="n">{cell}</td>' for cell in cells)
                + "</tr>"
            )
    title = "All clips · 全部" if grouping == ALL else f"{grouping}: {name}"
    return (
        f'<h2>{escape(title)}</h2><div class="wide"><table><tr><th></th>{head}</tr>'
        f"{''.join(rows)}</table></div>"
    )


def _curves(judge: str, found: Mapping[str, NDArray[np.float64]]) -> str:
    """The mean distance over offsets: a valley at 0 where lips and sound belong together."""
    low, high = min(d.min() for d in found.values()), max(d.max() for d in found.values())
    span = high - low or 1.0
    lines, legend = [], []
    for i, (hand, curve) in enumerate(found.items()):
        colour = COLOURS[i % len(COLOURS)]
        points = " ".join(
            f"{_across(VSHIFT - k):.1f},{_HEIGHT - _EDGE - (d - low) / span * (_HEIGHT - 60):.1f}"
            for k, d in enumerate(curve.tolist())
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        legend.append(f'<li><i style="background:{colour}"></i>{escape(hand)}</li>')
    ticks = "".join(
        f'<text x="{_across(at):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{at:+d}</text>'
        for at in range(-VSHIFT, VSHIFT + 1, 5)
    )
    return (
        f"<h2>Distance over offsets · 各偏移下的距离（{escape(judge)}）</h2>"
        f'<ul class="legend">{"".join(legend)}</ul>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" stroke-width="2">{"".join(lines)}{ticks}'
        f'<text x="4" y="14">{high:.2f}</text>'
        f'<text x="4" y="{_HEIGHT - _EDGE}">{low:.2f}</text>'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">'
        "frames by which the sound comes before the lips</text></svg>"
    )


def _across(offset: int) -> float:
    return _EDGE + (offset + VSHIFT) / (2 * VSHIFT) * (_WIDTH - 2 * _EDGE)


def _sheets(report: LipsyncReport) -> list[str]:
    made = []
    for sheet in report.sheets:
        packed = b64encode(as_jpeg(draw_sheet(sheet))).decode("ascii")
        made.append(
            f"<figure><figcaption>{escape(sheet.set)}: {escape(sheet.clip)}</figcaption>"
            f'<img alt="" src="data:image/jpeg;base64,{packed}"></figure>'
        )
    return made


def _list(title: str, sentences: list[str]) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>{title}</h2><ul>{items}</ul>"
