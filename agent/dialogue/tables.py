"""Tables of what people say, one for each language, that an operator can extend.

A pattern in a table is a Python regular expression in which ``<name>`` stands for one of the
table's own words and ``…`` for a few characters within the same sentence. Texts are compared in
one spelling: simplified, lower case, full-width forms plain, without blanks between Chinese.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from retrievers import language_of
from retrievers.text.normalization import normalize_text
from retrievers.text.pinyin import read_pinyin

TableLanguage = Literal["zh", "en"]

GAPS = {"zh": r"[^。！？!?;；\n]{0,10}?", "en": r"[^.!?;\n]{0,40}?"}
"""What ``…`` stands for, by language."""
REPLACED = ("numbers",)
"""Keys whose lists are not added to."""
N_READINGS = 10
"""Ways to read a message in pinyin. Of messages whose characters have a sign of an emergency, the
first way alone finds 2 in 3, ten find 4 in 5."""
NEVER = re.compile(r"(?!)")

_NAME = re.compile(r"<([a-z_]+)>")
_CHINESE_MARKS = str.maketrans(",!?;:", "，！？；：")
_BLANKS = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
_SENTENCES = re.compile(r"[^。！？!?;；\n]+[。！？!?;；\n]*")


class TableError(ValueError):
    """A table cannot be used; the text says which, and why."""


def read_table(name: str, language: str, folders: Sequence[Path]) -> dict[str, Any]:
    """A table, with what further folders add to it.

    Lists of patterns get longer and mappings get more keys; a text, and a list of
    :data:`REPLACED`, takes the place of the one before.

    Args:
        name: Such as ``"acts"``.
        language: ``"zh"`` or ``"en"``.
        folders: Where ``NAME.LANGUAGE.yaml`` lies; the first must have it.

    Raises:
        TableError: A file is no YAML mapping, or the first is missing.
    """
    table: dict[str, Any] = {}
    for place, folder in enumerate(folders):
        path = folder / f"{name}.{language}.yaml"
        if place and not path.exists():
            continue
        try:
            read = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise TableError(f"{path} cannot be read: {error}") from error
        if not isinstance(read, dict):
            raise TableError(f"{path} must hold keys and values")
        table = _extended(table, read, path)
    return table


def compile_patterns(
    patterns: Sequence[str], words: Mapping[str, str], language: str
) -> re.Pattern[str]:
    """One expression that finds any of the patterns.

    Raises:
        TableError: A pattern is no regular expression, or names words that are not there.
    """
    if not patterns:
        return NEVER
    try:
        joined = "|".join(f"(?:{_expanded(pattern, words, language)})" for pattern in patterns)
        if language == "en":
            joined = rf"(?<![a-z])(?:{joined})(?![a-z])"
        return re.compile(joined)
    except (re.error, KeyError, TypeError) as error:
        raise TableError(f"one of the patterns {list(patterns)} is wrong: {error}") from error


def read_as_chinese(text: str, expected: Collection[str]) -> list[str]:
    """What a message in pinyin may mean, most probable first; empty if it is none.

    Args:
        text: As it was typed.
        expected: See :func:`words_of`.
    """
    return read_pinyin(text, expected, n_best=N_READINGS) if language_of(text) == "en" else []


def words_of(table: Any) -> frozenset[str]:
    """The Chinese words of two to five characters in a table: what its patterns expect."""
    if isinstance(table, dict):
        parts = [words_of(value) for value in table.values()]
    elif isinstance(table, list):
        parts = [words_of(value) for value in table]
    else:
        return frozenset(re.findall("[\u3400-\u9fff]{2,5}", str(table)))
    return frozenset().union(*parts)


def plain(text: str, same: Mapping[str, str] | None = None) -> str:
    """A text as patterns expect it.

    Args:
        text: As it was written or heard.
        same: Ways to say something, and the way that patterns know.

    >>> plain("我 想 ＡＢＣ　煤氣 Ok")
    '我想abc煤气ok'
    """
    text = _BLANKS.sub("", normalize_text(text).lower().replace("’", "'"))
    if language_of(text) != "en":
        text = text.translate(_CHINESE_MARKS)
    for said, known in (same or {}).items():
        text = text.replace(said, known)
    return text


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return _SENTENCES.findall(text)


def _expanded(pattern: str, words: Mapping[str, str], language: str) -> str:
    known = _NAME.sub(lambda match: f"(?:{_expanded(words[match[1]], words, language)})", pattern)
    return known.replace("…?", "…").replace("…", GAPS[language])


def _extended(table: Any, more: Any, path: Path) -> Any:
    if isinstance(table, dict) and isinstance(more, dict):
        return table | {
            key: _extended(table[key], value, path)
            if key in table and key not in REPLACED
            else value
            for key, value in more.items()
        }
    if isinstance(table, list) and isinstance(more, list):
        return table + more
    if type(table) is not type(more):
        raise TableError(f"{path}: {more!r} cannot be added to a {type(table).__name__}")
    return more
