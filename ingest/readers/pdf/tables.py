"""Tables on a PDF page, from the lines that are ruled around and between their cells."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..structure import collapse_spaces, join_lines, starts_unit
from .lines import TextLine, fragments
from .page import PageContent, PdfChar, RuledLine

_SNAP = 2.5
"""Lines closer than this are one, in points."""
_MOST_RULES = 2000
_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class PdfTable:
    """A table on one page; points from the top left corner."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float
    columns: tuple[float, ...]
    """Edges of the columns, from the left."""
    grid: tuple[tuple[str, ...], ...]
    """Rows of cells; the text of a merged cell stands in every place it covers."""

    def holds(self, char: PdfChar) -> bool:
        """Whether a character stands in the table."""
        x, y = (char.x0 + char.x1) / 2, (char.top + char.bottom) / 2
        return self.x0 <= x <= self.x1 and self.top <= y <= self.bottom


def find_tables(page: PageContent) -> list[PdfTable]:
    """The ruled tables of a page from the top: full grids, and such with lines across only."""
    across, down = _merged(page.across), _merged(page.down)
    if not across or max(len(across), len(down)) > _MOST_RULES:
        return []
    tables: list[PdfTable] = []
    lonely: list[RuledLine] = []
    for horizontal, vertical in _groups(across, down):
        if not vertical:
            lonely += horizontal
        elif found := _grid(page, horizontal, vertical):
            tables.append(found)
    tables += _open_tables(page, lonely, tables)
    return sorted(tables, key=lambda table: table.top)


def _merged(rules: Iterable[RuledLine]) -> list[RuledLine]:
    """Pieces of one line put together."""
    merged: list[RuledLine] = []
    levels: list[list[RuledLine]] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if levels and rule.at - levels[-1][0].at <= _SNAP:
            levels[-1].append(rule)
        else:
            levels.append([rule])
    for level in levels:
        at = level[0].at
        start = end = None
        for rule in sorted(level, key=lambda rule: rule.start):
            if start is not None and end is not None and rule.start <= end + _SNAP:
                end = max(end, rule.end)
                continue
            if start is not None and end is not None:
                merged.append(RuledLine(at, start, end))
            start, end = rule.start, rule.end
        if start is not None and end is not None:
            merged.append(RuledLine(at, start, end))
    return merged


