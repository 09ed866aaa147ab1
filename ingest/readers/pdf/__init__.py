"""The reader of PDF files."""

from ...content import Content
from ..registry import SourceFile, document_format


@document_format("PDF", recognizes=lambda head: b"%PDF-" in head.data[:1024])
def _pdf(file: SourceFile) -> Content:
    from .document import read_pdf  # PDFium is loaded once a file needs it

    return read_pdf(file)
