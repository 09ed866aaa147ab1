"""Measuring how documents go in: the material is what it says, and all of it goes in."""

import json
import time
from pathlib import Path

import openpyxl
import pytest

import eval.performance.ingest_throughput
from eval.__main__ import main
from eval.performance import sample_documents
from eval.performance.store_growth import invented_entries
from ingest.__main__ import main as ingest
from ingest.content import Document
from ingest.readers.reading import read
from retrievers import FaqEntry
from retrievers.store.faq_files import read_folder

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "faq"


@pytest.fixture(scope="module")
def samples() -> list[FaqEntry]:
    return list(read_folder(SAMPLES))


def test_a_workbook_has_as_many_different_questions_as_were_asked_for(
    tmp_path: Path, samples: list[FaqEntry]
) -> None:
    sample_documents.workbook(tmp_path / "faq.xlsx", invented_entries(samples), 1000)
    sheet = openpyxl.load_workbook(tmp_path / "faq.xlsx").worksheets[0]
    questions = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert len(questions) == len(set(questions)) == 1000


def test_books_have_as_many_pages_as_were_asked_for_with_articles_and_tables(
    tmp_path: Path, samples: list[FaqEntry]
) -> None:
    sample_documents.pdf_regulations(tmp_path, invented_entries(samples), 103)
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


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample knowledge base of three entries."""
    folder = tmp_path / "faq"
    folder.mkdir()
    first = min(SAMPLES.glob("*.jsonl")).read_text("utf-8").splitlines()[:3]
    (folder / "few.jsonl").write_text("\n".join(first), encoding="utf-8")
    monkeypatch.setenv("ZHENGWEN_FAQ", str(folder))
    return folder


@pytest.mark.usefixtures("few")
def test_all_of_it_goes_in_and_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Taken in right here, instead of five times by a process that first has to load models."""

    def take_in(material: Path, data_dir: Path, workers: int) -> tuple[int, float, float, float]:
        monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(data_dir))
        told, started = capsys.readouterr().out, time.perf_counter()
        assert ingest(["add", str(material), "--json", "--workers", str(workers)]) == 0
        files = json.loads(capsys.readouterr().out)
        print(told, end="")
        return sum(file["entries"] for file in files), time.perf_counter() - started, 1.0, 99.0

    monkeypatch.setattr(eval.performance.ingest_throughput, "_take_in", take_in)
    assert main(["ingest", "--rows", "5", "--pages", "1", "--json"]) in (0, 3)
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["XLSX"]["entries"] == found["CSV"]["entries"] == 5
    assert found["PDF"]["entries"] > 5 and found["statute, plain text"]["entries"] >= 30
    assert all(row["seconds"] > 0 and row["memory_mib"] == 99 for row in found.values())


@pytest.mark.usefixtures("few")
def test_a_process_that_takes_in_is_measured(tmp_path: Path, samples: list[FaqEntry]) -> None:
    material = tmp_path / "material"
    material.mkdir()
    sample_documents.csv_table(material / "faq.csv", invented_entries(samples), 5)
    got = eval.performance.ingest_throughput._take_in(material, tmp_path / "var", 1)
    entries, seconds, cpu_seconds, memory_mib = got
    assert entries == 5 and seconds > 0 and cpu_seconds > 0 and memory_mib > 50
