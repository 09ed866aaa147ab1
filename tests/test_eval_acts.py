"""``python -m eval acts``: how many emergencies and acts are met as what they are."""

import json
from pathlib import Path

import pytest

from agent.dialogue.emergency_classifier import EmergencyClassifier, KernelClassifier
from agent.settings import Settings
from eval.__main__ import main
from eval.dialogue_acts import measure_dialogue
from eval.emergency_training import fit_classifier
from retrievers.encoder import shared_encoder
from retrievers.store.chroma import SHIPPED_ENCODER

FIRES = ["着火了", "厨房起火了", "楼上冒黑烟", "房子烧起来了", "车在烧", "火很大", "窗帘点着了"]
FALLS = ["老人摔倒了", "有人晕倒了", "他倒在地上", "没有呼吸了", "叫不醒", "腿摔断了", "流了好多血"]
THEFTS = ["家里进贼了", "包被抢了", "有人撬门", "有人跟踪我", "有人拿刀", "抢劫", "他要打我"]
HARMLESS = [
    *("身份证怎么办", "护照多少钱", "几点下班", "材料有哪些", "怎么预约", "社保怎么缴", "你好"),
    *("谢谢", "公积金怎么提取", "驾照过期了", "结婚登记在哪", "户口怎么迁"),
]


def test_each_kind_of_message_is_counted_by_split_and_language() -> None:
    figures = measure_dialogue(Settings(), split="test")
    counted = {(figure.what, figure.language) for figure in figures if figure.split == "test"}
    for what in ("emergencies", "no emergency", "acts", "questions"):
        assert {(what, "zh-CN"), (what, "en")} <= counted
    assert all(0 < figure.right <= figure.total for figure in figures)
    assert all(len(figure.wrong) == figure.total - figure.right for figure in figures)


def test_a_question_taken_for_an_emergency_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_text("question\n我家着火了\n护照多少钱\n", "utf-8")
    assert main(["acts", "--json", "--split", "test", "--also", str(tmp_path / "mine.csv")]) == 0
    [mine] = [f for f in json.loads(capsys.readouterr().out) if "mine.csv" in f["what"]]
    assert (mine["right"], mine["total"], mine["wrong"]) == (1, 2, ["我家着火了"])


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["acts", "--split", "test", "--wrong", "--also"]) == 0
    assert "emergencies" in capsys.readouterr().out


def test_a_classifier_is_fitted_to_the_messages_and_used(tmp_path: Path) -> None:
    messages = [
        (word, kind)
        for words, kind in ((FIRES, "fire"), (FALLS, "medical"), (THEFTS, "police"), (HARMLESS, ""))
        for word in words
    ]
    encoder = shared_encoder(SHIPPED_ENCODER)
    fitted = fit_classifier(messages, encoder, false_alarms=0.05)
    fitted.save(tmp_path / "classifier.npz")
    classifier = EmergencyClassifier(KernelClassifier.load(tmp_path / "classifier.npz"), encoder)
    assert classifier.kinds("仓库着起来了，火很大")[0] == "fire"
    assert classifier.kinds("有个老人摔倒了，叫不醒")[0] == "medical"
    assert classifier.kinds("护照多少钱") == ()
