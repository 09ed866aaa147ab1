"""Zip files from outside: whatever is wrong with one is one error, and not one of a dozen."""

import errno
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CHUNK = 1 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    KeyError,  # there is no such member
    ValueError,  # places before the beginning of the file, names in no encoding
    OverflowError,
    RuntimeError,  # a flipped bit says "encrypted"; NotImplementedError: a packing nobody knows
)
"""What ``zipfile`` raises on files of which a byte is wrong."""


class DamagedZipError(Exception):
    """A zip file or a member of it does not hold what was packed; the text says what is wrong."""


@contextmanager
def open_zip_file(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file for reading, for the length of a ``with`` block.

    Raises:
        DamagedZipError: It is none, or a broken one.
        OSError: The disk does not give it.
    """
    with _damage_named():
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def member_chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str) -> Iterator[bytes]:
    """What a member holds, a mebibyte at a time; its checksum is compared at the end.

    Raises:
        DamagedZipError: It is missing or broken.
        OSError: The disk does not give it.
    """
    with _damage_named():
        file = archive.open(member)
    with file:
        while True:
            with _damage_named():
                chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DamagedZipError(str(error) or type(error).__name__) from error
    except OSError as error:
        # bz2 raises it without a number; a place that is none gives EINVAL.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise DamagedZipError(str(error)) from error
