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

from . import atlas, motion
from .look import LOOKS
from .loop import FPS, Film, encode, faces
from .pictures import Pictures

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
    parser = argparse.ArgumentParser(prog="python -m avatar_engine.studio", description=__doc__)
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
        help=f"length of the loop at {FPS} frames a second (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not options.glb.is_file():
        parser.error(f"there is no file {options.glb}; give the path of a GLB file")
    try:
        from . import scene, shoot
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1

    look = LOOKS.get(options.name, LOOKS["suit"])
    pictures = Pictures(options.work / options.name)
    pictures.folder.mkdir(parents=True, exist_ok=True)
    stage = scene.build(options.glb, look)
    _log.info("Taking pictures in %s; those that exist are kept.", pictures.folder)
    shoot.take_all(stage, look.rest, pictures, options.samples)

    out = options.out / options.name
    out.mkdir(parents=True, exist_ok=True)
    idle = motion.idle(options.frames)
    film = Film(pictures, stage.camera, stage.anatomy, idle, _LABEL)
    _log.info("Filming %d frames into %s.", len(idle), out)
    encode((film.frame(i) for i in range(len(idle))), out / "idle.mp4", film.size)
    np.savez_compressed(out / "track.npz", face=faces(stage.camera, stage.anatomy, idle))
    atlas.write(out / "viseme", film, pictures)
    _write_card(out, options.name, film.size, len(idle))
    return 0


def _write_card(folder: Path, name: str, size: int, frames: int) -> None:
    title, voice = _TITLES.get(name, ({"zh-CN": name, "en": name}, "female"))
    card = {
        "name": name, "title": title, "licence": "CC0-1.0", "attribution": _ATTRIBUTION,
        "consent": "synthetic person, no real likeness", "voice": voice, "label": _LABEL,
        "width": size, "height": size, "fps": FPS, "frames": frames,
    }  # fmt: skip
    text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False, width=100)
    (folder / "presenter.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
