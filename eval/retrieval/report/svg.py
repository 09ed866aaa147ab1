"""Small plots as SVG text, without a plotting library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 40
COLOURS = ("#1f5fa8", "#c2571a", "#4c8c4a", "#7a5195")


@dataclass(frozen=True, slots=True)
class _SvgLine:
    """Points joined in order, each (x, y) in [0, 1]."""

    label: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class _SvgBar:
    """A value in [0, 1] with its interval."""

    label: str
    value: float
    low: float
    high: float


def lines(
    drawn: Sequence[_SvgLine], *, x: str, y: str, mark: float | None = None, diagonal: bool = False
) -> str:
    """A plot of both axes from 0 to 1.

    Args:
        drawn: At most as many as there are colours.
        x: What the horizontal axis is.
        y: What the vertical axis is.
        mark: Where a vertical line stands.
        diagonal: Whether to draw where x equals y.
    """
    parts = [_axes(x, y)]
    if diagonal:
        parts.append(_segment(0, 0, 1, 1, "guide"))
    if mark is not None:
        parts.append(_segment(mark, 0, mark, 1, "guide"))
    for line, colour in zip(drawn, COLOURS, strict=False):
        places = " ".join(f"{_x(a):.1f},{_y(b):.1f}" for a, b in line.points)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}"/>')
        if line.dots:
            parts += [
                f'<circle cx="{_x(a):.1f}" cy="{_y(b):.1f}" r="3.5" fill="{colour}"/>'
                for a, b in line.points
            ]
    return _figure(parts) + _legend([line.label for line in drawn])


def bars(groups: Sequence[tuple[str, Sequence[_SvgBar]]], *, y: str) -> str:
    """Bars side by side in named groups, the same labels in each."""
    parts = [_axes("", y, x_ticks=False)]
    for index, (name, members) in enumerate(groups):
        middle = (index + 0.5) / len(groups)
        width = 0.8 / len(groups) / max(1, len(members))
        for place, (bar, colour) in enumerate(zip(members, COLOURS, strict=False)):
            left = middle + (place - len(members) / 2) * width
            parts.append(
                f'<rect x="{_x(left):.1f}" y="{_y(bar.value):.1f}" '
                f'width="{_x(width * 0.9) - _x(0):.1f}" height="{_y(0) - _y(bar.value):.1f}" '
                f'fill="{colour}"><title>{escape(bar.label)} {bar.value:.3f}</title></rect>'
            )
            centre = left + width * 0.45
            parts.append(_segment(centre, bar.low, centre, bar.high, "whisker"))
        parts.append(_text(_x(middle), _y(0) + 18, name))
    labels = [bar.label for bar in groups[0][1]] if groups else []
    return _figure(parts) + _legend(labels)


def _axes(x: str, y: str, *, x_ticks: bool = True) -> str:
    parts = []
    for tick in (0, 0.2, 0.4, 0.6, 0.8, 1):
        parts.append(_segment(0, tick, 1, tick, "grid"))
        parts.append(_text(_LEFT - 6, _y(tick) + 4, f"{tick:g}", "end"))
        if x_ticks:
            parts.append(_text(_x(tick), _y(0) + 16, f"{tick:g}"))
    parts.append(_text((_x(0) + _x(1)) / 2, HEIGHT - 6, x))
    middle = (_y(0) + _y(1)) / 2
    turned = f'<g transform="rotate(-90 12 {middle:.0f})">{_text(12, middle + 4, y)}</g>'
    return "".join([*parts, turned])


def _figure(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _legend(labels: Sequence[str]) -> str:
    keys = "".join(
        f'<li><i style="background:{colour}"></i>{escape(label)}</li>'
        for label, colour in zip(labels, COLOURS, strict=False)
    )
    return f'<ul class="legend">{keys}</ul>'


def _segment(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return (
        f'<line x1="{_x(x1):.1f}" y1="{_y(y1):.1f}" x2="{_x(x2):.1f}" y2="{_y(y2):.1f}" '
        f'class="{style}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(value: float) -> float:
    return _LEFT + value * (WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM)
