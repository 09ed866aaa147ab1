"""The camera work: path-traced pictures, whole or cropped, kept in a work folder."""

from __future__ import annotations

from pathlib import Path

import bpy  # type: ignore[import-not-found]
import numpy as np

from .pictures import PixelBox, RenderedPictures, mouth_names, mouth_weights
from .scene import OVERSAMPLE, PICTURE_SIZE, PresenterScene, camera_distances, set_expression

_LIDS_SHUT = 0.64
"""Weight of the blink shapes at which the lids meet; more pushes them through each other."""


def render_all(
    stage: PresenterScene, rest: dict[str, float], pictures: RenderedPictures, samples: int
) -> None:
    """Take every picture a presenter needs; those that exist are kept, so a stop costs nothing.

    ``samples`` are the paths per pixel of the large pictures; the mouths get half as many.
    """
    set_up_renderer()
    render_person(stage, rest, pictures.rest, samples=samples)
    if not pictures.distances.exists():
        np.save(pictures.distances, camera_distances(stage, pictures.distance_step))
    render_background(stage, pictures.office, samples=3 * samples)
    for share, path in pictures.blinks.items():
        if share > 0.0:
            render_person(
                stage, _blink_weights(rest, share), path, samples=samples, crop=pictures.eye_box
            )
    for name in mouth_names():
        render_person(
            stage,
            mouth_weights(name, rest),
            pictures.mouth(name),
            samples=samples // 2,
            crop=pictures.mouth_box,
            oversample=1,
        )


def _blink_weights(rest: dict[str, float], share: float) -> dict[str, float]:
    """The resting face with the lids closed by ``share``."""
    closing = {
        shape: w * (1 - share) if shape.startswith("eye") else w for shape, w in rest.items()
    }
    return closing | {"eyeBlinkLeft": _LIDS_SHUT * share, "eyeBlinkRight": _LIDS_SHUT * share}


def set_up_renderer(threads: int = 1) -> None:
    """Set the renderer up once; every picture goes through the same pipeline."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    scene.render.film_transparent = True
    scene.render.filter_size = 1.3
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.compression = 30
    cycles = scene.cycles
    cycles.device, cycles.seed = "CPU", 1
    cycles.use_adaptive_sampling = cycles.use_light_tree = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "FAST"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 2
    cycles.transparent_max_bounces = 24
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 3.0
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - High Contrast"
    scene.view_settings.exposure = 0.0


def render_person(
    stage: PresenterScene,
    weights: dict[str, float],
    path: Path,
    *,
    samples: int,
    crop: PixelBox | None = None,
    oversample: float = OVERSAMPLE,
) -> Path:
    """Photograph the person with the face at ``weights``; an existing file is kept.

    The file is an RGBA PNG of the crop (or of the whole picture), ``oversample`` times larger
    than the finished picture.
    """
    if path.exists():
        return path
    for thing in stage.office:
        thing.hide_render = True
    for mesh in stage.person:
        mesh.hide_render = False
    set_expression(stage.person, weights)
    bpy.context.scene.render.film_transparent = True
    _render_to_file(path, samples, crop, oversample)
    return path


def render_background(stage: PresenterScene, path: Path, *, samples: int) -> Path:
    """Photograph the empty office, half the finished size and out of focus; a file is kept."""
    if path.exists():
        return path
    for thing in stage.office:
        thing.hide_render = False
    for mesh in stage.person:
        mesh.hide_render = True
    lens = bpy.context.scene.camera.data
    lens.dof.use_dof, lens.dof.focus_distance = True, 1.55
    lens.dof.aperture_fstop = 2.2
    bpy.context.scene.render.film_transparent = False
    _render_to_file(path, samples, None, 0.5)
    lens.dof.use_dof = False
    return path


def _render_to_file(path: Path, samples: int, crop: PixelBox | None, oversample: float) -> None:
    scene = bpy.context.scene
    scene.cycles.samples = samples
    side = int(PICTURE_SIZE * oversample)
    scene.render.resolution_x = scene.render.resolution_y = side
    scene.render.use_border = scene.render.use_crop_to_border = crop is not None
    if crop is not None:
        # Blender cuts borders down to whole pixels; a quarter pixel more keeps rounding away.
        edge = 0.25 / side
        scene.render.border_min_x = crop.left / PICTURE_SIZE + edge
        scene.render.border_max_x = crop.right / PICTURE_SIZE + edge
        scene.render.border_min_y = 1 - crop.bottom / PICTURE_SIZE + edge
        scene.render.border_max_y = 1 - crop.top / PICTURE_SIZE + edge
    # Written beside and renamed, so that a file which exists is complete.
    partial = path.with_name(path.stem + ".partial.png")
    scene.render.filepath = str(partial.resolve())
    bpy.ops.render.render(write_still=True)
    partial.rename(path)
