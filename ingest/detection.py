"""Which format a file is in, whatever its name says."""

from pathlib import Path
from typing import Literal

from .content import UnreadableFile
from .messages import IngestMessage, message
from .readers.limits import ReadLimits, open_zip
from .readers.text import decode_text

FormatName = Literal["pdf", "docx", "xlsx", "pptx", "html", "markdown", "csv", "json", "txt"]

FORMATS = "CSV, XLSX, JSON, JSONL, Markdown, TXT, HTML, PDF, DOCX, PPTX"

_HEAD = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REFUSED_MAGIC = {
    b"{\\rtf": message("rtf"),
    b"Rar!": message("other_archive", format="RAR"),
    b"7z\xbc\xaf": message("other_archive", format="7z"),
    b"\x1f\x8b": message("gzip"),
    **dict.fromkeys(
        (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM"), message("picture")
    ),
    b"MZ": message("program"),
    b"\x7fELF": message("program"),
}
_OFFICE_PARTS: dict[str, FormatName] = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_OTHER_PARTS = {
    "xl/workbook.bin": message("xlsb"),
    "OFD.xml": message("ofd"),
    "content.xml": message("open_document"),
}
_TEXT_SUFFIXES: dict[str, FormatName] = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".xls": "csv", ".xlsx": "csv",
    ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".md": "markdown", ".markdown": "markdown",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".shtml": "html",
    ".txt": "txt", ".text": "txt", "": "txt", ".doc": "txt", ".docx": "txt",
}  # fmt: skip


def detect_format(path: Path, limits: ReadLimits) -> FormatName:
    """Tell the format from the first bytes, and from the name where those leave it open.

    Raises:
        UnreadableFile: The format is not one that is read; the text says what to save it as.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise UnreadableFile("empty_file")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK"):
        return _detect_zip(path, limits)
    if head.startswith(_OLE):
        raise UnreadableFile.of(_ole_problem(path))
    for magic, problem in _REFUSED_MAGIC.items():
        # The short ones also begin ordinary text, which has no zero bytes.
        if head.startswith(magic) and (len(magic) > 2 or b"\0" in head[:64]):
            raise UnreadableFile.of(problem)
    return _detect_text(path, head)


def is_archive(path: Path, limits: ReadLimits) -> bool:
    """Whether a file is a zip of files, and not an office file."""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    with open_zip(path, limits) as archive:
        names = set(archive.namelist())
    return not names & {"[Content_Types].xml", "mimetype", *_OFFICE_PARTS, *_OTHER_PARTS}


def _detect_zip(path: Path, limits: ReadLimits) -> FormatName:
    with open_zip(path, limits) as archive:
        names = set(archive.namelist())
    for part, kind in _OFFICE_PARTS.items():
        if part in names:
            return kind
    for part, problem in _OTHER_PARTS.items():
        if part in names:
            raise UnreadableFile.of(problem)
    raise UnreadableFile("zip_of_nothing", formats=FORMATS)


def _ole_problem(path: Path) -> IngestMessage:
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        return message("password")
    for stream, what, suffix in (
        ("WordDocument", "Word", ".docx"),
        ("Workbook", "Excel", ".xlsx"),
        ("PowerPoint Document", "PowerPoint", ".pptx"),
    ):
        if stream.encode("utf-16-le") in data:
            return message("old_office", program=what, suffix=suffix)
    return message("old_office", program="Office", suffix=".docx, .xlsx, .pptx")


def _detect_text(path: Path, head: bytes) -> FormatName:
    start = decode_text(head).lstrip().lower()
    if start.startswith(("<!doctype html", "<html")) or (
        start.startswith("<?xml") and "<html" in start
    ):
        return "html"
    suffix = path.suffix.lower()
    if start.startswith("<?xml"):
        raise UnreadableFile("xml")
    if start.startswith("mime-version:"):
        raise UnreadableFile("web_archive")
    if suffix == ".xls" and "<table" in start:
        return "html"
    if suffix == ".pdf":
        raise UnreadableFile("no_pdf")
    if suffix not in _TEXT_SUFFIXES:
        raise UnreadableFile("other_format", suffix=suffix, formats=FORMATS)
    return _TEXT_SUFFIXES[suffix]
