"""The pictures of one presenter in the work folder: their names and what part they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Box:
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
class Pictures:
    """Where each picture lies; all show the canonical head pose."""

    folder: Path
    mouth_box: Box = Box(216, 376, 504, 592)
    """What a mouth picture shows: from the middle of the nose to below the open jaw."""
    eye_box: Box = Box(248, 268, 472, 338)
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
