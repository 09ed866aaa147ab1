"""``report.html``: one page that needs nothing from anywhere else."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ..evaluation import RetrievalOutcome, RetrievalReport, RetrievalResult
from . import WORST, comparisons, headings, label, shown, worst
from .svg import _SvgBar, _SvgLine, bars, lines

N_WORST = 25  # of each kind
_N_FOUND = 3
_STYLE = """
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; width: 100% }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #ddd; text-align: left;
  vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
small { color: #666 } code { font-size: .85em; overflow-wrap: anywhere }
.wide { overflow-x: auto } .wide td:first-child { min-width: 13rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr));
  gap: 1.5rem } figure { margin: 0 }
svg { width: 100%; stroke-width: 2 } svg text { font-size: 11px; fill: #444; stroke: none }
.grid { stroke: #e4e4e4; stroke-width: 1 } .whisker { stroke: #222; stroke-width: 1.5 }
.guide { stroke: #888; stroke-width: 1; stroke-dasharray: 4 3 }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0 }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
"""


def write(report: RetrievalReport, path: Path) -> None:
    """Write figures, plots, worst cases and what they were measured with."""
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Answers, measured</title><style>{_STYLE}</style></head><body>"
        f"<h1>Answers, measured · 问答评测</h1><p>{escape(report.exam.summary())}</p>"
        f"{_figures(report)}{_plots(report)}"
        f"{''.join(_worst(report.result))}{_provenance(report)}</body></html>\n",
        "utf-8",
    )


def _figures(report: RetrievalReport) -> str:
    head = "".join(f'<th class="n">{escape(heading)}</th>' for heading in headings(report))
    rows = []
    for name in report.result.figures:
        english, chinese = label(name, report.k)
        cells = (shown(name, result.figures[name]) for result in report.results)
        rows.append(
            f"<tr><td>{english} · {chinese} <small><code>{name}</code></small></td>"
            + "".join(f'<td class="n">{cell}</td>' for cell in cells)
            + "</tr>"
        )
    tests = "".join(f"<p>{escape(sentence)}</p>" for sentence in comparisons(report))
    return (
        f'<h2>Figures · 指标</h2><div class="wide"><table><tr><th></th>{head}</tr>'
        f"{''.join(rows)}</table></div>{tests}<p><small>"
        "In brackets: the 95 % confidence interval (bootstrap). "
        "Beside a name: the score from which it answers; for a baseline, the one that refuses "
        "95 % of the off-topic questions here (without any: it always answers). "
        "方括号内为 95% 置信区间；名称后为作答阈值。</small></p>"
    )


def _plots(report: RetrievalReport) -> str:
    result = report.result
    plots = {
        "Finding · 检索": bars(list(_found(report)), y="share"),
        "Calibration · 校准": lines(
            [
                _SvgLine(
                    result.name, [(b.predicted, b.right) for b in result.reliability], dots=True
                )
            ],
            x="predicted probability of the best passage",
            y="share that is right",
            diagonal=True,
        ),
        "The threshold · 作答阈值": lines(
            list(_thresholds(result.findings)),
            x="score from which an answer is given",
            y="share",
            mark=result.settings.answer_from,
        ),
    }
    shown_plots = (
        f"<figure><figcaption>{name}</figcaption>{plot}</figure>" for name, plot in plots.items()
    )
    return f'<h2>Plots · 图</h2><div class="plots">{"".join(shown_plots)}</div>'


def _found(report: RetrievalReport) -> Iterator[tuple[str, list[_SvgBar]]]:
    for name in list(report.result.figures)[:3]:
        estimates = [(result.name, result.figures[name]) for result in report.results]
        yield (
            name,
            [_SvgBar(system, e.value or 0, e.low or 0, e.high or 0) for system, e in estimates],
        )


def _thresholds(findings: Sequence[RetrievalOutcome]) -> Iterator[_SvgLine]:
    """What another ``answer_from`` would have done."""
    scores = np.array([finding.score for finding in findings])
    right = np.array([finding.rank == 1 for finding in findings])
    kinds = np.array([finding.question.kind for finding in findings])
    grid = np.linspace(0, 1, 101)
    for name, among, counted in (
        ("answered right", kinds == "in", right),
        ("answered wrong", kinds == "in", ~right),
        ("near misses answered", kinds == "near", ~right),
        ("off topic answered", kinds == "off", ~right),
    ):
        if among.any():
            shares = [float((counted & (scores >= t))[among].mean()) for t in grid]
            yield _SvgLine(name, list(zip(grid.tolist(), shares, strict=True)))


def _worst(result: RetrievalResult) -> Iterator[str]:
    for verdict, (english, chinese) in WORST.items():
        chosen = worst(result, verdict, N_WORST)
        n = sum(finding.verdict == verdict for finding in result.findings)
        yield f"<h2>{english} · {chinese} ({n:,})</h2>"
        if chosen:
            rows = "".join(map(_case, chosen))
            yield (
                "<table><tr><th>question · 提问</th><th>right · 应答</th>"
                f'<th>found · 返回</th><th class="n">rank</th></tr>{rows}</table>'
            )


def _case(finding: RetrievalOutcome) -> str:
    found = "<br>".join(
        f"{p.score:.2f} <code>{escape(p.entry.faq_id)}</code> {escape(p.entry.question)}"
        for p in finding.found[:_N_FOUND]
    )
    answer = finding.found[0].entry.answer if finding.outcome == "answered" else ""
    gold = ", ".join(finding.question.gold) or "none · 无"
    return (
        f"<tr><td>{escape(finding.question.text)}</td><td><code>{escape(gold)}</code></td>"
        f"<td>{found or 'nothing · 无'}<br><small>{escape(answer)}</small></td>"
        f'<td class="n">{finding.rank or "–"}</td></tr>'
    )


def _provenance(report: RetrievalReport) -> str:
    rows = {
        f"faq: {report.exam.faq}": report.exam.data["faq"],
        f"questions: {report.exam.paper}": report.exam.data["questions"],
        "version": version("zhengwen"),
    }
    for result in report.results:
        rows[f"{result.name}: settings"] = f"{result.settings.retriever} {result.settings.store}"
        rows |= {f"{result.name}: {use}": digest for use, digest in result.models.items()}
    cells = "".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td></tr>"
        for name, value in rows.items()
    )
    return f"<h2>Measured with · 数据与模型（SHA-256）</h2><table>{cells}</table>"
