"""Render presenters with Blender from a bust in a GLB file.

presenter: path-trace the resting person, a blink and 120 mouths once (minutes to an hour on a
laptop), then move the pictures to make the idle loop.
mouths: path-trace the mouths that ``python -m avatar_engine gather`` chose, some seconds each,
in the work folder that made the presenter.

An interrupted run carries on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import yaml

from ...video.watermark import LABEL
from ...viseme.coarticulation import VISEMES
from . import head_motion, mouth_atlas
from .idle_loop import LOOP_FPS, IdleLoopRenderer, encode_loop, face_boxes, load_background
from .materials import LOOKS
from .pictures import RenderedPictures, mixed_mouth_weights

_TITLES = {
    "suit": ({"zh-CN": "小政", "en": "Xiaozheng"}, "male"),
    "blouse": ({"zh-CN": "小文", "en": "Xiaowen"}, "female"),
}
_ATTRIBUTION = (
    "Rendered from the MakeHuman base mesh, skin, hair and clothes (CC0 1.0); "
    "shape targets from met4citizen/TalkingHead (MIT)"
)
_NO_BLENDER = (
    "Presenters are rendered with Blender as a Python module, which is not installed here. It "
    "needs Python 3.11 and an older numpy than the project, so make an environment of its own: "
    "`pip install bpy==5.0.1 av 'opencv-python-headless<4.12' pillow pydantic pyyaml`."
)
_log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m avatar_engine.training.blender",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "render a presenter folder"
    presenter = commands.add_parser("presenter", help=about, description=about)
    presenter.set_defaults(run=_render_presenter)
    presenter.add_argument("glb", type=Path, help="the bust, with Oculus and ARKit shape targets")
    presenter.add_argument("--name", required=True, help="presenter name, for example suit")
    presenter.add_argument("--out", type=Path, required=True, help="folder of presenters")
    presenter.add_argument(
        "--frames",
        type=int,
        default=250,
        help=f"length of the loop at {LOOP_FPS} frames a second (default: %(default)s)",
    )
    about = "path-trace the mouths that training clips are composed of"
    mouths = commands.add_parser("mouths", help=about, description=about)
    mouths.set_defaults(run=_render_mouths)
    mouths.add_argument("glb", type=Path, help="the bust the presenter was made of")
    mouths.add_argument("--name", required=True, help="presenter name, for example suit")
    mouths.add_argument("--mouths", type=Path, required=True, help="(n, 15) viseme weights")
    mouths.add_argument("--out", type=Path, required=True, help="folder for the tiles")
    for command, samples in ((presenter, 16), (mouths, 8)):
        command.add_argument(
            "--work",
            type=Path,
            default=Path("studio-work"),
            help="folder for the path-traced pictures (default: %(default)s)",
        )
        command.add_argument(
            "--samples",
            type=int,
            default=samples,
            help="paths per pixel of the large pictures (default: %(default)s)",
        )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        options.run(options)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _render_presenter(options: argparse.Namespace) -> None:
    """A presenter folder: the idle loop, the face track and the mouths."""
    if not options.glb.is_file():
        raise FileNotFoundError(f"there is no file {options.glb}; give the path of a GLB file")
    path_tracing, scene = _with_blender()

    look = LOOKS.get(options.name, LOOKS["suit"])
    pictures = RenderedPictures(options.work / options.name)
    pictures.folder.mkdir(parents=True, exist_ok=True)
    stage = scene.build_scene(options.glb, look)
    _log.info("Rendering pictures in %s; those that exist are kept.", pictures.folder)
    path_tracing.render_all(stage, look.rest, pictures, options.samples)

    out = options.out / options.name
    out.mkdir(parents=True, exist_ok=True)
    motion = head_motion.idle_motion(options.frames)
    loop = IdleLoopRenderer(pictures, stage.camera, stage.anatomy, motion, LABEL)
    _log.info("Encoding %d frames into %s.", len(motion), out)
    encode_loop((loop.frame(i) for i in range(len(motion))), out / "idle.mp4", loop.size)
    np.savez_compressed(out / "track.npz", face=face_boxes(stage.camera, stage.anatomy, motion))
    mouth_atlas.write_mouth_atlas(out / "viseme", loop, pictures)
    _write_card(out, options.name, loop.size, len(motion))


def _render_mouths(options: argparse.Namespace) -> None:
    """A picture of each mouth of ``python -m avatar_engine gather``; some seconds for each."""
    pictures = RenderedPictures(options.work / options.name)
    for path in (options.glb, options.mouths, pictures.rest, pictures.office):
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}; make the presenter first")
    path_tracing, scene = _with_blender()

    look = LOOKS.get(options.name, LOOKS["suit"])
    weights = np.load(options.mouths)
    stage = scene.build_scene(options.glb, look)
    path_tracing.set_up_renderer()
    rendered: dict[str, Path] = {}
    for number, row in enumerate(weights):
        path = pictures.folder / f"mixed-{_mouth_file_stem(row)}.png"
        mix = {name: float(w) for name, w in zip(VISEMES, row, strict=True) if w > 0}
        path_tracing.render_person(
            stage, mixed_mouth_weights(mix, look.rest), path,
            samples=options.samples, crop=pictures.mouth_box, oversample=1,
        )  # fmt: skip
        rendered[str(number)] = path
        _log.info("mouth %d of %d", number + 1, len(weights))

    options.out.mkdir(parents=True, exist_ok=True)
    background = load_background(pictures.office, scene.PICTURE_SIZE)
    for name, picture in mouth_atlas.mouth_tiles(pictures, background, rendered).items():
        cv2.imwrite(str(options.out / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    np.save(options.out / "mouths.npy", weights.astype(np.float32))


def _with_blender() -> tuple[ModuleType, ModuleType]:
    """The modules that need Blender.

    Raises:
        ImportError: It is not installed.
    """
    try:
        from . import path_tracing, scene
    except ImportError as error:
        raise ImportError(_NO_BLENDER) from error
    return path_tracing, scene


def _mouth_file_stem(row: np.ndarray) -> str:
    """Of a picture: the same mouth in another list is not photographed again."""
    return hashlib.sha256(np.round(row, 4).astype("<f4").tobytes()).hexdigest()[:12]


def _write_card(folder: Path, name: str, size: int, frames: int) -> None:
    title, voice = _TITLES.get(name, ({"zh-CN": name, "en": name}, "female"))
    card = {
        "name": name, "title": title, "licence": "CC0-1.0", "attribution": _ATTRIBUTION,
        "consent": "synthetic person, no real likeness", "voice": voice, "label": LABEL,
        "width": size, "height": size, "fps": LOOP_FPS, "frames": frames,
    }  # fmt: skip
    text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False, width=100)
    (folder / "presenter.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
