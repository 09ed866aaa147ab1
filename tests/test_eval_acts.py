"""``python -m eval acts``: how many emergencies and acts are met as what they are."""

import json
from pathlib import Path

import pytest

from agent.settings import Settings
from eval.__main__ import main
from eval.dialogue_acts import measure_dialogue


def test_each_kind_of_message_is_counted_by_split_and_language() -> None:
    figures = measure_dialogue(Settings())
    counted = {(figure.what, figure.language) for figure in figures if figure.split == "dev"}
    for what in ("emergencies", "no emergency", "acts", "questions"):
        assert {(what, "zh-CN"), (what, "en")} <= counted
    assert all(0 < figure.right <= figure.total for figure in figures)
    assert all(len(figure.wrong) == figure.total - figure.right for figure in figures)


def test_a_question_taken_for_an_emergency_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_text("question\n我家着火了\n护照多少钱\n", "utf-8")
    assert main(["acts", "--json", "--also", str(tmp_path / "mine.csv")]) == 0
    [mine] = [f for f in json.loads(capsys.readouterr().out) if "mine.csv" in f["what"]]
    assert (mine["right"], mine["total"], mine["wrong"]) == (1, 2, ["我家着火了"])


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["acts", "--split", "dev", "--wrong"]) == 0
    assert "emergencies" in capsys.readouterr().out
