"""Characters recognised in pictures of pages, by the tesseract program where it is installed."""

import os
import shutil
import subprocess

import pypdfium2 as pdfium

from ...content import UnreadableFile

_LANGUAGE = "chi_sim"
_DPI = 200
_LARGEST_SIDE = 5000
"""In pixels; a page of a plan is shown smaller."""
_SECONDS = 120


def require_tesseract() -> None:
    """Raise :class:`UnreadableFile`, saying what to install, unless pages can be recognised."""
    if shutil.which("tesseract") is None:
        raise UnreadableFile("no_tesseract")
    listed = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, text=True, check=False
    )
    if _LANGUAGE not in (listed.stdout + listed.stderr).split():
        raise UnreadableFile("tesseract_without_chinese")


def recognize_page(document: pdfium.PdfDocument, number: int) -> list[str]:
    """The lines on a page, counted from 1; an empty line between paragraphs."""
    page = document[number - 1]
    try:
        scale = min(_DPI / 72, _LARGEST_SIDE / max(*page.get_size(), 1))
        bitmap = page.render(scale=scale, grayscale=True)
    finally:
        page.close()
    rows = memoryview(bitmap.buffer).cast("B")
    picture = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(
        rows[y * bitmap.stride : y * bitmap.stride + bitmap.width] for y in range(bitmap.height)
    )
    try:
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "-l", f"{_LANGUAGE}+eng", "--psm", "3"],
            input=picture,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise UnreadableFile("page_not_recognized", page=number) from error
    return [line.strip() for line in done.stdout.decode("utf-8", "replace").split("\n")]
