"""The quiet room behind the presenter."""

from __future__ import annotations

from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np


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


def build_office(z: float) -> list[Any]:
    """Window, bookcase, plant and wall panels 3.6 m behind a face at height ``z``, metres."""
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
