"""The knowledge base in a real Chroma collection."""

import json
import shutil
from pathlib import Path

import pytest

from agent.build import Stages
from retrievers import FaqEntry, StoreError
from retrievers.checks import check_store
from retrievers.chroma import SHIPPED_ENCODER, ChromaStore
from retrievers.faq_files import FaqFileError, from_record, read_file, read_folder, to_record


def test_chroma_keeps_the_contract_of_every_store(tmp_path: Path) -> None:
    check_store(ChromaStore(tmp_path))


def test_what_is_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    entry = FaqEntry("a-1", "护照怎么换？", "到出入境窗口换发。", wordings=("换护照",))
    ChromaStore(tmp_path).add([entry])
    assert list(ChromaStore(tmp_path)) == [entry]


def test_vectors_of_two_encoders_are_never_mixed(tmp_path: Path) -> None:
    other = tmp_path / "encoder"
    shutil.copytree(SHIPPED_ENCODER, other)
    with (other / "vocab.txt").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("\n")
    ChromaStore(tmp_path).add([FaqEntry("a-1", "护照怎么换？", "到窗口换发。")])
    with pytest.raises(StoreError, match="another sentence encoder"):
        ChromaStore(tmp_path, encoder=other)


def test_every_entry_of_the_sample_is_found_by_each_of_its_own_wordings(
    stages: Stages, faq_folder: Path
) -> None:
    missed = [
        wording
        for entry in read_folder(faq_folder)
        for wording in entry.wordings[:1]
        if stages.retriever.search(wording, k=1)[0].entry.faq_id != entry.faq_id
    ]
    assert not missed


def test_an_entry_survives_the_way_to_a_file_and_back() -> None:
    entry = FaqEntry("a-1", "问？", "答。", ("又问？",), "身份证", "公安", "全国", year=2024)
    assert from_record(json.loads(json.dumps(to_record(entry)))) == entry


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "line 2"),
        ('{"id": "x", "question": "问？"}', "'answer' is missing"),
        ('{"id": " ", "question": "问？", "answer": "答。"}', "'id' is missing"),
        ('{"id": "x", "question": "问？", "answer": "答。", "anwser": ""}', "anwser"),
        ('["x"]', "JSON object"),
    ],
)
def test_a_bad_line_is_reported_with_its_place(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_text(f'{{"id": "a", "question": "问？", "answer": "答。"}}\n{line}\n', "utf-8")
    with pytest.raises(FaqFileError, match=reason):
        list(read_file(path))
