"""Opening zip files, archives and office files alike, that may be hostile."""

import zipfile
from pathlib import Path

from ingest.content import UnreadableFile

from .limits import MIB, Limits

_CENTRAL_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1


def open_zip(path: Path, limits: Limits) -> zipfile.ZipFile:
    """Open a zip file that has a bearable number of members.

    Raises:
        UnreadableFile: It is damaged or has too many members.
    """
    # zipfile makes an object of every entry before anybody can count them.
    if _entries(path) > limits.members:
        raise UnreadableFile(f"the archive has more than {limits.members} members; split it")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise UnreadableFile("the file is damaged or breaks off; get it again") from error


def member_problem(member: zipfile.ZipInfo, limits: Limits) -> str:
    """What speaks against unpacking a member; empty if nothing does."""
    if member.flag_bits & _ENCRYPTED:
        return "is protected by a password; save it without one"
    packed = max(member.compress_size, 1)
    if member.file_size > MIB and member.file_size / packed > limits.ratio:
        return (
            f"unpacks to {member.file_size // packed} times its size, as only a zip bomb does"
            f" (at most {limits.ratio})"
        )
    return ""


def check_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Look at every part of an office file before a library parses it.

    Raises:
        UnreadableFile: The parts are too big, locked or damaged, or declare XML entities.
    """
    members = archive.infolist()
    for member in members:
        if problem := member_problem(member, limits):
            raise UnreadableFile(f"a part of the file {problem}")
    # What a header claims holds: zipfile never unpacks more than that.
    if sum(member.file_size for member in members) > limits.parts_bytes:
        raise UnreadableFile(
            f"the file unpacks to more than {limits.parts_bytes // MIB} MiB; split it"
        )
    for member in members:
        if member.filename.endswith((".xml", ".rels", ".vml")):
            _check_xml(archive, member)


def _check_xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    tail = b""
    with archive.open(member) as part:
        while chunk := part.read(MIB):
            # Without the zero bytes a declaration in UTF-16 looks as in UTF-8.
            seen = tail + chunk.replace(b"\0", b"")
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise UnreadableFile("a part of the file declares XML entities, as no office does")
            tail = seen[-16:]


def _entries(path: Path) -> int:
    count, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(MIB):
            seen = tail + chunk
            count += seen.count(_CENTRAL_ENTRY)
            tail = seen[-len(_CENTRAL_ENTRY) + 1 :]
    return count
