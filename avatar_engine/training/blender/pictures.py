"""The pictures of a presenter: the mouths as blend-shape weights, and the file of each picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ...viseme.coarticulation import VISEMES

# Shape weights on top of the resting face. The bust's viseme targets move too little, hence
# weights above 1; vowels open the jaw besides. "smile" is the share of the resting smile kept.
_RECIPES: dict[str, dict[str, float]] = {
    "sil": {"smile": 1.0},
    "PP": {"smile": 0.5, "viseme_PP": 1.15, "mouthPressLeft": 0.2, "mouthPressRight": 0.2},
    "FF": {"smile": 0.5, "viseme_FF": 1.5, "mouthUpperUpLeft": 0.15, "mouthUpperUpRight": 0.15},
    "TH": {"smile": 0.6, "viseme_TH": 1.4, "jawOpen": 0.06},
    "DD": {"smile": 0.7, "viseme_DD": 1.4},
    "kk": {"smile": 0.7, "viseme_kk": 1.4, "jawOpen": 0.05},
    "CH": {"smile": 0.2, "viseme_CH": 1.5},
    "SS": {"smile": 0.8, "viseme_SS": 1.5},
    "nn": {"smile": 0.7, "viseme_nn": 1.4},
    "RR": {"smile": 0.3, "viseme_RR": 1.4, "jawOpen": 0.03},
    "aa": {
        "smile": 0.5,
        "viseme_aa": 1.3,
        "jawOpen": 0.12,
        "mouthUpperUpLeft": 0.55,
        "mouthUpperUpRight": 0.55,
    },
    "E": {"smile": 0.8, "viseme_E": 1.4, "jawOpen": 0.08},
    "I": {"smile": 0.9, "viseme_I": 1.4, "mouthStretchLeft": 0.15, "mouthStretchRight": 0.15},
    "O": {"smile": 0.1, "viseme_O": 1.4, "jawOpen": 0.12, "mouthFunnel": 0.3},
    "U": {"smile": 0.0, "viseme_U": 1.3, "mouthPucker": 0.1, "mouthFunnel": 0.3, "jawOpen": 0.05},
}


def mouth_names() -> list[str]:
    """The 15 visemes, then "A+B" for the mouth halfway between each of the 105 pairs."""
    return [*VISEMES, *("+".join(pair) for pair in combinations(VISEMES, 2))]


def mouth_weights(name: str, rest: dict[str, float]) -> dict[str, float]:
    """Shape weights for an atlas name, on a face that rests at ``rest``.

    A halfway mouth has the mean of the two visemes' weights.

    Raises:
        KeyError: a viseme that is not one of the 15 Oculus visemes.
    """
    visemes = name.split("+")
    return mixed_mouth_weights(dict.fromkeys(visemes, 1 / len(visemes)), rest)


def mixed_mouth_weights(shares: Mapping[str, float], rest: dict[str, float]) -> dict[str, float]:
    """Shape weights of a mouth that has a share of several visemes; the shares sum to 1.

    Raises:
        KeyError: a viseme that is not one of the 15 Oculus visemes.
    """
    mean: dict[str, float] = {}
    for viseme, share in shares.items():
        for shape, weight in _single_viseme_weights(viseme, rest).items():
            mean[shape] = mean.get(shape, 0.0) + weight * share
    return mean


def _single_viseme_weights(viseme: str, rest: dict[str, float]) -> dict[str, float]:
    recipe = dict(_RECIPES[viseme])
    smile = recipe.pop("smile")
    full = {
        shape: weight * (smile if shape.startswith("mouth") else 1.0)
        for shape, weight in rest.items()
    }
    for shape, weight in recipe.items():
        full[shape] = full.get(shape, 0.0) + weight
    return full


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in finished-picture pixels; ``right`` and ``bottom`` are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.right - self.left, self.bottom - self.top


@dataclass(frozen=True, slots=True)
class RenderedPictures:
    """Where each picture lies; all show the canonical head pose."""

    folder: Path
    mouth_box: PixelBox = PixelBox(216, 376, 504, 592)
    """What a mouth picture shows: from the middle of the nose to below the open jaw."""
    eye_box: PixelBox = PixelBox(248, 268, 472, 338)
    """What a blink picture shows: both eyes and lids."""
    distance_step: int = 3
    """Pixels between two measured distances."""

    @property
    def rest(self) -> Path:
        """The resting person, whole, oversampled, RGBA."""
        return self.folder / "rest.png"

    @property
    def office(self) -> Path:
        """The background plate, half the finished size."""
        return self.folder / "office.png"

    @property
    def distances(self) -> Path:
        """Distance of the person from the lens on a coarse grid."""
        return self.folder / "distances.npy"

    @property
    def blinks(self) -> dict[float, Path]:
        """By closing of the eyes, ascending, the oversampled eye crops; 0 is the rest picture."""
        stages = {share / 100: self.folder / f"blink-{share}.png" for share in (27, 59, 100)}
        return {0.0: self.rest} | stages

    def mouth(self, name: str) -> Path:
        """One mouth crop at the finished size."""
        return self.folder / f"mouth-{name}.png"
