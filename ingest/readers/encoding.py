"""Text files as text, whatever encoding they are in."""

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from ..content import UnreadableFile
from .limits import MIB, ReadLimits

_SAMPLE = 64 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PLAUSIBLE = 0.7


def load_text(path: Path, limits: ReadLimits) -> str:
    r"""The text of a file, its line ends as ``\n``.

    Raises:
        UnreadableFile: The file is too big or not text.
    """
    if (size := path.stat().st_size) > limits.text_bytes:
        raise UnreadableFile("large_text", mib=size // MIB, most=limits.text_bytes // MIB)
    return decode_text(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def load_lines(path: Path, limits: ReadLimits) -> str:
    """As :func:`load_text`, for formats that are read line by line.

    Raises:
        UnreadableFile: Also if a line is too long.
    """
    text = load_text(path, limits)
    start = number = 0
    while start < len(text):
        number += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > limits.line_chars:
            raise UnreadableFile("long_line", line=number, n=end - start, most=limits.line_chars)
        start = end + 1
    return text


def decode_text(data: bytes, declared: str = "") -> str:
    """Text from bytes in UTF-8, UTF-16, GB18030, Big5 or, last, what looks likeliest.

    ``declared`` is the codec that the file itself names; UTF-8 goes before it, as it cannot be
    taken for anything else.

    Raises:
        UnreadableFile: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    if b"\0" in data[:_SAMPLE]:
        return _wide(data)
    text = _strict(data, "utf-8")
    if text is not None and not _may_be_two_byte_chinese(text):
        return text
    if declared and (named := _strict(data, declared)) is not None:
        return named
    # The codecs tell little (most Big5 is valid GB18030); how common the characters are does.
    candidates = [
        (_common_simplified(found), found)
        for found in (_strict(data, "gb18030"),)
        if found is not None
    ] + [
        (_common_traditional(found), found)
        for found in (_strict(data, "big5hkscs"),)
        if found is not None
    ]
    share, likeliest = max(candidates, key=lambda candidate: candidate[0], default=(0.0, ""))
    if share >= _PLAUSIBLE:
        return likeliest
    if text is not None:
        return text
    patched = data.decode("utf-8", "replace")
    if patched.count("\ufffd") * 100 < sum(char > "\x7f" for char in patched):
        return patched
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        raise UnreadableFile("no_encoding")
    return data.decode(best.encoding, "replace")


def _strict(data: bytes, encoding: str) -> str | None:
    """The decoded text, or None; a character cut off at the very end is let go."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4 and error.start:
            return data[: error.start].decode(encoding)
        return None


def _wide(data: bytes) -> str:
    """UTF-16 without a byte order mark: Latin letters and line ends show which half is zero."""
    sample = data[:_SAMPLE]
    encoding = "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    text = _strict(data, encoding) if len(data) % 2 == 0 else None
    if text is None or any(char < " " and char not in "\t\n\r\f" for char in text[:_SAMPLE]):
        raise UnreadableFile("binary_file")
    return text


def _may_be_two_byte_chinese(text: str) -> bool:
    """Whether valid UTF-8 is all two-byte characters, as 目录 in GB18030 happens to be."""
    return not text.isascii() and all(char < "\u0800" for char in text[:_SAMPLE])


def _common_simplified(text: str) -> float:
    """The share of characters that GB2312 already had."""
    return _share(text, "gb2312", 0xF7)


def _common_traditional(text: str) -> float:
    """The share of characters among the frequent ones of Big5."""
    return _share(text, "big5", 0xC6)


def _share(text: str, encoding: str, last_lead: int) -> float:
    foreign = [char for char in text[:_SAMPLE] if char > "\x7f"]
    common = 0
    for char in foreign:
        code = char.encode(encoding, "ignore")
        common += bool(code) and code[0] <= last_lead
    return common / len(foreign) if foreign else 1.0
