"""A folder of finished replies that is never larger than it may be."""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from zhengwen.atomic_write import atomic_path, is_partial

_DIGEST_BYTES = hashlib.sha256().digest_size  # bytes; what lies before the data in each file
_ABANDONED_AFTER = 3600.0  # s after which an unfinished file belongs to a process that died


class DiskCache:
    """Files by name; those that were used longest ago make room for new ones.

    Several threads and processes may share a folder. A file appears whole or not at all,
    and one that is damaged (a disk's fault, a power failure) is as good as none.

    Args:
        folder: Made when the first file is.
        max_bytes: Of all files together.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self.max_bytes = max_bytes
        self._last_use = 0  # ns since 1970

    def get(self, name: str) -> bytes | None:
        """What was put under that name, if it is still there.

        Raises:
            OSError: It is there and cannot be read.
        """
        path = self._folder / name
        try:
            kept = path.read_bytes()
        except FileNotFoundError:
            return None
        digest, data = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        is_whole = hashlib.sha256(data).digest() == digest
        with suppress(OSError):  # on a read-only disk it is neither removed nor marked as used
            if is_whole:
                self.touch(name)
            else:
                path.unlink(missing_ok=True)
        return data if is_whole else None

    def touch(self, name: str) -> int | None:
        """Count as used what is there; its size in bytes, or None."""
        path = self._folder / name
        try:
            self._mark_as_used(path)
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data``; the least recently used files go if there would be too much.

        Data that is larger than everything may be is not kept.

        Raises:
            OSError: It cannot be written; nothing of it is left behind.
        """
        if len(data) + _DIGEST_BYTES > self.max_bytes:
            return
        with atomic_path(self._folder / name) as part:
            part.write_bytes(hashlib.sha256(data).digest() + data)
            self._mark_as_used(part)
        self._trim()

    def _mark_as_used(self, path: Path) -> None:
        """Set a file's time to one that is later than all before, also when a clock was set back.

        Times set here are the same on file systems that note no reading, and a backup that reads
        everything changes nothing.
        """
        if not self._last_use:
            for file in self._folder.iterdir():
                with suppress(FileNotFoundError):  # another process was quicker
                    self._last_use = max(self._last_use, file.stat().st_mtime_ns)
        self._last_use = max(time.time_ns(), self._last_use + 1)
        os.utime(path, ns=(self._last_use, self._last_use))

    def _trim(self) -> None:
        used: list[tuple[float, int, Path]] = []
        for path in self._folder.iterdir():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # another process was quicker
            if not is_partial(path):
                used.append((state.st_mtime_ns, state.st_size, path))
            elif time.time() - state.st_mtime > _ABANDONED_AFTER:
                path.unlink(missing_ok=True)
        n_bytes = sum(size for _, size, _ in used)
        for _, size, path in sorted(used):
            if n_bytes <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            n_bytes -= size
