"""Contact sheets: what figures do not say, for the eye."""

from pathlib import Path

import cv2
import numpy as np

from .pictures import Pixels
from .run import GENERATED, REAL, Sheet

SIDE = 192  # pixels of a picture on a sheet
_LABEL = 20  # pixels of the line above a row
_GAIN = 4  # differences are shown so many times larger


def draw_sheet(sheet: Sheet) -> Pixels:
    """Rows of real, generated and all the others, and the difference of the first two.

    Returns:
        (height, width, 3), RGB. The difference is grey where there is none, and 4 times as
        large as it is: lighter where the generated picture is.
    """
    rows = {name: list(frames) for name, frames in sheet.frames.items()}
    if GENERATED in rows:
        pairs = zip(rows[GENERATED], rows[REAL], strict=True)
        apart = [drawn.astype(np.int16) - real for drawn, real in pairs]
        difference = [np.clip(128 + _GAIN * d, 0, 255).astype(np.uint8) for d in apart]
        first = {name: rows.pop(name) for name in (REAL, GENERATED)}
        rows = first | {f"difference x{_GAIN}": difference} | rows
    return np.concatenate([_row(name, frames) for name, frames in rows.items()])


def write_sheets(sheets: list[Sheet], folder: Path) -> list[Path]:
    """Write every sheet as a PNG; returns where they are."""
    paths = []
    for sheet in sheets:
        path = folder / f"sheet-{sheet.set}-{sheet.clip}.png"
        _, packed = cv2.imencode(".png", cv2.cvtColor(draw_sheet(sheet), cv2.COLOR_RGB2BGR))
        path.write_bytes(packed.tobytes())
        paths.append(path)
    return paths


def as_jpeg(picture: Pixels) -> bytes:
    """A sheet small enough to lie within a page."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _row(name: str, frames: list[Pixels]) -> Pixels:
    small = [cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for f in frames]
    label = np.full((_LABEL, SIDE * len(small), 3), 255, np.uint8)
    cv2.putText(label, name, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    row = np.concatenate([label, np.concatenate(small, axis=1)])
    return row.astype(np.uint8, copy=False)
