"""Text is cut where a speaker would stop, and nothing gets lost."""

import random
from collections.abc import Callable

import pytest

from tts_engine.text.sentences import (
    FIRST_CHARACTERS,
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    split_clauses,
    split_for_speech,
)

ALPHABET = "您好办理居住证abcNo.e.g123，。！？；：、,.!?;:“”‘’（）()《》\"' \n\t—…"


@pytest.mark.parametrize("cutter", [split_for_speech, split_clauses])
def test_pieces_join_to_the_text(cutter: Callable[[str], list[str]]) -> None:
    generator = random.Random(11)
    for _ in range(4000):
        text = "".join(generator.choices(ALPHABET, k=generator.randint(0, 160)))
        pieces = cutter(text)
        assert "".join(pieces) == text
        assert all(pieces)


def test_no_tiny_piece_stands_alone() -> None:
    generator = random.Random(12)
    for _ in range(4000):
        text = "".join(generator.choices(ALPHABET, k=generator.randint(0, 160)))
        pieces = split_for_speech(text)
        if len(pieces) > 1:
            spoken = [sum(map(str.isalnum, piece)) for piece in pieces]
            assert min(spoken) >= MIN_CHARACTERS, pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("请带身份证。请带户口簿！带了吗？", ["请带身份证。", "请带户口簿！带了吗？"]),
        ("第一行内容\n第二行内容", ["第一行内容\n", "第二行内容"]),
        ("他说：“可以办理。”然后离开了。", ["他说：“可以办理。”", "然后离开了。"]),
        ("请看说明（不含周末。节日除外。）后办理。", ["请看说明（不含周末。节日除外。）后办理。"]),
        ("费率为3.5%左右。请核对一下。", ["费率为3.5%左右。", "请核对一下。"]),
        ("Bring it, e.g. a passport. Then wait here.",
         ["Bring it, ", "e.g. a passport. ", "Then wait here."]),
        ("See Form No. 5 first. Ask at window 3.5 today.",
         ["See Form No. 5 first. ", "Ask at window 3.5 today."]),
        ("见www.gov.cn/index.html页面。谢谢您。", ["见www.gov.cn/index.html页面。谢谢您。"]),
        ("真的吗？！当然可以……请放心办理。", ["真的吗？！当然可以……请放心办理。"]),
        ("好。", ["好。"]),
        ("", []),
    ],
)  # fmt: skip
def test_cuts_are_where_a_speaker_stops(text: str, pieces: list[str]) -> None:
    assert split_for_speech(text) == pieces


def test_a_long_sentence_is_cut_at_commas() -> None:
    text = "申请人应当如实提交有关材料和反映真实情况，" * 6 + "并对材料负责。"
    assert all(len(piece) <= MAX_CHARACTERS for piece in split_for_speech(text))
    assert len(split_for_speech(text)) > 2


def test_the_first_piece_ends_at_an_early_comma() -> None:
    text = (
        "您好，欢迎您，办理居住证需要携带本人身份证原件以及在本市的居住证明材料一份。请提前预约。"
    )
    first = split_for_speech(text)[0]
    assert len(first) <= FIRST_CHARACTERS
    assert first == "您好，欢迎您，"


def test_clauses_end_at_commas_but_not_inside_numbers() -> None:
    text = "请带好证件，费用为1,200元，请您缴纳。"
    assert split_clauses(text) == ["请带好证件，", "费用为1,200元，", "请您缴纳。"]
