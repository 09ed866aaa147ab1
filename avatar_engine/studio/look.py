"""What differs between presenters and is a matter of taste."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Look:
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
    "suit": Look(rest=_FRIENDLY),
    "blouse": Look(
        rest=_FRIENDLY | {"browInnerUp": 0.8, "browOuterUpLeft": -0.5, "browOuterUpRight": -0.5},
        solid_hair=True,
        cloth=(2.2, 2.4, 3.0),
        cloth_saturation=0.35,
    ),
}
"""By presenter name; a name that is not here gets the suit's look."""
