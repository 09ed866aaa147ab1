"""The sample knowledge base in assets/faq keeps the promises its README makes."""

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "faq"

FIELDS = (
    "户籍",
    "身份证",
    "出入境",
    "社保公积金",
    "车驾管",
    "企业设立与变更",
    "职业资格",
    "部门职责",
)
KEYS = [
    "id",
    "question",
    "wordings",
    "answer",
    "field",
    "department",
    "region",
    "language",
    "source_title",
    "source_url",
    "year",
    "notice",
]
NOTICES = {
    "zh-CN": "示例数据，不构成官方答复",
    "en": "Sample data, not official advice",
}


def read_entries() -> list[dict[str, Any]]:
    entries = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entries.append(json.loads(line))
    return entries


def bare(text: str) -> str:
    """The text without case, punctuation, spaces and full-width forms."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    return read_entries()


def test_every_entry_has_exactly_the_documented_keys_in_order(
    entries: list[dict[str, Any]],
) -> None:
    wrong = [entry.get("id") for entry in entries if list(entry) != KEYS]
    assert wrong == []


def test_every_text_is_filled_in_and_carries_no_stray_space(entries: list[dict[str, Any]]) -> None:
    texts = [key for key in KEYS if key not in ("wordings", "year")]
    wrong = []
    for entry in entries:
        values = [entry[key] for key in texts] + entry["wordings"]
        if not all(isinstance(v, str) and v and v == v.strip() for v in values):
            wrong.append(entry["id"])
    assert wrong == []


def test_every_year_is_a_plausible_whole_number(entries: list[dict[str, Any]]) -> None:
    wrong = [
        entry["id"]
        for entry in entries
        if type(entry["year"]) is not int or not 1950 <= entry["year"] <= 2025
    ]
    assert wrong == []


def test_every_field_is_one_of_the_eight(entries: list[dict[str, Any]]) -> None:
    assert {entry["field"] for entry in entries} == set(FIELDS)


def test_every_language_is_chinese_or_english(entries: list[dict[str, Any]]) -> None:
    assert {entry["language"] for entry in entries} == set(NOTICES)


def test_no_two_entries_share_an_id(entries: list[dict[str, Any]]) -> None:
    counts = Counter(entry["id"] for entry in entries)
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_question_or_wording_occurs_twice_anywhere(entries: list[dict[str, Any]]) -> None:
    counts = Counter(
        bare(text) for entry in entries for text in [entry["question"], *entry["wordings"]]
    )
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_answer_occurs_twice(entries: list[dict[str, Any]]) -> None:
    counts = Counter(bare(entry["answer"]) for entry in entries)
    assert [text for text, count in counts.items() if count > 1] == []


def test_every_entry_offers_at_least_two_other_wordings(entries: list[dict[str, Any]]) -> None:
    assert [entry["id"] for entry in entries if len(entry["wordings"]) < 2] == []


def test_there_are_at_least_four_hundred_chinese_entries(entries: list[dict[str, Any]]) -> None:
    assert sum(entry["language"] == "zh-CN" for entry in entries) >= 400


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_has_at_least_fifty_chinese_entries(
    entries: list[dict[str, Any]], field: str
) -> None:
    chinese = [e for e in entries if e["language"] == "zh-CN" and e["field"] == field]
    assert len(chinese) >= 50


def test_there_are_at_least_sixty_english_entries(entries: list[dict[str, Any]]) -> None:
    assert sum(entry["language"] == "en" for entry in entries) >= 60


def test_every_answer_is_forty_to_two_hundred_characters_long(
    entries: list[dict[str, Any]],
) -> None:
    wrong = [e["id"] for e in entries if not 40 <= len(e["answer"]) <= 200]
    assert wrong == []


def test_answers_hold_nothing_that_sounds_bad_when_spoken(entries: list[dict[str, Any]]) -> None:
    unspeakable = set("()（）[]【】/*#|<>\n\t")
    wrong = [e["id"] for e in entries if unspeakable & set(e["answer"]) or "http" in e["answer"]]
    assert wrong == []


def test_every_source_address_is_a_web_home_page_without_a_path(
    entries: list[dict[str, Any]],
) -> None:
    wrong = []
    for entry in entries:
        parts = urlsplit(entry["source_url"])
        home = f"{parts.scheme}://{parts.hostname}"
        if parts.scheme not in ("http", "https") or entry["source_url"] != home:
            wrong.append(entry["id"])
    assert wrong == []


def test_every_entry_carries_the_notice_of_its_language(entries: list[dict[str, Any]]) -> None:
    wrong = [e["id"] for e in entries if e["notice"] != NOTICES[e["language"]]]
    assert wrong == []


def test_the_readme_says_that_the_data_is_a_sample_and_no_official_advice() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "示例数据，不构成官方答复" in readme
    assert "not official advice" in readme
    assert "CC BY 4.0" in readme
