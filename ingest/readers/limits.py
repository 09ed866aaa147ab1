"""How much of a file is taken in before it is refused."""

from dataclasses import dataclass

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
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


LIMITS = Limits()
