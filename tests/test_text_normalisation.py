"""Written public-service text becomes text as a clerk would say it."""

import random
import re
from pathlib import Path

import pytest

from tts_engine.text import normalize_text
from tts_engine.text.numerals import cardinal_in_words, decimal_in_words

TABLE = [
    line.split("\t")
    for line in (Path(__file__).parent / "data" / "normalisation.tsv")
    .read_text("utf-8")
    .splitlines()
]


def test_the_table_has_two_columns_and_many_rows() -> None:
    assert len(TABLE) >= 120
    assert all(len(row) == 2 for row in TABLE)


@pytest.mark.parametrize(("written", "spoken"), TABLE)
def test_public_service_text_is_read_as_a_clerk_would(written: str, spoken: str) -> None:
    assert normalize_text(written) == spoken


@pytest.mark.parametrize("written", [spoken for _, spoken in TABLE[::10]])
def test_spoken_text_stays_as_it_is(written: str) -> None:
    assert normalize_text(written) == written


def test_no_digit_is_left_whatever_is_written() -> None:
    generator = random.Random(7)
    signs = "0123456789.,:-/%~年月日元个第〔〕()（）电话℃+×A "
    for _ in range(3000):
        text = "".join(generator.choices(signs, k=generator.randint(1, 20)))
        assert not re.search(r"\d", normalize_text(text)), text


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "零"), ("10", "十"), ("110", "一百一十"), ("101", "一百零一"), ("1010", "一千零一十"),
        ("10086", "一万零八十六"), ("100001", "十万零一"), ("20002", "两万零二"),
        ("12000", "一万二千"), ("100010000", "一亿零一万"), ("1000000000000", "一万亿"),
    ],
)  # fmt: skip
def test_whole_numbers_are_read_with_zeros_where_speakers_say_them(digits: str, words: str) -> None:
    assert cardinal_in_words(digits) == words


@pytest.mark.parametrize("digits", ["", "1.5", "-3", "٣", "1" * 17])
def test_what_is_no_whole_number_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        cardinal_in_words(digits)


def test_a_fraction_is_read_digit_by_digit() -> None:
    assert decimal_in_words("1,234.05") == "一千二百三十四点零五"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Please call 12345.", "Please call 1 2 3 4 5."),
        ("Tel: 010-12345678", "Tel: 0 1 0 1 2 3 4 5 6 7 8"),
        ("Dial 120 in an emergency", "Dial 1 2 0 in an emergency"),
        ("The fee is $12.50 for 2 copies", "The fee is $12.50 for 2 copies"),
        ("In **2024** 👍", "In 2024"),
    ],
)
def test_in_english_only_telephone_numbers_are_spelled(written: str, spoken: str) -> None:
    assert normalize_text(written, "en") == spoken


def test_empty_and_unspeakable_texts_become_empty() -> None:
    assert normalize_text("") == ""
    assert normalize_text(" 😀\u200b\x00 ") == ""