def _groups(
    across: Sequence[RuledLine], down: Sequence[RuledLine]
) -> list[tuple[list[RuledLine], list[RuledLine]]]:
    """Lines that touch each other, directly or over others."""
    parent = list(range(len(across) + len(down)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, h in enumerate(across):
        for j, v in enumerate(down, len(across)):
            if (
                h.start - _SNAP <= v.at <= h.end + _SNAP
                and v.start - _SNAP <= h.at <= v.end + _SNAP
            ):
                parent[root(i)] = root(j)
    groups: defaultdict[int, tuple[list[RuledLine], list[RuledLine]]] = defaultdict(
        lambda: ([], [])
    )
    for i, rule in enumerate([*across, *down]):
        groups[root(i)][i >= len(across)].append(rule)
    return [group for group in groups.values() if group[0]]


def _grid(
    page: PageContent, across: Sequence[RuledLine], down: Sequence[RuledLine]
) -> PdfTable | None:
    # Outer lines are often left out: the ends of the others stand for them.
    xs = _levels([v.at for v in down] + [min(h.start for h in across), max(h.end for h in across)])
    ys = _levels([h.at for h in across] + [min(v.start for v in down), max(v.end for v in down)])
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 2 or rows * columns > _MOST_CELLS:
        return None
    parent = {(r, k): (r, k) for r in range(rows) for k in range(columns)}

    def root(place: tuple[int, int]) -> tuple[int, int]:
        while parent[place] != place:
            place = parent[place]
        return place

    for r in range(rows):
        for k in range(columns):
            if k + 1 < columns and not _ruled(down, xs[k + 1], (ys[r] + ys[r + 1]) / 2):
                parent[root((r, k + 1))] = root((r, k))
            if r + 1 < rows and not _ruled(across, ys[r + 1], (xs[k] + xs[k + 1]) / 2):
                parent[root((r + 1, k))] = root((r, k))
    held: defaultdict[tuple[int, int], list[PdfChar]] = defaultdict(list)
    for char in page.chars:
        x, y = (char.x0 + char.x1) / 2, (char.top + char.bottom) / 2
        if xs[0] <= x < xs[-1] and ys[0] <= y < ys[-1]:
            held[root((bisect_right(ys, y) - 1, bisect_right(xs, x) - 1))].append(char)
    texts = {place: _cell_text(chars) for place, chars in held.items()}
    grid = [tuple(texts.get(root((r, k)), "") for k in range(columns)) for r in range(rows)]
    # Double lines and cells that reach over several lines leave rows that say nothing new.
    kept = [row for i, row in enumerate(grid) if any(row) and (i == 0 or row != grid[i - 1])]
    if len(texts) < 2:
        return None  # a frame
    return PdfTable(page.number, xs[0], ys[0], xs[-1], ys[-1], tuple(xs), tuple(kept))


def _ruled(rules: Sequence[RuledLine], at: float, point: float) -> bool:
    return any(abs(rule.at - at) <= _SNAP and rule.start <= point <= rule.end for rule in rules)


def _levels(values: Iterable[float]) -> list[float]:
    levels: list[float] = []
    for value in sorted(values):
        if not levels or value - levels[-1] > _SNAP:
            levels.append(value)
    return levels


def _cell_text(chars: Iterable[PdfChar]) -> str:
    text = ""
    for row in fragments(chars):
        line = " ".join(part.text for part in row)
        text = f"{text}\n{line}" if text and starts_unit(line) else join_lines(text, line)
    return "\n".join(collapse_spaces(line) for line in text.split("\n"))


def _open_tables(
    page: PageContent, lonely: Sequence[RuledLine], taken: Sequence[PdfTable]
) -> list[PdfTable]:
    """Tables with lines across only: at least three of one length, and columns between them."""
    stacks: defaultdict[tuple[int, int], list[RuledLine]] = defaultdict(list)
    for rule in lonely:
        stacks[(round(rule.start / 6), round(rule.end / 6))].append(rule)
    tables: list[PdfTable] = []
    for stack in stacks.values():
        ys = _levels(rule.at for rule in stack)
        x0, x1 = min(rule.start for rule in stack), max(rule.end for rule in stack)
        if len(ys) < 3 or any(table.top < ys[-1] and ys[0] < table.bottom for table in taken):
            continue
        bands: list[list[list[TextLine]]] = [[] for _ in ys[1:]]
        for row in fragments(
            char for char in page.chars if x0 - 2 <= char.x0 <= x1 and ys[0] <= char.top < ys[-1]
        ):
            bands[bisect_right(ys, (row[0].top + row[0].bottom) / 2, hi=len(ys) - 1) - 1].append(
                row
            )
        # Three lines enclose the headings and all the rows, more lines one row each.
        rows = [*bands[:1], *([row] for row in bands[1])] if len(ys) == 3 else bands
        starts = _columns([line for row in rows for part in row for line in part])
        if len(starts) < 2 or len(bands[0]) == 0 or len(rows) < 2:
            continue
        grid = tuple(_placed(row, starts) for row in rows if row)
        tables.append(PdfTable(page.number, x0, ys[0], x1, ys[-1], (*starts, x1), grid))
    return tables


def _columns(found: Sequence[TextLine]) -> list[float]:
    """Left edges of the strips that text fills."""
    starts: list[float] = []
    end = float("-inf")
    for line in sorted(found, key=lambda line: line.x0):
        if line.x0 > end:
            starts.append(line.x0)
        end = max(end, line.x1)
    return starts


def _placed(rows: Sequence[Sequence[TextLine]], starts: Sequence[float]) -> tuple[str, ...]:
    cells = [""] * len(starts)
    for row in rows:
        for line in row:
            column = max(bisect_right(starts, line.x0 + 1) - 1, 0)
            cells[column] = join_lines(cells[column], line.text)
    return tuple(collapse_spaces(cell) for cell in cells)
