"""The scene: a bust from a GLB file in front of an office, with lamps and a camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np
from mathutils import Vector  # type: ignore[import-not-found]
from mathutils.bvhtree import BVHTree  # type: ignore[import-not-found]

from .head_motion import Anatomy, Camera
from .materials import PresenterLook, apply_materials

PICTURE_SIZE = 720
"""Width and height of the finished picture, pixels."""
OVERSAMPLE = 2
"""Pictures of the person are taken this many times larger and shrunk after the warp."""
FACE_HEIGHT = 384
"""Hairline to chin in the finished picture, pixels."""
FACE_CENTRE_Y = 340
"""Height of the middle between hairline and chin in the finished picture, pixels."""
CAMERA_DISTANCE = 1.55
"""From the lens to the middle of the face, metres: far enough for a portrait without distortion."""
EYES_TO_CHIN = 0.595
"""Share of the face height (hairline to chin) that lies below the pupils."""


@dataclass(frozen=True, slots=True)
class PresenterScene:
    """A built scene, ready to be photographed."""

    person: list[Any]
    """The bust's mesh objects."""
    office: list[Any]
    """What stands behind; hidden while the person is photographed."""
    camera: Camera
    """The lens in the terms of :mod:`.head_motion`, for finished pictures (not oversampled)."""
    anatomy: Anatomy
    """Where head and torso begin."""


