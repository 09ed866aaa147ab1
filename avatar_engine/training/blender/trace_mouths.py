"""Path-trace the mouths that training clips are composed of.

    python -m avatar_engine.training.blender.trace_mouths BUST.glb --name suit \\
        --mouths mouths.npy --out DIR

``mouths.npy`` comes from ``python -m avatar_engine gather``. Takes the work folder that made the
presenter, and seconds for each mouth; an interrupted run carries on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
from pathlib import Path

import cv2
import numpy as np

from . import mouth_atlas
from .idle_loop import load_background
from .materials import LOOKS
from .pictures import VISEMES, RenderedPictures, mixed_mouth_weights

_log = logging.getLogger(__name__)


def trace_mouths_main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m avatar_engine.training.blender.trace_mouths")
    parser.add_argument("glb", type=Path, help="the bust the presenter was made of")
    parser.add_argument("--name", required=True, help="presenter name, for example suit")
    parser.add_argument("--mouths", type=Path, required=True, help="(n, 15) shares of visemes")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tiles")
    parser.add_argument("--work", type=Path, default=Path("studio-work"))
    parser.add_argument("--samples", type=int, default=8, help="paths per pixel")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pictures = RenderedPictures(options.work / options.name)
    for path in (options.glb, options.mouths, pictures.rest, pictures.office):
        if not path.is_file():
            parser.error(f"there is no file {path}; make the presenter first")
    try:
        from . import path_tracing, scene
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1

    look = LOOKS.get(options.name, LOOKS["suit"])
    shares = np.load(options.mouths)
    stage = scene.build_scene(options.glb, look)
    path_tracing.set_up_renderer()
    taken: dict[str, Path] = {}
    for number, row in enumerate(shares):
        path = pictures.folder / f"mixed-{_mouth_file_stem(row)}.png"
        mix = {name: float(s) for name, s in zip(VISEMES, row, strict=True) if s > 0}
        path_tracing.render_person(
            stage, mixed_mouth_weights(mix, look.rest), path,
            samples=options.samples, crop=pictures.mouth_box, oversample=1,
        )  # fmt: skip
        taken[str(number)] = path
        _log.info("mouth %d of %d", number + 1, len(shares))

    options.out.mkdir(parents=True, exist_ok=True)
    office = load_background(pictures.office, scene.PICTURE_SIZE)
    for name, picture in mouth_atlas.mouth_tiles(pictures, office, taken).items():
        cv2.imwrite(str(options.out / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    np.save(options.out / "mouths.npy", shares.astype(np.float32))
    return 0


def _mouth_file_stem(row: np.ndarray) -> str:
    """Of a picture: the same mouth in another list is not photographed again."""
    return hashlib.sha256(np.round(row, 4).astype("<f4").tobytes()).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(trace_mouths_main())
