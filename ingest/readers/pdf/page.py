"""What stands where on a PDF page: characters, ruled lines, pictures; upright, from the top."""

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as c

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in the file's own coordinates, y upwards."""

_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
_THIN = 3.0
"""A filled box thinner than this is a line, in points."""
_SHORTEST_RULE = 4.0
_MOST_DRAWINGS = 50_000
_DEEPEST_FORM = 6
_HYPHENS = (0x02, 0xAD, 0xFFFE)
"""What PDFium calls a hyphen at the end of a line."""
_BLANKS = frozenset((0x20, 0xA0, 0x3000, 0x0A, 0x0D, 0x09))
"""Often made up by PDFium: where words end is seen from the gaps."""


class PdfChar(NamedTuple):  # a page has thousands: a dataclass is twice as slow to make
    """A character and its box, in points from the top left corner of the upright page."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    """Size of its type, in points."""


@dataclass(frozen=True, slots=True)
class RuledLine:
    """A straight line along an axis: ``at`` is its y or x, it runs from ``start`` to ``end``."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class PageContent:
    """One page as it is read, not as it lies in the file."""

    number: int
    width: float
    height: float
    chars: tuple[PdfChar, ...]
    """Without blanks, and without text that runs in another direction than most."""
    across: tuple[RuledLine, ...]
    down: tuple[RuledLine, ...]
    pictured: float
    """The share of the page that its largest picture covers, in [0, 1]."""
    unmapped: float
    """The share of characters whose meaning the file does not tell, in [0, 1]."""


def read_page(document: pdfium.PdfDocument, number: int) -> PageContent:
    """One page, counted from 1."""
    page = document[number - 1]
    try:
        edges: Box = page.get_bbox()
        found, unmapped = _chars(page)
        segments, pictured = _drawings(page)
    finally:
        page.close()
    angle = Counter(angle for _, _, _, angle in found).most_common(1)[0][0] if found else 0
    upright = _turn(angle, edges)
    width, height = edges[2] - edges[0], edges[3] - edges[1]
    area = width * height
    if angle in (90, 270):
        width, height = height, width
    chars = tuple(
        _once(
            PdfChar(text, *upright(box), size)
            for text, box, size, turned in found
            if turned == angle
        )
    )
    turned_segments = [upright(segment) for segment in segments]
    return PageContent(
        number=number,
        width=width,
        height=height,
        chars=tuple(c for c in chars if -1 <= c.x0 <= width and -1 <= c.top <= height),
        across=tuple(
            RuledLine((y0 + y1) / 2, x0, x1)
            for x0, y0, x1, y1 in turned_segments
            if x1 - x0 > y1 - y0
        ),
        down=tuple(
            RuledLine((x0 + x1) / 2, y0, y1)
            for x0, y0, x1, y1 in turned_segments
            if x1 - x0 <= y1 - y0
        ),
        pictured=min(pictured / area, 1.0) if area else 0.0,
        unmapped=unmapped,
    )


def _chars(page: pdfium.PdfPage) -> tuple[list[tuple[str, Box, float, int]], float]:
    """Characters with their boxes, sizes and directions; and the share of unmapped ones."""
    text = page.get_textpage()
    box, matrix = c.FS_RECTF(), c.FS_MATRIX()
    found: list[tuple[str, Box, float, int]] = []
    unmapped = 0
    try:
        for i in range(c.FPDFText_CountChars(text)):
            code = c.FPDFText_GetUnicode(text, i)
            if code in _HYPHENS:
                code = ord("-")
            if code in _BLANKS:
                continue
            if code < 0x20 or code == 0xFFFD or 0xE000 <= code < 0xF900:
                unmapped += 1
                continue
            c.FPDFText_GetMatrix(text, i, matrix)
            degrees = math.degrees(math.atan2(matrix.b, matrix.a)) if matrix.b else 0.0
            angle = round(degrees / 90) * 90
            if abs(degrees - angle) > 5 or not c.FPDFText_GetLooseCharBox(text, i, box):
                continue  # a watermark across the page
            if matrix.a < 0 and not matrix.b:
                angle = 180
            low, high = box.bottom, box.top
            edges = (
                (box.left, low, box.right, high) if low < high else (box.left, high, box.right, low)
            )
            size = c.FPDFText_GetFontSize(text, i) * math.hypot(matrix.c, matrix.d)
            found.append((chr(code), edges, size or abs(high - low), angle % 360))
    finally:
        text.close()
    return found, unmapped / (unmapped + len(found)) if unmapped else 0.0


