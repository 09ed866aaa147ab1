"""FAQ entries in JSON Lines files."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base import FaqEntry

_LEFT_OUT_IF_EMPTY = ("spoken", "portal", "document_url")
"""Fields that came later: an entry without them is written as before, so it counts as unchanged
in a store of an earlier version."""


class FaqFileError(ValueError):
    """A line cannot be read as an entry; the text says where and why."""


def read_folder(folder: Path) -> Iterator[FaqEntry]:
    """The entries of every ``*.jsonl`` file of a folder, file by file in order of name."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from read_file(path)


def read_file(path: Path) -> Iterator[FaqEntry]:
    """The entries of one file, one JSON object a line; blank lines are passed over.

    Raises:
        FaqFileError: A line is not JSON, or lacks ``id``, ``question`` or ``answer``.
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield from_record(json.loads(line))
                except (ValueError, TypeError) as error:
                    raise FaqFileError(f"{path}, line {number}: {error}") from error


def from_record(record: dict[str, Any]) -> FaqEntry:
    """An entry from its JSON object.

    Raises:
        ValueError: A field is missing, unknown or blank.
    """
    if not isinstance(record, dict):
        raise ValueError("a line must hold a JSON object")
    values = {**record, "wordings": tuple(record.get("wordings", ()))}
    values["faq_id"] = values.pop("id", "")
    known = {field.name for field in dataclasses.fields(FaqEntry)}
    unknown = sorted(values.keys() - known)
    if unknown:
        raise ValueError(f"unknown fields {unknown}; known are {sorted(known)}")
    for name in ("faq_id", "question", "answer"):
        if not str(values.get(name, "")).strip():
            raise ValueError(f"{name.removeprefix('faq_')!r} is missing or blank")
    return FaqEntry(**values)


def to_record(entry: FaqEntry) -> dict[str, Any]:
    """The JSON object of an entry; the inverse of :func:`from_record`."""
    record = dataclasses.asdict(entry)
    for name in _LEFT_OUT_IF_EMPTY:
        if not record[name]:
            del record[name]
    return {"id": record.pop("faq_id"), **record, "wordings": list(entry.wordings)}
