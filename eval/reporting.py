"""What a measurement was made with, by SHA-256: data, models, settings."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.settings import Settings
from retrievers import FaqStore
from zhengwen.assets import asset


def models(settings: Settings, store: FaqStore) -> dict[str, str]:
    """The encoder, the shipped retriever's own files, and what the options name.

    Returns:
        What a model is used for, with the digest of its files.
    """
    found = {"retriever": digest(files(asset("retriever"), "*"))}
    fingerprint = getattr(store, "encoder_fingerprint", "")
    if fingerprint:
        found["encoder"] = str(fingerprint)
    for group, backend in {"store": settings.store, "retriever": settings.retriever}.items():
        for option, value in backend.options.items():
            if isinstance(value, str | Path) and Path(value).exists():
                found[f"{group}.{option}"] = digest(files(Path(value), "*"))
    return found


def settings_record(settings: Settings) -> dict[str, Any]:
    """The settings that decide what is answered."""
    deciding = {"store", "retriever", "answer_from", "suggest_from"}
    return settings.model_dump(mode="json", include=deciding)


def files(path: Path, pattern: str) -> list[Path]:
    """A file itself, or what matches the pattern anywhere in a folder, in order."""
    return sorted(p for p in path.rglob(pattern) if p.is_file()) if path.is_dir() else [path]


def digest(paths: Sequence[Path]) -> str:
    """One SHA-256 over the names and contents of files."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
