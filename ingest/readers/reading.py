"""One file, whatever its format, within limits."""

from collections.abc import Callable
from pathlib import Path

from ..content import Content, UnreadableFile
from ..detection import FormatName, detect_format
from ..messages import unopenable
from .limits import LIMITS, MIB, ReadLimits

_CALLED: dict[FormatName, str] = {
    "pdf": "PDF", "docx": "Word", "xlsx": "Excel", "pptx": "PowerPoint", "html": "HTML",
    "markdown": "Markdown", "csv": "CSV", "json": "JSON", "txt": "text",
}  # fmt: skip


def read(
    path: Path,
    *,
    name: str,
    ocr: bool = False,
    limits: ReadLimits = LIMITS,
    progress: Callable[[float], None] = lambda share: None,
) -> Content:
    """Read a file for what it is, whatever its name says.

    Runs in this process: a file that nobody vouches for is better read by :func:`read_many`,
    which also bounds memory and time.

    Args:
        path: The file; its suffix counts where the content leaves the format open.
        name: What to call it to people.
        ocr: Recognise the characters of scanned pages.
        limits: Bounds of what is taken in.
        progress: Told the share that is read, in [0, 1], where a file has many pages.

    Raises:
        UnreadableFile: One line: the name, what is wrong and what to do.
    """
    try:
        if (size := path.stat().st_size) > limits.file_bytes:
            raise UnreadableFile("large_file", mib=size // MIB, most=limits.file_bytes // MIB)
        kind = detect_format(path, limits)
        try:
            return _read(kind, path, Path(name).stem, ocr, limits, progress)
        except (UnreadableFile, MemoryError):
            raise
        except RecursionError as error:
            raise UnreadableFile("deep_nesting") from error
        except Exception as error:  # the libraries raise anything on a damaged file
            raise UnreadableFile(
                "unreadable_as", format=_CALLED[kind], error=type(error).__name__
            ) from error
    except UnreadableFile as error:
        raise error.about(name) from error
    except MemoryError as error:
        raise UnreadableFile("much_memory", file=name) from error
    except OSError as error:
        raise UnreadableFile.of(unopenable(error), file=name) from error


def _read(
    kind: FormatName,
    path: Path,
    title: str,
    ocr: bool,
    limits: ReadLimits,
    progress: Callable[[float], None],
) -> Content:
    # A library is imported once a file needs it: starting a worker stays cheap.
    match kind:
        case "pdf":
            from .pdf.document import read_pdf

            return read_pdf(path, title, limits, ocr, progress)
        case "docx":
            from .office.docx import read_docx

            return read_docx(path, title, limits)
        case "xlsx":
            from .office.xlsx import read_xlsx

            return read_xlsx(path, limits)
        case "pptx":
            from .office.pptx import read_pptx

            return read_pptx(path, title, limits)
        case "html":
            from .web import read_html

            return read_html(path, title, limits)
        case "markdown":
            from .markdown import read_markdown

            return read_markdown(path, title, limits)
        case "csv":
            from .text import read_csv

            return read_csv(path, limits)
        case "json":
            from .text import read_json

            return read_json(path, limits)
        case "txt":
            from .text import read_txt

            return read_txt(path, title, limits)