def _drawings(page: pdfium.PdfPage) -> tuple[list[Box], float]:
    """Straight lines along the axes, and the area of the largest picture."""
    segments: list[Box] = []
    largest = 0.0
    for count, (drawing, matrix) in enumerate(_objects(page, _IDENTITY, 0)):
        if count > _MOST_DRAWINGS:
            break  # a map or a plan
        kind = c.FPDFPageObj_GetType(drawing)
        if kind == c.FPDF_PAGEOBJ_IMAGE:
            largest = max(largest, _area(drawing, matrix))
        elif kind == c.FPDF_PAGEOBJ_PATH and len(segments) < _MOST_DRAWINGS:
            segments += _straight(drawing, matrix)
    return segments, largest


def _objects(parent: Any, matrix: Matrix, depth: int) -> Iterator[tuple[Any, Matrix]]:
    """The objects of a page, those within forms included, each with its way to the page."""
    if depth:
        objects = (
            c.FPDFFormObj_GetObject(parent, i) for i in range(c.FPDFFormObj_CountObjects(parent))
        )
    else:
        objects = (c.FPDFPage_GetObject(parent, i) for i in range(c.FPDFPage_CountObjects(parent)))
    for found in objects:
        own = _compose(_matrix(found), matrix)
        if c.FPDFPageObj_GetType(found) != c.FPDF_PAGEOBJ_FORM:
            yield found, own
        elif depth < _DEEPEST_FORM:
            yield from _objects(found, own, depth + 1)


def _straight(path: Any, matrix: Matrix) -> list[Box]:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    c.FPDFPath_GetDrawMode(path, fill, stroke)
    if not (fill.value or stroke.value):
        return []
    pieces = list(_pieces(path, matrix))
    if stroke.value:
        return [
            box
            for box in pieces
            if min(box[2] - box[0], box[3] - box[1]) < 0.5
            and max(box[2] - box[0], box[3] - box[1]) >= _SHORTEST_RULE
        ]
    if not pieces or len(pieces) > 5:
        return []
    x0, y0 = min(p[0] for p in pieces), min(p[1] for p in pieces)
    x1, y1 = max(p[2] for p in pieces), max(p[3] for p in pieces)
    thin = min(x1 - x0, y1 - y0) <= _THIN and max(x1 - x0, y1 - y0) >= _SHORTEST_RULE
    return [(x0, y0, x1, y1)] if thin else []


def _pieces(path: Any, matrix: Matrix) -> Iterator[Box]:
    """The bounding boxes of the straight pieces of a path."""
    x, y = ctypes.c_float(), ctypes.c_float()
    a, b, cc, d, e, f = matrix
    here = start = (0.0, 0.0)
    for i in range(min(c.FPDFPath_CountSegments(path), _MOST_DRAWINGS)):
        segment = c.FPDFPath_GetPathSegment(path, i)
        c.FPDFPathSegment_GetPoint(segment, x, y)
        point = (a * x.value + cc * y.value + e, b * x.value + d * y.value + f)
        kind = c.FPDFPathSegment_GetType(segment)
        if kind == c.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == c.FPDF_SEGMENT_LINETO:
            yield _box(here, point)
        here = point
        if c.FPDFPathSegment_GetClose(segment):
            yield _box(here, start)
            here = start


def _area(picture: Any, matrix: Matrix) -> float:
    a, b, cc, d, _, _ = matrix  # a picture fills the unit square
    return abs(a * d - b * cc)


def _matrix(found: Any) -> Matrix:
    matrix = c.FS_MATRIX()
    c.FPDFPageObj_GetMatrix(found, matrix)
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _compose(first: Matrix, second: Matrix) -> Matrix:
    a, b, cc, d, e, f = first
    p, q, r, s, t, u = second
    return (
        a * p + b * r, a * q + b * s, cc * p + d * r, cc * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _box(one: tuple[float, float], other: tuple[float, float]) -> Box:
    return (
        min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]),
    )  # fmt: skip


def _turn(angle: int, edges: Box) -> Callable[[Box], Box]:
    """From the file's coordinates to the upright page, whose text runs at ``angle`` degrees."""
    left, bottom, right, top = edges

    def upright(box: Box) -> Box:
        x0, y0, x1, y1 = box
        match angle:
            case 90:
                return (y0 - bottom, x0 - left, y1 - bottom, x1 - left)
            case 180:
                return (right - x1, y0 - bottom, right - x0, y1 - bottom)
            case 270:
                return (top - y1, right - x1, top - y0, right - x0)
            case _:
                return (x0 - left, top - y1, x1 - left, top - y0)

    return upright


def _once(chars: Iterator[PdfChar]) -> Iterator[PdfChar]:
    """Bold type is often the same type printed twice, half a point apart."""
    seen: set[tuple[str, int, int]] = set()
    for char in chars:
        text, x, y = char.text, round(char.x0), round(char.top)
        near = (text, x, y) in seen or (text, x - 1, y) in seen or (text, x + 1, y) in seen
        if not near:
            yield char
        seen.add((text, x, y))
