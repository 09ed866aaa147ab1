"""Everything that decides what a clip looks like."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..faces import SIZE, TrackRules
from .sentences import SentenceRules

FORMAT = 1  # of clips; counts up when the code begins to make other clips of the same settings


@dataclass(frozen=True, slots=True)
class Settings:
    """How videos are prepared; clips made with other settings are made anew."""

    sentences: SentenceRules = field(default_factory=SentenceRules)
    faces: TrackRules = field(default_factory=TrackRules)
    detector: Path | None = None
    """Weights of a face detector; the built-in cascade if None."""
    expert: Path | None = None
    """Weights of a lip-sync expert; without, sync is not checked."""
    max_offset: int = 1
    """Frames by which sound and lips may be apart, if an expert looks at them."""
    max_outside: float = 0.15
    """Part of the square's side that may be outside the picture."""

    def digest(self) -> str:
        """Settings with the same digest make the same clips."""
        text = json.dumps(
            {
                "format": FORMAT,
                "size": SIZE,
                **asdict(self),
                "detector": self.detector and file_hash(self.detector),
                "expert": self.expert and file_hash(self.expert),
            },
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """SHA-256 of what a file holds, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
