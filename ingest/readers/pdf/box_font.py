"""A stand-in for Chinese fonts that neither a PDF file nor this machine has.

Older office programs name a font ("STSong-Light") and leave it to the reader to have one. Without
it PDFium takes characters for flat, and passes over most of them, silently. So wherever it
looks for a Chinese, Japanese or Korean font in vain it is lent one, ``box.ttf``: 628 bytes in
which every character is the same box. What the characters say, and how wide they are, is in
the PDF file.

``box.ttf`` is our own, made with fontTools: a glyph of 900 by 900 of 1,000 units, and a ``cmap``
subtable of format 13 that maps U+0021 to U+2FFFF to it.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

_BOX = Path(__file__).with_name("box.ttf").read_bytes()
_HANDLE = 0x626F78  # any address that is no font of the system's
_CHARSETS = (128, 129, 134, 136)  # of Windows: Japanese, Korean, simplified, traditional Chinese


@cache
def install_box_font() -> None:
    """For the rest of this process; where PDFium knows no fonts of the system, nothing is done."""
    try:
        _FallbackFonts().setup()
    except pdfium.PdfiumError:
        return


class _FallbackFonts(pdfium.PdfSysfontBase):  # type: ignore[misc]  # names and arguments are PDFium's
    def MapFont(
        self, _: Any, weight: int, italic: int, charset: int, pitch: int, face: Any, exact: Any
    ) -> int | None:
        asked = weight, italic, charset, pitch, face, exact
        found: int | None = self.default.MapFont(self.default, *asked)
        return _HANDLE if not found and charset in _CHARSETS else found

    def GetFontData(self, _: Any, font: int, table: int, buffer: Any, size: int) -> int:
        if font != _HANDLE:
            return int(self.default.GetFontData(self.default, font, table, buffer, size))
        if table:  # one of its tables alone; 0 is the whole file
            return 0
        if size >= len(_BOX):
            ctypes.memmove(buffer, _BOX, len(_BOX))
        return len(_BOX)

    def GetFaceName(self, _: Any, font: int, buffer: Any, size: int) -> int:
        if font != _HANDLE:
            return int(self.default.GetFaceName(self.default, font, buffer, size))
        return 0

    def GetFontCharset(self, _: Any, font: int) -> int:
        if font != _HANDLE:
            return int(self.default.GetFontCharset(self.default, font))
        return _CHARSETS[2]

    def DeleteFont(self, _: Any, font: int) -> None:
        if font != _HANDLE:
            self.default.DeleteFont(self.default, font)
