"""Readers of office files: Word, Excel, PowerPoint."""

from ...content import Content
from ..registry import SourceFile, document_format

# A library is imported once a file needs it: starting a worker stays cheap.


@document_format("DOCX", recognizes=lambda head: "word/document.xml" in head.zip_parts)
def _docx(file: SourceFile) -> Content:
    from .docx import read_docx

    return read_docx(file.path, file.title, file.limits)


@document_format("XLSX", recognizes=lambda head: "xl/workbook.xml" in head.zip_parts)
def _xlsx(file: SourceFile) -> Content:
    from .xlsx import read_xlsx

    return read_xlsx(file.path, file.limits)


@document_format("PPTX", recognizes=lambda head: "ppt/presentation.xml" in head.zip_parts)
def _pptx(file: SourceFile) -> Content:
    from .pptx import read_pptx

    return read_pptx(file.path, file.title, file.limits)
