"""Which format a file is in, whatever its name says."""

from pathlib import Path

from .content import UnreadableFile
from .messages import IngestMessage, message
from .readers.encoding import decode_text
from .readers.limits import ReadLimits
from .readers.registry import DocumentFormat, document_formats, read_head

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
_OTHER_PARTS = {
    "xl/workbook.bin": message("xlsb"),
    "OFD.xml": message("ofd"),
    "content.xml": message("open_document"),
}


def detect_format(path: Path, limits: ReadLimits) -> DocumentFormat:
    """Tell the format from the first bytes, and from the name where those leave it open.

    Raises:
        UnreadableFile: The format is not one that is read; the text says what to save it as.
    """
    head = read_head(path, limits)
    if not head.data.strip():
        raise UnreadableFile("empty_file")
    known = document_formats()
    if found := next((form for form in known if form.recognizes(head)), None):
        return found
    names = ", ".join(sorted(form.name for form in known))
    if head.is_zip:
        for part, problem in _OTHER_PARTS.items():
            if part in head.zip_parts:
                raise UnreadableFile.of(problem)
        raise UnreadableFile("zip_of_nothing", formats=names)
    if head.data.startswith(_OLE):
        raise UnreadableFile.of(_ole_problem(path))
    for magic, problem in _REFUSED_MAGIC.items():
        # The short ones also begin ordinary text, which has no zero bytes.
        if head.data.startswith(magic) and (len(magic) > 2 or b"\0" in head.data[:64]):
            raise UnreadableFile.of(problem)
    text = decode_text(head.data).lstrip().lower()
    if text.startswith("<?xml"):
        raise UnreadableFile("xml")
    if text.startswith("mime-version:"):
        raise UnreadableFile("web_archive")
    if head.suffix == ".pdf":
        raise UnreadableFile("no_pdf")
    if found := next((form for form in known if head.suffix in form.suffixes), None):
        return found
    raise UnreadableFile("other_format", suffix=head.suffix, formats=names)


def is_archive(path: Path, limits: ReadLimits) -> bool:
    """Whether a file is a zip of files, and not a document that comes as a zip."""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    head = read_head(path, limits)
    return not (
        head.zip_parts & {"[Content_Types].xml", "mimetype", *_OTHER_PARTS}
        or any(form.recognizes(head) for form in document_formats())
    )


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
