"""Text for retrieval: its language and numerals, and files that are whole or not there."""

from pathlib import Path

import pytest

from retrievers import language_of
from retrievers.text.numerals import chinese_number, parse_number
from tts_engine.text.clauses import spoken_language
from zhengwen.atomic_write import atomic_path, write_atomically


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("护照多少钱？", "zh-CN"),
        ("How much is a passport?", "en"),
        ("VISA 怎么办", "zh-CN"),
        ("𠮷野家", "zh-CN"),
        ("12345", None),
        ("", None),
    ],
)
def test_a_text_has_one_language_whoever_asks(text: str, language: str | None) -> None:
    assert language_of(text) == language
    assert spoken_language(text) == (language or "zh-CN"), "voices need an answer always"


def test_what_is_numbered_in_chinese_is_read_back() -> None:
    assert [parse_number(chinese_number(n)) for n in range(1, 1200)] == list(range(1, 1200))
    assert parse_number("二○一九") == 2019
    with pytest.raises(ValueError, match="'件' is no number"):
        parse_number("件")


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.json"
    write_atomically(path, "旧")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as partial:
        partial.write_text("half")
        assert path.read_text("utf-8") == "旧"
        raise ZeroDivisionError
    assert path.read_text("utf-8") == "旧"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [file.name for file in path.parent.iterdir()] == ["a.json"], "nothing is left lying"
