"""A file owns its entries: others cannot take their ids unasked, nor take them along."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.journal import IngestJournal
from retrievers import FaqEntry
from retrievers.store.chroma import ChromaStore

Csv = Callable[..., str]
SAMPLE = FaqEntry("sample-1", "护照怎么换？", "到窗口换发。", origin="sample")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    ChromaStore(folder).add([SAMPLE])
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def csv(tmp_path: Path) -> Csv:
    """Writes rows of id, question and answer to a file."""

    def write(name: str, *rows: tuple[str, str, str]) -> str:
        lines = ["id,question,answer", *(",".join(row) for row in rows)]
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
        return str(tmp_path / name)

    return write


def answers(data_dir: Path) -> dict[str, tuple[str, str]]:
    return {entry.faq_id: (entry.answer, entry.origin) for entry in ChromaStore(data_dir)}


def test_an_id_of_another_file_is_refused_row_by_row(
    data_dir: Path, csv: Csv, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv(
        "mine.csv", ("own-1", "门牌怎么补？", "到派出所。"), ("sample-1", "换护照？", "不办。")
    )
    assert main(["add", path, "--json"]) == 3
    [report] = json.loads(capsys.readouterr().out)
    [bad] = report["bad_rows"]
    assert report["entries"] == 1 and bad["row"] == 3
    assert (
        "sample-1 belongs to an entry of sample" in bad["reason"] and "--replace" in bad["reason"]
    )
    assert answers(data_dir) == {
        "sample-1": ("到窗口换发。", "sample"),
        "own-1": ("到派出所。", "mine.csv"),
    }
    assert main(["remove", "mine.csv"]) == 0
    assert answers(data_dir).keys() == {"sample-1"}, "what was refused is not taken along"


def test_what_was_refused_goes_in_once_the_owner_is_gone(data_dir: Path, csv: Csv) -> None:
    path = csv("mine.csv", ("sample-1", "换护照？", "新答案。"))
    main(["add", csv("rest.csv", ("own-1", "门牌怎么补？", "到派出所。"))])
    assert main(["add", path]) == 3
    assert main(["remove", "sample"]) == 0
    assert main(["add", path]) == 0
    assert answers(data_dir)["sample-1"] == ("新答案。", "mine.csv")


def test_two_files_of_one_step_do_not_overwrite_each_other(
    data_dir: Path, csv: Csv, capsys: pytest.CaptureFixture[str]
) -> None:
    first = csv("a.csv", ("x-1", "门牌怎么补？", "到派出所。"))
    second = csv("b.csv", ("x-1", "门牌怎么换？", "到窗口。"))
    assert main(["add", first, second, "--json"]) == 3
    reports = {r["name"]: r for r in json.loads(capsys.readouterr().out)}
    assert "belongs to an entry of a.csv" in reports["b.csv"]["bad_rows"][0]["reason"]
    assert answers(data_dir)["x-1"] == ("到派出所。", "a.csv")


def test_what_is_replaced_on_purpose_is_shown_audited_and_comes_back(
    data_dir: Path, csv: Csv, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv("mine.csv", ("sample-1", "护照怎么换？", "网上换发。"))
    assert main(["add", path, "--replace"]) == 0
    assert "sample-1 takes the place of an entry of sample" in capsys.readouterr().out
    assert answers(data_dir) == {"sample-1": ("网上换发。", "mine.csv")}
    with IngestJournal(data_dir) as journal:
        assert [act.action for act in journal.audit()][-1] == "replace"
    assert main(["remove", "mine.csv"]) == 0
    assert "the entry of sample is back" in capsys.readouterr().out
    assert list(ChromaStore(data_dir)) == [SAMPLE]
    with IngestJournal(data_dir) as journal:
        assert "已恢复" in journal.audit()[-1].outcome.text("zh")
        assert journal.replaced("sample-1") == []


def test_a_file_that_does_without_an_id_gives_it_back(data_dir: Path, csv: Csv) -> None:
    main(["add", csv("mine.csv", ("sample-1", "护照怎么换？", "网上换发。")), "--replace"])
    assert main(["add", csv("mine.csv", ("own-1", "门牌怎么补？", "到派出所。"))]) == 0
    assert answers(data_dir) == {
        "sample-1": ("到窗口换发。", "sample"),
        "own-1": ("到派出所。", "mine.csv"),
    }


def test_entries_replaced_twice_come_back_in_their_order(data_dir: Path, csv: Csv) -> None:
    main(["add", csv("a.csv", ("sample-1", "护照怎么换？", "甲。")), "--replace"])
    main(["add", csv("b.csv", ("sample-1", "护照怎么换？", "乙。")), "--replace"])
    assert main(["remove", "b.csv"]) == 0
    assert answers(data_dir)["sample-1"] == ("甲。", "a.csv")
    main(["add", csv("b.csv", ("sample-1", "护照怎么换？", "乙。")), "--replace"])
    assert main(["remove", "a.csv"]) == 0, "whose entry is not in the store just now"
    assert answers(data_dir)["sample-1"] == ("乙。", "b.csv")
    assert main(["remove", "sample-1"]) == 0, "a single entry, by its id"
    assert list(ChromaStore(data_dir)) == [SAMPLE]


def test_a_file_whose_entry_was_replaced_may_change_it_meanwhile(data_dir: Path, csv: Csv) -> None:
    main(["add", csv("a.csv", ("x-1", "门牌怎么补？", "甲。"))])
    main(["add", csv("b.csv", ("x-1", "门牌怎么补？", "乙。")), "--replace"])
    assert main(["add", csv("a.csv", ("x-1", "门牌怎么补？", "甲，新。"))]) == 3
    assert answers(data_dir)["x-1"] == ("乙。", "b.csv")
    assert main(["remove", "b.csv"]) == 0
    assert answers(data_dir)["x-1"] == ("甲，新。", "a.csv")


def test_two_files_of_one_step_may_replace_each_others_entries(data_dir: Path, csv: Csv) -> None:
    first = csv("a.csv", ("x-1", "门牌怎么补？", "甲。"))
    second = csv("b.csv", ("x-1", "门牌怎么补？", "乙。"))
    assert main(["add", first, second, "--replace"]) == 0
    assert answers(data_dir)["x-1"] == ("乙。", "b.csv")
    assert main(["remove", "b.csv"]) == 0
    assert answers(data_dir)["x-1"] == ("甲。", "a.csv")


def test_what_is_released_from_quarantine_does_not_overwrite_either(
    data_dir: Path, csv: Csv, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", csv("mine.csv", ("x-1", "找谁？", "找张伟，手机13957182436。"))])
    main(["add", csv("other.csv", ("x-1", "门牌怎么补？", "到派出所。"))])
    with IngestJournal(data_dir) as journal:
        [held] = journal.quarantine()
    capsys.readouterr()
    assert main(["release", str(held.number)]) == 1
    assert "x-1 belongs to an entry of other.csv" in capsys.readouterr().err
    assert answers(data_dir)["x-1"] == ("到派出所。", "other.csv")
