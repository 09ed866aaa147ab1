"""How much of a file is taken in before it is refused."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..content import UnreadableFile
from ..messages import IngestMessage, message
from ..zip_files import DamagedZipError, member_chunks, open_zip_file

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds that a department's real files stay far below and a hostile file does not."""

    file_bytes: int = 200 * MIB
    """Size of any one file."""
    text_bytes: int = 50 * MIB
    """Size of a file that is plain text: CSV, JSON, Markdown, TXT, HTML."""
    line_chars: int = 1_000_000
    """Length of a line of text, and of one CSV field."""
    parts_bytes: int = 300 * MIB
    """What the parts of one office file may unpack to."""
    unpacked_bytes: int = 4 * GIB
    """What all the archives of one run may unpack to."""
    members: int = 10_000
    """Members of one archive or office file."""
    ratio: int = 200
    """Unpacked to packed size of a member of more than a mebibyte."""
    depth: int = 2
    """Archives within archives: 1 reads a zip, 2 also the zips in it."""
    pages: int = 5_000
    rows: int = 200_000
    """Rows of one table."""
    cells: int = 2_000_000
    """Cells of one table or workbook."""
    seconds: int = 120
    """Of computing, for reading one file; on a busy machine that may take five times as long."""
    ocr_seconds: int = 3600
    """By the clock, for reading one file when its pages are recognised as pictures."""
    memory_bytes: int = 1 * GIB
    """Address space of a process that reads files."""


LIMITS = ReadLimits()


_CENTRAL_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1


@contextmanager
def open_zip(path: Path, limits: ReadLimits) -> Iterator[zipfile.ZipFile]:
    """Open a zip file that has a bearable number of members, for the length of a ``with`` block.

    Raises:
        UnreadableFile: It has too many members, or is damaged, as may show only in the block.
    """
    # zipfile makes an object of every entry before anybody can count them.
    if _count_members(path) > limits.members:
        raise UnreadableFile("many_members", most=limits.members)
    try:
        with open_zip_file(path) as archive:
            yield archive
    except DamagedZipError as error:
        raise UnreadableFile("damaged") from error


def member_problem(member: zipfile.ZipInfo, limits: ReadLimits) -> IngestMessage | None:
    """What speaks against unpacking a member, if anything does."""
    if member.flag_bits & _ENCRYPTED:
        return message("password")
    packed = max(member.compress_size, 1)
    if member.file_size > MIB and member.file_size / packed > limits.ratio:
        return message("zip_bomb", times=member.file_size // packed, most=limits.ratio)
    return None


def check_office_parts(archive: zipfile.ZipFile, limits: ReadLimits) -> None:
    """Look at every part of an office file before a library parses it.

    Raises:
        UnreadableFile: The parts are too big, locked or damaged, or declare XML entities.
    """
    members = archive.infolist()
    for member in members:
        if problem := member_problem(member, limits):
            raise UnreadableFile("bad_part", problem=problem)
    # What a header claims holds: zipfile never unpacks more than that.
    if sum(member.file_size for member in members) > limits.parts_bytes:
        raise UnreadableFile("large_parts", mib=limits.parts_bytes // MIB)
    for member in members:
        if member.filename.endswith((".xml", ".rels", ".vml")):
            _refuse_xml_entities(archive, member)


def _refuse_xml_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    tail = b""
    for chunk in member_chunks(archive, member):
        # Without the zero bytes a declaration in UTF-16 looks as in UTF-8.
        seen = tail + chunk.replace(b"\0", b"")
        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
            raise UnreadableFile("xml_entities")
        tail = seen[-16:]


def _count_members(path: Path) -> int:
    count, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(MIB):
            seen = tail + chunk
            count += seen.count(_CENTRAL_ENTRY)
            tail = seen[-len(_CENTRAL_ENTRY) + 1 :]
    return count
