"""What the viseme avatar pastes: mouth tiles, their soft mask, and where they land per frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from ...viseme.coarticulation import VISEMES
from .head_motion import Floats, sample_bilinear
from .idle_loop import FLOW_STEP, IdleLoopRenderer, read_rgba, soft_edge, to_bytes
from .pictures import PixelBox, RenderedPictures, mouth_names

COLUMNS = 10
"""Tiles in one row of the atlas."""
NODE_SPACING = 12
"""Pixels between two nodes of the stored displacement, about."""


def mouth_tiles(
    pictures: RenderedPictures, office: Floats, taken: Mapping[str, Path] | None = None
) -> dict[str, NDArray[np.uint8]]:
    """All mouths by name, RGB before the office, shape (h, w, 3); "sil" is the rest picture.

    Mouths are photographed with fewer paths and pixels than the rest picture. How "sil" came out
    that way tells how much too soft, too dark or too bright they are, and they are corrected.

    Args:
        pictures: What was photographed.
        office: What is behind, RGB in [0, 1], shape (side, side, 3).
        taken: Other mouths than those of the atlas, by name.
    """
    box = pictures.mouth_box
    region = np.s_[box.top : box.bottom, box.left : box.right]
    behind = office[region]
    rest = read_rgba(pictures.rest)
    side = office.shape[0]
    small = cv2.resize(rest, (side, side), interpolation=cv2.INTER_AREA)
    truth = _composite(np.asarray(small[region], np.float32), behind)
    quick = _composite(read_rgba(pictures.mouth("sil")), behind)
    detail = quick - cv2.GaussianBlur(quick, (0, 0), 1.0)
    wanted = (truth - cv2.GaussianBlur(truth, (0, 0), 8.0)) - (
        quick - cv2.GaussianBlur(quick, (0, 0), 8.0)
    )
    sharpen = float(np.clip((detail * wanted).sum() / (detail**2).sum(), 0.0, 1.0))
    shade = cv2.GaussianBlur(truth - quick, (0, 0), 10.0)
    if taken is None:
        taken = {name: pictures.mouth(name) for name in mouth_names()}
    made = {}
    for name, path in taken.items():
        if name == "sil":
            picture = truth
        else:
            picture = _composite(read_rgba(path), behind)
            detail = picture - cv2.GaussianBlur(picture, (0, 0), 1.0)
            picture = np.asarray(picture + sharpen * detail + shade, np.float32)
        made[name] = to_bytes(picture)
    return made


def mouth_mask(made: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """255 where any viseme differs from the resting mouth, fading to 0 before the border."""
    rest = cv2.GaussianBlur(made["sil"].astype(np.float32), (0, 0), 2.0)
    moved = np.zeros(rest.shape[:2], np.float32)
    for viseme in VISEMES:
        picture = cv2.GaussianBlur(made[viseme].astype(np.float32), (0, 0), 2.0)
        moved = np.maximum(moved, np.abs(picture - rest).max(axis=2))
    height, width = moved.shape
    moved = np.maximum(moved, moved[:, ::-1])  # light from one side hides half of the movement
    core = cv2.morphologyEx((moved > 9.0).astype(np.uint8), cv2.MORPH_OPEN, _disc(5))
    core = cv2.morphologyEx(np.pad(core, 40), cv2.MORPH_CLOSE, _disc(41))[40:-40, 40:-40]
    grown = cv2.dilate(core, _disc(15))
    soft = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 7.0)
    soft = np.clip((soft - 0.05) / 0.9, 0.0, 1.0) * soft_edge(width, height, 26)
    return to_bytes(soft)


def tile_warp(
    film: IdleLoopRenderer, tile: PixelBox
) -> tuple[NDArray[np.int32], NDArray[np.float16], Floats]:
    """Where the tile lands: box, shift and offset as the presenter format defines them."""
    backs = [film.back(frame) for frame in range(len(film.motion))]
    part = np.s_[
        tile.top // FLOW_STEP : tile.bottom // FLOW_STEP,
        tile.left // FLOW_STEP : tile.right // FLOW_STEP,
    ]
    margin = 2 + math.ceil(max(float(np.abs(back[part]).max()) for back in backs))
    box = np.array(
        [tile.left - margin, tile.top - margin, tile.right + margin, tile.bottom + margin], np.int32
    )
    left, top, right, bottom = (int(v) for v in box)
    columns = 1 + math.ceil((right - left) / NODE_SPACING)
    rows = 1 + math.ceil((bottom - top) / NODE_SPACING)
    x, y = np.meshgrid(np.linspace(left, right - 1, columns), np.linspace(top, bottom - 1, rows))
    nodes = (np.stack([x, y], axis=-1) / FLOW_STEP).astype(np.float32)
    shift = np.stack([sample_bilinear(back, nodes) for back in backs]).astype(np.float16)
    offset = np.array([left - tile.left, top - tile.top], np.float32)
    return box, shift, offset


def write_mouth_atlas(folder: Path, film: IdleLoopRenderer, pictures: RenderedPictures) -> None:
    """Write ``viseme/`` of a presenter folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = mouth_tiles(pictures, film.office)
    width, height = pictures.mouth_box.size
    rows = math.ceil(len(made) / COLUMNS)
    atlas = np.zeros((rows * height, COLUMNS * width, 3), np.uint8)
    for index, picture in enumerate(made.values()):
        top, left = index // COLUMNS * height, index % COLUMNS * width
        atlas[top : top + height, left : left + width] = picture
    _write_webp(folder / "mouths.webp", np.ascontiguousarray(atlas[..., ::-1]), 90)
    contents = {"tile": [width, height], "columns": COLUMNS, "names": list(made)}
    text = yaml.safe_dump(contents, default_flow_style=None, sort_keys=False, width=100)
    (folder / "mouths.yaml").write_text(text, "utf-8")
    _write_webp(folder / "mask.webp", mouth_mask(made), 101)
    box, shift, offset = tile_warp(film, pictures.mouth_box)
    np.savez_compressed(folder / "warp.npz", box=box, shift=shift, offset=offset)


def _disc(diameter: int) -> NDArray[np.uint8]:
    size = (diameter, diameter)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size), np.uint8)


def _composite(person: Floats, behind: Floats) -> Floats:
    return np.asarray(person[..., :3] + behind * (1.0 - person[..., 3:]), np.float32)


def _write_webp(path: Path, pixels: NDArray[np.uint8], quality: int) -> None:
    """``quality`` 1 to 100, or 101 for lossless."""
    written, packed = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not written:
        raise OSError(f"OpenCV could not encode {path.name} as WebP.")
    path.write_bytes(packed.tobytes())
