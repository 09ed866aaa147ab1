"""Hard cases of public-service sentences: polyphones, tones, numbers, letters.

``data/front_end.tsv``: two thirds (``dev``) were mended against. The third called ``held`` was
judged before anything was mended (99 of 110 right) and again after the mending by ``dev`` alone
(104 of 110); only then were its last six mended too, so today it is a test like the rest.
"""

import csv
from pathlib import Path

import pytest

from eval.speech.text_front_end import FrontEndCase, read_cases

TABLE = Path(__file__).parent / "data" / "front_end.tsv"


def cases(kind: str) -> list[FrontEndCase]:
    return [case for case in read_cases(TABLE) if case.kind == kind]


def test_the_table_is_large_and_a_third_of_it_was_held_out() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) >= 200
    assert sum(row["split"] == "held" for row in rows) >= len(rows) // 3
    assert {row["kind"] for row in rows} == {"reading", "spoken", "letters"}
    assert len({row["sentence"] for row in rows}) == len(rows)


@pytest.mark.parametrize("case", cases("reading"), ids=lambda case: case.sentence)
def test_a_word_is_read_as_its_sentence_means_it(case: FrontEndCase) -> None:
    assert case.is_right(), case.said()


@pytest.mark.parametrize("case", cases("spoken"), ids=lambda case: case.sentence)
def test_numbers_and_signs_are_said_in_words(case: FrontEndCase) -> None:
    assert case.is_right(), case.said()


@pytest.mark.parametrize("case", cases("letters"), ids=lambda case: case.sentence)
def test_letters_are_named_and_words_are_said(case: FrontEndCase) -> None:
    assert case.is_right(), case.said()
