"""The set: a bust from a GLB file, its materials, the light, the camera and an office behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .motion import Anatomy, Camera

try:
    import bpy
    from mathutils import Vector
    from mathutils.bvhtree import BVHTree
except ImportError as error:  # pragma: no cover - depends on the machine
    raise ImportError(
        "The studio renders with Blender as a Python module, which is not installed here. "
        "Install it with `pip install bpy==5.0.1` (Python 3.11) and run the command again."
    ) from error

SIZE = 720
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
class Look:
    """What differs between presenters and is a matter of taste."""

    iris: tuple[float, float, float] = (0.075, 0.034, 0.016)
    """Linear RGB of the iris; the texture's own colour is too red."""
    hair: tuple[float, float, float] = (0.020, 0.014, 0.011)
    """Linear RGB of the hair where the texture is darkest."""
    solid_hair: bool = False
    """Whether the hair is a closed surface, which may be rounded, and not see-through cards."""
    cloth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Linear RGB factor on the clothes."""
    cloth_saturation: float = 1.0
    """Factor on the saturation of the clothes' texture."""
    skin: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Linear RGB factor on the skin."""
    rest: dict[str, float] = field(default_factory=dict)
    """Shape weights of the resting face, for example a slight smile."""


_FRIENDLY = {
    "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6,
    "cheekSquintLeft": 0.2, "cheekSquintRight": 0.2,
    "browInnerUp": 0.4, "browOuterUpLeft": 0.15, "browOuterUpRight": 0.15,
    "eyeWideLeft": 0.35, "eyeWideRight": 0.35,
}  # fmt: skip

LOOKS = {
    "suit": Look(rest=_FRIENDLY),
    "blouse": Look(
        rest=_FRIENDLY | {"browInnerUp": 0.1, "browOuterUpLeft": 0.0, "browOuterUpRight": 0.0},
        solid_hair=True,
        cloth=(2.2, 2.4, 3.0),
        cloth_saturation=0.35,
    ),
}
"""By presenter name; a name that is not here gets the suit's look."""


@dataclass(frozen=True, slots=True)
class Set:
    """A built scene, ready to be photographed."""

    person: list[Any]
    """The bust's mesh objects."""
    office: list[Any]
    """What stands behind; hidden while the person is photographed."""
    camera: Camera
    """The lens in the terms of :mod:`.motion`, for finished pictures (not oversampled)."""
    anatomy: Anatomy
    """Where head and torso begin."""


def build(glb: Path, look: Look) -> Set:
    """Load ``glb`` into an empty scene and dress the set around it.

    Raises:
        ValueError: the file holds no bust with ``body``, ``eyes`` and shape targets.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(glb))
    meshes = {o.name: o for o in bpy.data.objects if o.type == "MESH"}
    if not {"body", "eyes"} <= meshes.keys() or meshes["body"].data.shape_keys is None:
        raise ValueError(
            f"{glb} is no bust for the studio: it needs meshes named body and eyes, with "
            f"shape targets on the body; it has {', '.join(sorted(meshes)) or 'no mesh'}."
        )
    for mesh in meshes.values():
        for polygon in mesh.data.polygons:
            polygon.use_smooth = True
    for name in ("body", "hair") if look.solid_hair else ("body",):
        subdivision = meshes[name].modifiers.new("Subdivision", "SUBSURF")
        subdivision.levels = subdivision.render_levels = 1
    _dress(meshes, look)
    landmarks = _landmarks(meshes)
    camera = _place_camera(landmarks)
    _light(landmarks)
    office = _office(landmarks)
    person = list(meshes.values())
    pose(person, look.rest)
    return Set(person, office, camera, _anatomy(landmarks))


def pose(person: list[Any], weights: dict[str, float]) -> None:
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


# --- the person ---------------------------------------------------------------------------------


def _nodes(mesh: Any) -> tuple[Any, Any, Any]:
    """Node tree, principled shader and (first) texture node of a mesh's material."""
    tree = mesh.data.materials[0].node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    texture = next(n for n in tree.nodes if n.type == "TEX_IMAGE")
    return tree, shader, texture


