"""The sample knowledge base in assets/faq keeps the promises its README makes."""

import csv
import json
import re
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
    "spoken",  # the only one an entry may lack
    "field",
    "department",
    "region",
    "language",
    "source_title",
    "source_url",
    "portal",
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
    without = [key for key in KEYS if key != "spoken"]
    wrong = [entry.get("id") for entry in entries if list(entry) not in (KEYS, without)]
    assert wrong == []


def test_every_text_is_filled_in_and_carries_no_stray_space(entries: list[dict[str, Any]]) -> None:
    texts = [key for key in KEYS if key not in ("wordings", "year")]
    wrong = []
    for entry in entries:
        values = [entry[key] for key in texts if key in entry] + entry["wordings"]
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


def test_there_are_at_least_520_chinese_entries(entries: list[dict[str, Any]]) -> None:
    assert sum(entry["language"] == "zh-CN" for entry in entries) >= 520


def test_at_least_sixty_entries_have_a_spoken_form(entries: list[dict[str, Any]]) -> None:
    assert sum("spoken" in entry for entry in entries) >= 60


def test_a_spoken_form_is_shorter_than_its_answer_and_states_no_figure_of_its_own(
    entries: list[dict[str, Any]],
) -> None:
    wrong = []
    for entry in entries:
        said, answer = entry.get("spoken", ""), entry["answer"]
        figures = set(re.findall(r"\d+(?:\.\d+)?", said))
        if len(said) > 0.8 * len(answer) or figures - set(re.findall(r"\d+(?:\.\d+)?", answer)):
            wrong.append(entry["id"])
    assert wrong == []


def test_no_entry_copies_a_question_of_the_test_half(entries: list[dict[str, Any]]) -> None:
    with (FOLDER / "questions.csv").open(encoding="utf-8", newline="") as file:
        asked = {bare(row["question"]) for row in csv.DictReader(file) if row["split"] == "test"}
    texts = {bare(text) for entry in entries for text in [entry["question"], *entry["wordings"]]}
    assert texts & asked == set()


def test_a_portal_goes_by_one_name_in_a_language(entries: list[dict[str, Any]]) -> None:
    names = {(e["source_url"], e["language"], e["portal"]) for e in entries}
    counts = Counter((url, language) for url, language, _ in names)
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_has_at_least_fifty_chinese_entries(
    entries: list[dict[str, Any]], field: str
) -> None:
    chinese = [e for e in entries if e["language"] == "zh-CN" and e["field"] == field]
    assert len(chinese) >= 50


def test_there_are_at_least_eighty_english_entries(entries: list[dict[str, Any]]) -> None:
    assert sum(entry["language"] == "en" for entry in entries) >= 80


def test_every_answer_is_forty_to_two_hundred_characters_long(
    entries: list[dict[str, Any]],
) -> None:
    wrong = [e["id"] for e in entries if not 40 <= len(e["answer"]) <= 200]
    assert wrong == []


def test_answers_hold_nothing_that_sounds_bad_when_spoken(entries: list[dict[str, Any]]) -> None:
    unspeakable = set("()（）[]【】/*#|<>\n\t")
    wrong = []
    for entry in entries:
        text = entry["answer"] + entry.get("spoken", "")
        if unspeakable & set(text) or "http" in text:
            wrong.append(entry["id"])
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
