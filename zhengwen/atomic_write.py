"""Files that are there whole or not at all, whenever the program is stopped."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".partial"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path to write a file at; at the end of the ``with`` block it becomes ``path``.

    Whoever reads ``path`` meanwhile sees what was there before. If the block raises, nothing is
    left of what it wrote.

    Args:
        path: The file; replaced if it is there. Its folder is made.

    Yields:
        A path in the same folder, of the same suffix, that nobody else uses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem[:100]}.{uuid.uuid4().hex}{_PARTIAL}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def is_partial(path: Path) -> bool:
    """Whether a file is one that :func:`atomic_path` gave out: unfinished, or left by a crash."""
    return path.name.startswith(".") and _PARTIAL in path.suffixes


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file; texts in UTF-8."""
    with atomic_path(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
