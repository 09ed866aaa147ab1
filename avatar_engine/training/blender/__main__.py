"""Render a presenter folder from a bust in a GLB file.

Path-traces the resting person, a blink and 120 mouths once (minutes to an hour on a laptop),
then moves the pictures to make the idle loop. An interrupted run carries on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
import yaml

from . import head_motion, mouth_atlas
from .idle_loop import LOOP_FPS, IdleLoopRenderer, encode_loop, face_boxes
from .materials import LOOKS
from .pictures import RenderedPictures

_LABEL = "AI生成"
_TITLES = {
    "suit": ({"zh-CN": "小政", "en": "Xiaozheng"}, "male"),
    "blouse": ({"zh-CN": "小文", "en": "Xiaowen"}, "female"),
}
_ATTRIBUTION = (
    "Rendered from the MakeHuman base mesh, skin, hair and clothes (CC0 1.0); "
    "shape targets from met4citizen/TalkingHead (MIT)"
)
_log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m avatar_engine.training.blender", description=__doc__
    )
    parser.add_argument("glb", type=Path, help="the bust, with Oculus and ARKit shape targets")
    parser.add_argument("--name", required=True, help="presenter name, for example suit")
    parser.add_argument("--out", type=Path, required=True, help="folder of presenters")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("studio-work"),
        help="folder for the path-traced pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=16,
        help="paths per pixel of the large pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=250,
        help=f"length of the loop at {LOOP_FPS} frames a second (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not options.glb.is_file():
        parser.error(f"there is no file {options.glb}; give the path of a GLB file")
    try:
        from . import path_tracing, scene
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1

    look = LOOKS.get(options.name, LOOKS["suit"])
    pictures = RenderedPictures(options.work / options.name)
    pictures.folder.mkdir(parents=True, exist_ok=True)
    stage = scene.build_scene(options.glb, look)
    _log.info("Taking pictures in %s; those that exist are kept.", pictures.folder)
    path_tracing.render_all(stage, look.rest, pictures, options.samples)

    out = options.out / options.name
    out.mkdir(parents=True, exist_ok=True)
    idle = head_motion.idle_motion(options.frames)
    film = IdleLoopRenderer(pictures, stage.camera, stage.anatomy, idle, _LABEL)
    _log.info("Filming %d frames into %s.", len(idle), out)
    encode_loop((film.frame(i) for i in range(len(idle))), out / "idle.mp4", film.size)
    np.savez_compressed(out / "track.npz", face=face_boxes(stage.camera, stage.anatomy, idle))
    mouth_atlas.write_mouth_atlas(out / "viseme", film, pictures)
    _write_card(out, options.name, film.size, len(idle))
    return 0


def _write_card(folder: Path, name: str, size: int, frames: int) -> None:
    title, voice = _TITLES.get(name, ({"zh-CN": name, "en": name}, "female"))
    card = {
        "name": name, "title": title, "licence": "CC0-1.0", "attribution": _ATTRIBUTION,
        "consent": "synthetic person, no real likeness", "voice": voice, "label": _LABEL,
        "width": size, "height": size, "fps": LOOP_FPS, "frames": frames,
    }  # fmt: skip
    text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False, width=100)
    (folder / "presenter.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
