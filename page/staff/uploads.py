"""Writes uploaded files into a folder, each under a safe form of its own name."""

import logging
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import IO, Protocol

from starlette.requests import ClientDisconnect

_MOST_BYTES = 200  # of a name; file systems take 255


class Upload(Protocol):
    """A file as the browser sent it."""

    @property
    def name(self) -> str: ...
    @property
    def file_id(self) -> str: ...

    def getbuffer(self) -> memoryview: ...


def safe_name(name: str) -> str:
    r"""A name that leads nowhere else: its last part, without what no file system takes.

    >>> safe_name("../../etc/通知.pdf"), safe_name("C:\\材料\\faq.xlsx"), safe_name("..")
    ('通知.pdf', 'faq.xlsx', '_')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join("_" if unicodedata.category(c) in ("Cc", "Cs") else c for c in last).strip()
    if plain in ("", ".", ".."):
        return "_"
    suffix = PurePath(plain).suffix[:20]
    stem = plain.removesuffix(suffix)
    while len((stem + suffix).encode()) > _MOST_BYTES:
        stem = stem[:-1]
    return stem + suffix


def same_names(names: Iterable[str]) -> list[str]:
    """Safe names that several of the files would have: a file is known by its name."""
    seen: dict[str, int] = {}
    for name in map(safe_name, names):
        seen[name] = seen.get(name, 0) + 1
    return sorted(name for name, n in seen.items() if n > 1)


def save(uploads: Iterable[Upload], folder: Path) -> list[Path]:
    """Write the files into a folder that holds nothing else.

    Raises:
        FileExistsError: Two of them have the same name; see :func:`same_names`.
        OSError: The disk is full.
    """
    paths = []
    for upload in uploads:
        path = folder / safe_name(upload.name)
        file: IO[bytes]
        with path.open("xb") as file:
            file.write(upload.getbuffer())
        paths.append(path)
    return paths


def log_no_broken_uploads() -> None:
    """Keep uploads that the browser broke off out of the server's log.

    Streamlit's upload handler does not expect them, and its web server logs a traceback for each.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_no_broken_upload)


def _is_no_broken_upload(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], ClientDisconnect))
