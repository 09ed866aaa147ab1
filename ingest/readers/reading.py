"""One file, whatever its format, within limits."""

from collections.abc import Callable
from pathlib import Path

from ..content import Content, UnreadableFile
from ..detection import detect_format
from ..messages import unopenable
from .limits import LIMITS, MIB, ReadLimits
from .registry import SourceFile


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
        form = detect_format(path, limits)
        try:
            return form.read(SourceFile(path, Path(name).stem, limits, ocr, progress))
        except (UnreadableFile, MemoryError):
            raise
        except RecursionError as error:
            raise UnreadableFile("deep_nesting") from error
        except Exception as error:  # the libraries raise anything on a damaged file
            raise UnreadableFile(
                "unreadable_as", format=form.name, error=type(error).__name__
            ) from error
    except UnreadableFile as error:
        raise error.about(name) from error
    except MemoryError as error:
        raise UnreadableFile("much_memory", file=name) from error
    except OSError as error:
        raise UnreadableFile.of(unopenable(error), file=name) from error
