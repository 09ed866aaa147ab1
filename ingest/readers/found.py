"""What was found where the user pointed, before it is read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read."""

    name: str
    """For people, e.g. ``a.zip › faq/户籍.xlsx``: from the folder or archive that was named,
    with characters that are not seen spelled out."""
    path: Path
    """Where its bytes are; as long as :func:`ingest.files.find` is open."""
    sha256: str
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something named or found that is not taken in."""

    name: str
    reason: str
    """One line: what is wrong and what to do."""