def build_scene(glb: Path, look: PresenterLook) -> PresenterScene:
    """Load ``glb`` into an empty scene and dress the set around it.

    Raises:
        ValueError: the file holds no bust with ``body``, ``eyes`` and shape targets.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(glb))
    meshes = {o.name: o for o in bpy.data.objects if o.type == "MESH"}
    if not {"body", "eyes"} <= meshes.keys() or meshes["body"].data.shape_keys is None:
        raise ValueError(
            f"{glb} is no bust to render: it needs meshes named body and eyes, with "
            f"shape targets on the body; it has {', '.join(sorted(meshes)) or 'no mesh'}."
        )
    for mesh in meshes.values():
        for polygon in mesh.data.polygons:
            polygon.use_smooth = True
    for name in ("body", "hair") if look.solid_hair else ("body",):
        subdivision = meshes[name].modifiers.new("Subdivision", "SUBSURF")
        subdivision.levels = subdivision.render_levels = 1
    apply_materials(meshes, look)
    landmarks = _landmarks(meshes)
    camera = _place_camera(landmarks)
    _light(landmarks)
    office = _build_office(float(landmarks.middle.z))
    person = list(meshes.values())
    set_expression(person, look.rest)
    return PresenterScene(person, office, camera, _anatomy(landmarks))


def set_expression(person: list[Any], weights: dict[str, float]) -> None:
    """Set the face to ``weights`` (shape name to weight); every other shape goes to zero.

    Raises:
        KeyError: a name that the bust does not have.
    """
    for mesh in person:
        if mesh.data.shape_keys is None:
            continue
        blocks = mesh.data.shape_keys.key_blocks
        for block in blocks[1:]:
            block.slider_min, block.slider_max = -2.0, 3.0
            block.value = 0.0
        for name, weight in weights.items():
            blocks[name].value = weight


@dataclass(frozen=True, slots=True)
class _FaceLandmarks:
    eyes: Vector
    chin: Vector
    face_height: float
    middle: Vector
    """Centre between hairline and chin, on the front of the face."""
    cheek: float
    """Half the width of the face at the height of the mouth."""


def _landmarks(meshes: dict[str, Any]) -> _FaceLandmarks:
    """Measure the resting bust (it looks along -y, z is up, metres)."""
    eyes = np.array([tuple(v.co) for v in meshes["eyes"].data.vertices])
    pupils = eyes.mean(0)
    body = np.array([tuple(v.co) for v in meshes["body"].data.vertices])
    front = body[(abs(body[:, 0]) < 0.004) & (body[:, 2] > pupils[2] - 0.14)]
    chin = front[np.argmax(-front[:, 1] - front[:, 2])]
    height = float(pupils[2] - chin[2]) / EYES_TO_CHIN
    middle = Vector((0.0, float(chin[1]), float(chin[2]) + height / 2))
    level = abs(body[:, 2] - (chin[2] + 0.3 * height)) < 0.01
    cheek = float(abs(body[level & (body[:, 1] < chin[1] + 0.07), 0]).max())
    return _FaceLandmarks(Vector(pupils), Vector(chin), height, middle, cheek)


def _anatomy(marks: _FaceLandmarks) -> Anatomy:
    chin = marks.chin
    return Anatomy(
        pivot=(0.0, float(marks.eyes.y) + 0.085, float(chin.z) - 0.005),
        head_z=float(chin.z) - 0.004,
        torso_z=float(chin.z) - 0.062,
        chin=(0.0, float(chin.y), float(chin.z)),
        face_height=marks.face_height,
        cheek=marks.cheek,
    )


def _place_camera(marks: _FaceLandmarks) -> Camera:
    scene = bpy.context.scene
    data = bpy.data.cameras.new("lens")
    lens = bpy.data.objects.new("lens", data)
    scene.collection.objects.link(lens)
    scene.camera = lens
    scale = FACE_HEIGHT / marks.face_height  # pixels per metre at the face
    lens.location = marks.middle + Vector((0.0, -CAMERA_DISTANCE, 0.0))
    lens.rotation_euler = (math.pi / 2, 0.0, 0.0)  # looks along +y
    data.sensor_width = 36.0
    focal_pixels = scale * CAMERA_DISTANCE
    data.lens = 36.0 * focal_pixels / PICTURE_SIZE
    # Shifting the film, not tilting the lens, keeps verticals vertical.
    drop = PICTURE_SIZE / 2 - FACE_CENTRE_Y
    data.shift_y = -drop / PICTURE_SIZE
    data.clip_start = 0.1
    scene.render.resolution_percentage = 100
    centre = (PICTURE_SIZE / 2 - 0.5, FACE_CENTRE_Y - 0.5)
    return Camera(tuple(lens.location), focal_pixels, centre)


def _lamp(
    name: str,
    at: Vector,
    target: Vector,
    size: float,
    watts: float,
    colour: tuple[float, float, float],
) -> None:
    data = bpy.data.lights.new(name, "AREA")
    data.size, data.energy, data.color = size, watts, colour
    lamp = bpy.data.objects.new(name, data)
    lamp.location = at
    lamp.rotation_euler = (target - at).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(lamp)


def _light(marks: _FaceLandmarks) -> None:
    """A soft key from the upper left, a weak fill, and a rim that frees hair and shoulders."""
    face = marks.middle
    _lamp("key", face + Vector((-0.75, -1.15, 0.65)), face, 0.7, 25.0, (1.0, 0.96, 0.91))
    _lamp("fill", face + Vector((1.0, -1.1, 0.05)), face, 1.1, 6.5, (0.93, 0.96, 1.0))
    _lamp("rim", face + Vector((0.85, 0.75, 0.6)), face, 0.5, 5.0, (0.92, 0.96, 1.0))
    _lamp("back", face + Vector((-0.8, 0.8, 0.7)), face, 0.5, 3.0, (1.0, 0.97, 0.93))
    # A small light beside the lens reaches into the open mouth and makes the eyes sparkle.
    _lamp("catch", face + Vector((0.05, -1.45, 0.12)), face, 0.16, 2.0, (1.0, 0.98, 0.95))
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.80, 0.88, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.22


def camera_distances(stage: PresenterScene, step: int = 3) -> np.ndarray:
    """Distance along y from the lens to the person on a grid of finished-picture pixels.

    Returns float32 of shape (SIZE // step, SIZE // step), metres, NaN where nobody is; node
    (i, j) looks through pixel (j * step, i * step).
    """
    graph = bpy.context.evaluated_depsgraph_get()
    trees = [
        BVHTree.FromObject(mesh, graph)
        for mesh in stage.person
        if mesh.name in {"body", "clothes", "hair", "eyes"}
    ]
    origin = Vector(stage.camera.position)
    (cx, cy), focal = stage.camera.centre, stage.camera.focal
    found = np.full((PICTURE_SIZE // step, PICTURE_SIZE // step), np.nan, np.float32)
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            ray = Vector(((j * step - cx) / focal, 1.0, -(i * step - cy) / focal)).normalized()
            hits = [tree.ray_cast(origin, ray)[0] for tree in trees]
            depths = [hit.y - origin.y for hit in hits if hit is not None]
            if depths:
                found[i, j] = min(depths)
    return found


def _box(
    name: str,
    centre: tuple[float, float, float],
    size: tuple[float, float, float],
    colour: tuple[float, float, float],
    glow: float = 0.0,
) -> Any:
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=centre)
    box = bpy.context.active_object
    box.name, box.scale = name, size
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = 0.6
    shader.inputs["Emission Color"].default_value = (*colour, 1.0)
    shader.inputs["Emission Strength"].default_value = glow
    box.data.materials.append(material)
    return box


def _build_office(z: float) -> list[Any]:
    """An office 3.6 m behind a face at height ``z``, metres: window, bookcase, plant, panels."""
    y = 3.6
    things = [
        _box("wall", (0, y + 0.1, z), (5, 0.1, 3), (0.46, 0.52, 0.58), 0.32),
        _box("panel", (0.05, y, z - 0.1), (0.62, 0.06, 3), (0.40, 0.46, 0.53), 0.28),
        _box("counter", (0, y - 0.35, z - 0.70), (4, 0.5, 0.6), (0.36, 0.27, 0.2), 0.25),
        _box("window", (-0.66, y, z + 0.25), (0.66, 0.04, 1.15), (0.84, 0.92, 1.0), 0.95),
        _box("mullion", (-0.52, y - 0.03, z + 0.25), (0.03, 0.04, 1.15), (0.6, 0.64, 0.68), 0.3),
        _box("transom", (-0.66, y - 0.03, z + 0.32), (0.66, 0.04, 0.03), (0.6, 0.64, 0.68), 0.3),
        _box("case", (0.74, y - 0.05, z + 0.1), (0.72, 0.08, 1.6), (0.42, 0.33, 0.25), 0.24),
    ]
    palette = (
        (0.36, 0.10, 0.09),
        (0.14, 0.24, 0.38),
        (0.55, 0.50, 0.40),
        (0.18, 0.30, 0.24),
        (0.50, 0.36, 0.18),
        (0.30, 0.33, 0.38),
    )
    spread = np.random.default_rng(7)
    for shelf in range(4):
        left = 0.41
        while left < 1.05:
            width, height = spread.uniform(0.03, 0.07), spread.uniform(0.2, 0.29)
            base = z - 0.62 + shelf * 0.38
            colour = palette[int(spread.integers(len(palette)))]
            things.append(
                _box(
                    "book",
                    (left + width / 2, y - 0.12, base + height / 2),
                    (width * 0.92, 0.1, height),
                    colour,
                    0.3,
                )
            )
            left += width
    for _ in range(26):
        bpy.ops.mesh.primitive_ico_sphere_add(
            subdivisions=1,
            radius=float(spread.uniform(0.03, 0.07)),
            location=(
                -0.33 + spread.normal(0, 0.07),
                y - 0.3 + spread.normal(0, 0.05),
                z - 0.22 + spread.normal(0, 0.12),
            ),
        )
        leaf = bpy.context.active_object
        leaf.data.materials.append(_leaf_material())
        things.append(leaf)
    return things


def _leaf_material() -> Any:
    material = bpy.data.materials.get("leaf")
    if material is None:
        material = bpy.data.materials.new("leaf")
        material.use_nodes = True
        shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = (0.10, 0.22, 0.09, 1.0)
        shader.inputs["Emission Color"].default_value = (0.10, 0.22, 0.09, 1.0)
        shader.inputs["Emission Strength"].default_value = 0.25
    return material