def _tint(tree: Any, shader: Any, colour: tuple[float, float, float], saturation: float) -> None:
    """Put a saturation and a colour factor between the texture and the shader."""
    source = shader.inputs["Base Color"].links[0].from_socket
    hue = tree.nodes.new("ShaderNodeHueSaturation")
    hue.inputs["Saturation"].default_value = saturation
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type, mix.blend_type = "RGBA", "MULTIPLY"
    mix.inputs["Factor"].default_value = 1.0
    tree.links.new(source, hue.inputs["Color"])
    tree.links.new(hue.outputs["Color"], mix.inputs["A"])
    mix.inputs["B"].default_value = (*colour, 1.0)
    tree.links.new(mix.outputs["Result"], shader.inputs["Base Color"])


def _grain(tree: Any, shader: Any, scale: float, strength: float, distance: float) -> None:
    """Fine bumps (skin pores, cloth) from noise in object space; ``scale`` is per metre."""
    place = tree.nodes.new("ShaderNodeTexCoord")
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = 3.0
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = distance
    tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])


def _dress(meshes: dict[str, Any], look: Look) -> None:
    tree, skin, _ = _nodes(meshes["body"])
    _tint(tree, skin, look.skin, 1.0)
    _grain(tree, skin, 900.0, 0.22, 0.0006)
    skin.subsurface_method = "RANDOM_WALK"
    skin.inputs["Subsurface Weight"].default_value = 0.5
    skin.inputs["Subsurface Radius"].default_value = (1.0, 0.36, 0.2)
    skin.inputs["Subsurface Scale"].default_value = 0.0045
    skin.inputs["Roughness"].default_value = 0.46
    skin.inputs["Specular IOR Level"].default_value = 0.42

    for name, roughness, bright in (
        ("teeth", 0.16, (1.5, 1.38, 1.2)),
        ("tongue", 0.3, (0.9, 0.8, 0.8)),
    ):
        if name in meshes:
            tree, shader, _ = _nodes(meshes[name])
            _tint(tree, shader, bright, 1.0)
            shader.inputs["Subsurface Weight"].default_value = 0.35
            shader.inputs["Subsurface Radius"].default_value = (1.0, 0.7, 0.5)
            shader.inputs["Subsurface Scale"].default_value = 0.0015
            shader.inputs["Roughness"].default_value = roughness
    if "hair" in meshes:
        tree, hair, texture = _nodes(meshes["hair"])
        lift = tree.nodes.new("ShaderNodeMix")
        lift.data_type, lift.blend_type = "RGBA", "ADD"
        lift.inputs["Factor"].default_value = 1.0
        lift.inputs["B"].default_value = (*look.hair, 1.0)
        tree.links.new(texture.outputs["Color"], lift.inputs["A"])
        tree.links.new(lift.outputs["Result"], hair.inputs["Base Color"])
        hair.inputs["Roughness"].default_value = 0.5
        hair.inputs["Specular IOR Level"].default_value = 0.2
    for name in ("eyebrows", "eyelashes"):
        if name in meshes:
            _, shader, _ = _nodes(meshes[name])
            shader.inputs["Roughness"].default_value = 0.8
            shader.inputs["Specular IOR Level"].default_value = 0.1
    if "clothes" in meshes:
        tree, cloth, _ = _nodes(meshes["clothes"])
        _tint(tree, cloth, look.cloth, look.cloth_saturation)
        _grain(tree, cloth, 1400.0, 0.35, 0.0008)
        cloth.inputs["Roughness"].default_value = 0.85
        cloth.inputs["Specular IOR Level"].default_value = 0.2
        cloth.inputs["Sheen Weight"].default_value = 0.12
    # Clothes, teeth and tongue have no see-through parts; saying so spares many shadow rays.
    for name in ("clothes", "teeth", "tongue"):
        if name in meshes:
            tree, shader, _ = _nodes(meshes[name])
            for link in shader.inputs["Alpha"].links:
                tree.links.remove(link)
            shader.inputs["Alpha"].default_value = 1.0
    _wet_eyes(meshes["eyes"], look.iris)


