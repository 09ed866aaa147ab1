"""Measuring how documents go in: the material is what it says, and all of it goes in."""

import json
from pathlib import Path

import openpyxl
import pytest

from eval import materials
from eval.__main__ import main
from eval.scale import invented
from ingest.content import Document
from ingest.readers import read
from retrievers import FaqEntry
from retrievers.faq_files import read_folder

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "faq"


@pytest.fixture(scope="module")
def samples() -> list[FaqEntry]:
    return list(read_folder(SAMPLES))


def test_a_workbook_has_as_many_different_questions_as_were_asked_for(
    tmp_path: Path, samples: list[FaqEntry]
) -> None:
    materials.workbook(tmp_path / "faq.xlsx", invented(samples), 1000)
    sheet = openpyxl.load_workbook(tmp_path / "faq.xlsx").worksheets[0]
    questions = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert len(questions) == len(set(questions)) == 1000


def test_books_have_as_many_pages_as_were_asked_for_with_articles_and_tables(
    tmp_path: Path, samples: list[FaqEntry]
) -> None:
    materials.regulations(tmp_path, invented(samples), 103)
    first, second = sorted(tmp_path.iterdir())
    pages = []
    for path in (first, second):
        content = read(path, name=path.name)
        assert isinstance(content, Document)
        assert content.title.startswith("政务服务事项办理规定")
        assert content.blocks[1].kind == "heading" and content.blocks[2].text.startswith("第1条")
        assert any(block.kind == "table_row" for block in content.blocks)
        assert not any(block.text.startswith("—") for block in content.blocks), "page numbers"
        assert [block.text for block in content.blocks].count(content.title) == 1, "page headers"
        pages.append(content.blocks[-1].page)
    assert pages == [100, 3]


def test_all_of_it_goes_in_and_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "faq"
    few.mkdir()
    lines = (SAMPLES / "questions.csv").parent.glob("*.jsonl")
    first = next(iter(sorted(lines))).read_text("utf-8").splitlines()[:3]
    (few / "few.jsonl").write_text("\n".join(first), encoding="utf-8")
    monkeypatch.setenv("ZHENGWEN_FAQ", str(few))
    assert main(["ingest", "--rows", "5", "--pages", "1", "--json"]) in (0, 3)
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["XLSX"]["entries"] == found["CSV"]["entries"] == 5
    assert found["PDF"]["entries"] > 5 and found["statute, plain text"]["entries"] >= 30
    assert all(row["seconds"] > 0 and row["cpu_seconds"] > 0 for row in found.values())
    assert all(row["memory_mib"] > 50 for row in found.values())
