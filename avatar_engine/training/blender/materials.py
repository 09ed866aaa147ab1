"""Skin, wet eyes, hair, teeth and cloth: the bust's textures made into Cycles materials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _material_nodes(mesh: Any) -> tuple[Any, Any, Any]:
    """Node tree, principled shader and (first) texture node of a mesh's material."""
    tree = mesh.data.materials[0].node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    texture = next(n for n in tree.nodes if n.type == "TEX_IMAGE")
    return tree, shader, texture


def _add_tint(
    tree: Any, shader: Any, colour: tuple[float, float, float], saturation: float
) -> None:
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


def _add_bumps(tree: Any, shader: Any, scale: float, strength: float, distance: float) -> None:
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


def apply_materials(meshes: dict[str, Any], look: PresenterLook) -> None:
    """Change the materials of the imported meshes (by name) in place."""
    tree, skin, _ = _material_nodes(meshes["body"])
    _add_tint(tree, skin, look.skin, 1.0)
    _add_bumps(tree, skin, 900.0, 0.22, 0.0006)
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
            tree, shader, _ = _material_nodes(meshes[name])
            _add_tint(tree, shader, bright, 1.0)
            shader.inputs["Subsurface Weight"].default_value = 0.35
            shader.inputs["Subsurface Radius"].default_value = (1.0, 0.7, 0.5)
            shader.inputs["Subsurface Scale"].default_value = 0.0015
            shader.inputs["Roughness"].default_value = roughness
    if "hair" in meshes:
        tree, hair, texture = _material_nodes(meshes["hair"])
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
            _, shader, _ = _material_nodes(meshes[name])
            shader.inputs["Roughness"].default_value = 0.8
            shader.inputs["Specular IOR Level"].default_value = 0.1
    if "clothes" in meshes:
        tree, cloth, _ = _material_nodes(meshes["clothes"])
        _add_tint(tree, cloth, look.cloth, look.cloth_saturation)
        _add_bumps(tree, cloth, 1400.0, 0.35, 0.0008)
        cloth.inputs["Roughness"].default_value = 0.85
        cloth.inputs["Specular IOR Level"].default_value = 0.2
        cloth.inputs["Sheen Weight"].default_value = 0.12
    # Clothes, teeth and tongue have no see-through parts; saying so spares many shadow rays.
    for name in ("clothes", "teeth", "tongue"):
        if name in meshes:
            tree, shader, _ = _material_nodes(meshes[name])
            for link in shader.inputs["Alpha"].links:
                tree.links.remove(link)
            shader.inputs["Alpha"].default_value = 1.0
    _wet_eyes(meshes["eyes"], look.iris)


def _wet_eyes(eyes: Any, iris: tuple[float, float, float]) -> None:
    """Recolour the iris (the saturated part of the texture) and put a wet film over the eye."""
    tree, ball, texture = _material_nodes(eyes)
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


@dataclass(frozen=True, slots=True)
class PresenterLook:
    """Colours and the resting face of one presenter."""

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
    "suit": PresenterLook(rest=_FRIENDLY),
    "blouse": PresenterLook(
        rest=_FRIENDLY | {"browInnerUp": 0.8, "browOuterUpLeft": -0.5, "browOuterUpRight": -0.5},
        solid_hair=True,
        cloth=(2.2, 2.4, 3.0),
        cloth_saturation=0.35,
    ),
}
"""By presenter name; a name that is not here gets the suit's look."""