def _wet_eyes(eyes: Any, iris: tuple[float, float, float]) -> None:
    """Recolour the iris (the saturated part of the texture) and put a wet film over the eye."""
    tree, ball, texture = _nodes(eyes)
    nodes, links = tree.nodes, tree.links
    split = nodes.new("ShaderNodeSeparateColor")
    split.mode = "HSV"
    links.new(texture.outputs["Color"], split.inputs["Color"])
    where = nodes.new("ShaderNodeMapRange")  # the white of the eye has saturation below 0.25
    where.inputs["From Min"].default_value, where.inputs["From Max"].default_value = 0.35, 0.6
    links.new(split.outputs["Green"], where.inputs["Value"])
    tint = nodes.new("ShaderNodeMix")
    tint.data_type, tint.blend_type = "RGBA", "MULTIPLY"
    tint.inputs["Factor"].default_value = 1.0
    tint.inputs["B"].default_value = (*(13.0 * c for c in iris), 1.0)
    value = nodes.new("ShaderNodeCombineColor")
    for channel in ("Red", "Green", "Blue"):
        links.new(split.outputs["Blue"], value.inputs[channel])
    links.new(value.outputs["Color"], tint.inputs["A"])
    colour = nodes.new("ShaderNodeMix")
    colour.data_type = "RGBA"
    links.new(where.outputs["Result"], colour.inputs["Factor"])
    white = nodes.new("ShaderNodeHueSaturation")
    white.inputs["Saturation"].default_value, white.inputs["Value"].default_value = 0.8, 1.35
    links.new(texture.outputs["Color"], white.inputs["Color"])
    links.new(white.outputs["Color"], colour.inputs["A"])
    links.new(tint.outputs["Result"], colour.inputs["B"])
    links.new(colour.outputs["Result"], ball.inputs["Base Color"])
    ball.inputs["Roughness"].default_value = 0.25
    ball.inputs["Subsurface Weight"].default_value = 0.2
    ball.inputs["Subsurface Scale"].default_value = 0.001

    film = nodes.new("ShaderNodeBsdfGlossy")
    film.inputs["Roughness"].default_value = 0.03
    fresnel = nodes.new("ShaderNodeFresnel")
    fresnel.inputs["IOR"].default_value = 1.376
    wet = nodes.new("ShaderNodeMixShader")
    output = next(n for n in nodes if n.type == "OUTPUT_MATERIAL")
    links.new(fresnel.outputs["Fac"], wet.inputs["Fac"])
    links.new(ball.outputs["BSDF"], wet.inputs[1])
    links.new(film.outputs["BSDF"], wet.inputs[2])
    links.new(wet.outputs["Shader"], output.inputs["Surface"])


# --- camera and light ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Landmarks:
    eyes: Vector
    chin: Vector
    face_height: float
    middle: Vector
    """Centre between hairline and chin, on the front of the face."""
    cheek: float
    """Half the width of the face at the height of the mouth."""


def _landmarks(meshes: dict[str, Any]) -> _Landmarks:
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
    return _Landmarks(Vector(pupils), Vector(chin), height, middle, cheek)


def _anatomy(marks: _Landmarks) -> Anatomy:
    chin = marks.chin
    return Anatomy(
        pivot=(0.0, float(marks.eyes.y) + 0.085, float(chin.z) - 0.005),
        head_z=float(chin.z) - 0.012,
        torso_z=float(chin.z) - 0.115,
        chin=(0.0, float(chin.y), float(chin.z)),
        face_height=marks.face_height,
        cheek=marks.cheek,
    )


def _place_camera(marks: _Landmarks) -> Camera:
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
    data.lens = 36.0 * focal_pixels / SIZE
    # Shifting the film, not tilting the lens, keeps verticals vertical.
    drop = SIZE / 2 - FACE_CENTRE_Y
    data.shift_y = -drop / SIZE
    data.clip_start = 0.1
    scene.render.resolution_percentage = 100
    centre = (SIZE / 2 - 0.5, FACE_CENTRE_Y - 0.5)
    return Camera(tuple(lens.location), focal_pixels, centre)


def _lamp(name: str, at: Vector, target: Vector, size: float, watts: float,
          colour: tuple[float, float, float]) -> None:
    data = bpy.data.lights.new(name, "AREA")
    data.size, data.energy, data.color = size, watts, colour
    lamp = bpy.data.objects.new(name, data)
    lamp.location = at
    lamp.rotation_euler = (target - at).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(lamp)


