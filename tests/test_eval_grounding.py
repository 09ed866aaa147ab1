"""``python -m eval grounding``: which sentences about the entries pass the check."""

import json
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.grounding.evaluation import FALSE_BY_HAND, REWORDED, TRUE

ENTRIES = (
    ("idcard-002", "本人应当自年满16周岁之日起3个月内，向公安机关申请领取居民身份证。"),
    ("idcard-048", "假证由公安机关收缴。买卖身份证的，处200元以上1000元以下罚款。"),
)


def test_true_sentences_pass_and_false_ones_are_counted_by_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": name, "question": "怎么办？", "answer": text} for name, text in ENTRIES]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "a.jsonl").write_text(lines, "utf-8")
    arguments = ["grounding", "--faq", str(tmp_path), "--part", "all", "--per-kind", "3", "--json"]
    assert main(arguments) == 0
    rates = {rate["kind"]: rate for rate in json.loads(capsys.readouterr().out)["rates"]}
    assert rates[TRUE]["n"] == 3 and not rates[TRUE]["passed"]
    assert {REWORDED, FALSE_BY_HAND, "body", "modal", "figure of the passage"} <= rates.keys()
    assert rates["body"]["n"] and not rates["body"]["passed"]