def _light(marks: _Landmarks) -> None:
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


# --- the office behind --------------------------------------------------------------------------


def _box(name: str, centre: tuple[float, float, float], size: tuple[float, float, float],
         colour: tuple[float, float, float], glow: float = 0.0) -> Any:
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


def _office(marks: _Landmarks) -> list[Any]:
    """A quiet room 3.6 m behind the face: window, bookcase, plant, wall panels."""
    y, z = 3.6, float(marks.middle.z)
    things = [
        _box("wall", (0, y + 0.1, z), (5, 0.1, 3), (0.46, 0.52, 0.58), 0.32),
        _box("panel", (0.05, y, z - 0.1), (0.62, 0.06, 3), (0.40, 0.46, 0.53), 0.28),
        _box("counter", (0, y - 0.35, z - 0.70), (4, 0.5, 0.6), (0.36, 0.27, 0.2), 0.25),
        _box("window", (-0.66, y, z + 0.25), (0.66, 0.04, 1.15), (0.84, 0.92, 1.0), 0.95),
        _box("mullion", (-0.52, y - 0.03, z + 0.25), (0.03, 0.04, 1.15), (0.6, 0.64, 0.68), 0.3),
        _box("transom", (-0.66, y - 0.03, z + 0.32), (0.66, 0.04, 0.03), (0.6, 0.64, 0.68), 0.3),
        _box("case", (0.74, y - 0.05, z + 0.1), (0.72, 0.08, 1.6), (0.42, 0.33, 0.25), 0.24),
    ]
    palette = ((0.36, 0.10, 0.09), (0.14, 0.24, 0.38), (0.55, 0.50, 0.40), (0.18, 0.30, 0.24),
               (0.50, 0.36, 0.18), (0.30, 0.33, 0.38))
    spread = np.random.default_rng(7)
    for shelf in range(4):
        left = 0.41
        while left < 1.05:
            width, height = spread.uniform(0.03, 0.07), spread.uniform(0.2, 0.29)
            base = z - 0.62 + shelf * 0.38
            colour = palette[int(spread.integers(len(palette)))]
            things.append(_box("book", (left + width / 2, y - 0.12, base + height / 2),
                               (width * 0.92, 0.1, height), colour, 0.3))
            left += width
    for _ in range(26):
        bpy.ops.mesh.primitive_ico_sphere_add(
            subdivisions=1, radius=float(spread.uniform(0.03, 0.07)),
            location=(-0.33 + spread.normal(0, 0.07), y - 0.3 + spread.normal(0, 0.05),
                      z - 0.22 + spread.normal(0, 0.12)))
        leaf = bpy.context.active_object
        leaf.data.materials.append(_leaf())
        things.append(leaf)
    return things


def _leaf() -> Any:
    material = bpy.data.materials.get("leaf")
    if material is None:
        material = bpy.data.materials.new("leaf")
        material.use_nodes = True
        shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = (0.10, 0.22, 0.09, 1.0)
        shader.inputs["Emission Color"].default_value = (0.10, 0.22, 0.09, 1.0)
        shader.inputs["Emission Strength"].default_value = 0.25
    return material


# --- measuring ----------------------------------------------------------------------------------


def distances(stage: Set, step: int = 3) -> np.ndarray:
    """Distance along y from the lens to the person on a grid of finished-picture pixels.

    Returns float32 of shape (SIZE // step, SIZE // step), metres, NaN where nobody is; node
    (i, j) looks through pixel (j * step, i * step).
    """
    graph = bpy.context.evaluated_depsgraph_get()
    trees = [BVHTree.FromObject(mesh, graph) for mesh in stage.person
             if mesh.name in {"body", "clothes", "hair", "eyes"}]
    origin = Vector(stage.camera.position)
    (cx, cy), focal = stage.camera.centre, stage.camera.focal
    found = np.full((SIZE // step, SIZE // step), np.nan, np.float32)
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            ray = Vector(((j * step - cx) / focal, 1.0, -(i * step - cy) / focal)).normalized()
            hits = [tree.ray_cast(origin, ray)[0] for tree in trees]
            depths = [hit.y - origin.y for hit in hits if hit is not None]
            if depths:
                found[i, j] = min(depths)
    return found
