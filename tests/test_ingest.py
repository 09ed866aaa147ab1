"""The whole way of a file: in, changed, held back, withdrawn, and killed at any moment."""

import json
import os
import random
import sqlite3
import time
import zipfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from agent.build import build_store
from agent.settings import read_settings
from ingest.__main__ import main
from ingest.files import count_files
from ingest.journal import IngestJournal
from ingest.pipeline import FileProgress, IngestionPipeline
from retrievers import FaqEntry, StoreError
from retrievers.store.chroma import ChromaStore
from retrievers.store.screened import PersonalDataError, ScreenedStore

LAW = """杭州市共享单车管理办法

第一章 总则

第一条 为了规范共享单车停放，制定本办法。

第二条 市交通运输部门负责共享单车的监督管理。

第二章 停放

第三条 共享单车应当停放在划定的停放点。违反规定的，由城市管理部门处五十元罚款。

第四条 申请设立停放点应当提交下列材料：
（一）申请表；
（二）营业执照复印件。
"""

N_KILLED = int(os.environ.get("N_KILLED", "25"))


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own with one entry, so that the sample does not come in."""
    folder = tmp_path / "var"
    ChromaStore(folder).add([FaqEntry("own-1", "护照怎么换？", "到窗口换发。")])
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def clerk(tmp_path: Path) -> Path:
    """A clerk's folder."""
    folder = tmp_path / "材料"
    folder.mkdir()
    sheet(folder / "faq.xlsx", ["门牌丢了怎么补？", "到派出所补领门牌。"], ["", "没有问题"])
    (folder / "单车.txt").write_text(LAW, encoding="gb18030")
    return folder


def sheet(path: Path, *rows: list[str]) -> None:
    book = openpyxl.Workbook()
    for row in (["问题", "答案"], *rows):
        book.active.append(row)
    book.save(path)


def entries(data_dir: Path) -> dict[str, FaqEntry]:
    return {entry.question: entry for entry in ChromaStore(data_dir)}


def test_a_folder_goes_in_and_says_what_it_did(
    data_dir: Path, clerk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", str(clerk), "--json"]) == 3, "a row is bad"
    table, law = json.loads(capsys.readouterr().out)
    assert (table["outcome"], table["entries"]) == ("added", 1)
    [bad] = table["bad_rows"]
    assert bad["row"] == 3 and "question" in bad["reason"]
    assert law["passages"] >= 3
    articles = [e for e in ChromaStore(data_dir) if e.kind == "passage"]
    [third] = [e for e in articles if "第三条" in e.place]
    assert "五十元" in third.answer and "第二章" in third.place
    assert third.source_title.strip("《》") == "杭州市共享单车管理办法"


def test_the_same_again_changes_nothing_and_a_change_only_its_own(
    data_dir: Path, clerk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", str(clerk)])
    before = entries(data_dir)
    assert main(["add", str(clerk), "--json"]) == 0
    capsys.readouterr()
    assert entries(data_dir) == before
    sheet(clerk / "faq.xlsx", ["门牌坏了怎么换？", "到派出所换领门牌。"])
    assert main(["add", str(clerk), "--json"]) == 0
    outcomes = {r["name"]: r["outcome"] for r in json.loads(capsys.readouterr().out)}
    assert sorted(outcomes.values()) == ["changed", "unchanged"]
    after = entries(data_dir)
    assert before.keys() - after.keys() == {"门牌丢了怎么补？"}
    assert after.keys() - before.keys() == {"门牌坏了怎么换？"}


def test_a_file_can_be_withdrawn(data_dir: Path, clerk: Path) -> None:
    main(["add", str(clerk)])
    assert main(["remove", "材料/单车.txt"]) == 0
    assert entries(data_dir).keys() == {"护照怎么换？", "门牌丢了怎么补？"}
    assert main(["add", str(clerk)]) == 0
    assert len(entries(data_dir)) > 2, "and taken in again"
    assert main(["remove", "没有这个"]) == 1


def test_personal_data_waits_until_a_person_lets_it_through(
    data_dir: Path, clerk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet(clerk / "faq.xlsx", ["找谁？", "找张伟，手机13957182436。"], ["门牌？", "到派出所。"])
    main(["add", str(clerk)])
    assert "找谁？" not in entries(data_dir)
    with IngestJournal(data_dir) as journal:
        [held] = journal.quarantine()
    assert "13957182436" not in " ".join(map(str, held.reasons)), "the reason shows it masked"
    assert main(["release", str(held.number)]) == 0
    assert "找谁？" in entries(data_dir)
    sheet(clerk / "faq.xlsx", ["找谁？", "找张伟，手机13957182436。"])
    main(["add", str(clerk)])
    assert "找谁？" in entries(data_dir), "what was let through once is let through again"
    capsys.readouterr()
    main(["audit"])
    assert "release" in capsys.readouterr().out


def test_one_bad_file_does_not_keep_the_others_out(
    data_dir: Path, clerk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clerk / "坏.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    assert main(["add", str(clerk)]) == 3
    out = capsys.readouterr().out
    assert "坏.pdf" in out and "Traceback" not in out
    assert "门牌丢了怎么补？" in entries(data_dir)


def test_what_was_exported_goes_in_again_as_it_was(data_dir: Path, tmp_path: Path) -> None:
    assert main(["export", str(tmp_path / "all.jsonl")]) == 0
    before = [entry.faq_id for entry in ChromaStore(data_dir)]
    assert main(["add", str(tmp_path / "all.jsonl"), "--replace"]) == 0
    [again] = ChromaStore(data_dir)
    assert [again.faq_id] == before
    assert (again.question, again.answer) == ("护照怎么换？", "到窗口换发。")


def test_proposals_wait_for_a_person(data_dir: Path, clerk: Path, tmp_path: Path) -> None:
    main(["add", str(clerk)])
    review = tmp_path / "review.xlsx"
    assert main(["propose", str(review)]) == 0
    book = openpyxl.load_workbook(review)
    rows = list(book.active.iter_rows(min_row=2))
    assert rows, "an article says plainly who is in charge or what the penalty is"
    assert main(["accept", str(review)]) == 0
    before = len(entries(data_dir))
    rows[0][0].value = "接受"
    book.save(review)
    assert main(["accept", str(review)]) == 0
    assert len(entries(data_dir)) == before + 1


def test_an_accepted_proposal_with_personal_data_waits_like_any_other_entry(
    data_dir: Path, clerk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", str(clerk)])
    review = tmp_path / "review.xlsx"
    main(["propose", str(review)])
    book = openpyxl.load_workbook(review)
    row = next(iter(book.active.iter_rows(min_row=2)))
    row[0].value, row[2].value = "接受", "找张伟，身份证号330106199003072415。"
    book.save(review)
    capsys.readouterr()
    assert main(["accept", str(review)]) == 0
    assert "1 held back" in capsys.readouterr().out
    assert not any("330106199003072415" in e.answer for e in entries(data_dir).values())
    with IngestJournal(data_dir) as journal:
        [held] = journal.quarantine()
        outcome = journal.audit()[-1].outcome
    assert held.origin == "review.xlsx"
    assert outcome.text("zh") == "0 条，待审 1"
    assert main(["release", str(held.number)]) == 0
    assert any("330106199003072415" in e.answer for e in entries(data_dir).values())


def test_no_door_of_a_store_lets_personal_data_in_unasked(tmp_path: Path) -> None:
    store = ScreenedStore(ChromaStore(tmp_path / "var"))
    good = FaqEntry("a-1", "护照怎么换？", "到窗口换发。")
    bad = FaqEntry("a-2", "找谁？", "找张伟，手机13957182436。")
    for door in (store.add, store.change):
        with pytest.raises(PersonalDataError, match=r"'a-2'.*mobile_number in answer") as refused:
            door([good, bad])
        assert "1395718" not in str(refused.value)
        assert len(store) == 0, "all of a step goes in or nothing"
    store.change([good, bad], allowed=lambda entry: entry == bad)
    assert len(store) == 2, "a person may let an entry through"


def test_a_store_of_an_older_version_is_refused_with_the_new_name_of_its_method() -> None:
    class OldStore:
        def rarity(self, term: str) -> float:
            return 1.0

    with pytest.raises(StoreError, match="'idf', which was called 'rarity'"):
        ScreenedStore(OldStore())  # type: ignore[arg-type]


def test_a_sample_knowledge_base_with_personal_data_is_taken_in_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faq = tmp_path / "faq"
    faq.mkdir()
    records = [
        {"id": "s-1", "question": "护照怎么换？", "answer": "到窗口换发。"},
        {"id": "s-2", "question": "找谁？", "answer": "找张伟，手机13957182436。"},
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    (faq / "faq.jsonl").write_text("\n".join(lines), encoding="utf-8")
    settings = read_settings(
        environment={"ZHENGWEN_FAQ": str(faq), "ZHENGWEN_DATA_DIR": str(tmp_path / "var")}
    )
    assert [entry.faq_id for entry in build_store(settings)] == ["s-1"]
    assert "s-2" in caplog.text and "1395718" not in caplog.text


def test_a_journal_of_an_older_version_still_shows(tmp_path: Path) -> None:
    entry = {"id": "q-1", "question": "找谁？", "answer": "找张伟。"}
    with IngestJournal(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "journal.sqlite") as database:
        database.execute(
            "INSERT INTO quarantine(origin, since, reasons, record) VALUES (?, ?, ?, ?)",
            (
                "旧.xlsx",
                "2026-01-01T00:00:00+0000",
                json.dumps(["answer: mobile number 139****2436"]),
                json.dumps(entry),
            ),
        )
        database.execute(
            "INSERT INTO audit VALUES ('2026-01-01T00:00:00+0000', '王芳', 'add', '旧.xlsx', ?)",
            ("3 entries, 0 bad rows, 1 held back",),
        )
    with IngestJournal(tmp_path) as journal:
        [held] = journal.quarantine()
        [act] = journal.audit()
    assert [str(reason) for reason in held.reasons] == ["answer: mobile number 139****2436"]
    assert act.outcome.text("zh") == "3 entries, 0 bad rows, 1 held back"


def _take_in(data_dir: str, folder: str) -> None:
    with IngestJournal(Path(data_dir)) as journal:
        intake = IngestionPipeline(ScreenedStore(ChromaStore(Path(data_dir))), journal)
        for _ in intake.add([Path(folder)]):
            pass


def _withdraw(data_dir: str, folder: str) -> None:
    with IngestJournal(Path(data_dir)) as journal:
        intake = IngestionPipeline(ScreenedStore(ChromaStore(Path(data_dir))), journal)
        intake.remove(f"{Path(folder).name}/a.xlsx")


def _rebuild(data_dir: str, folder: str) -> None:
    ChromaStore(Path(data_dir), rebuild=True)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("n_killed", [6, pytest.param(N_KILLED, marks=pytest.mark.slow)])
def test_killed_at_any_moment_each_file_is_in_whole_or_as_it_was(
    n_killed: int, tmp_path: Path, quick_starts: ForkServerContext
) -> None:
    """Kills ``add``, and then one of ``add``, ``remove`` and ``rebuild``, at random moments.

    ``N_KILLED=300 pytest tests/test_ingest.py -k killed_at`` does it more often than any change of
    the code can wait for, ``KILLED_SEED`` at other moments. What has ended by itself before it
    was killed was acknowledged: it has to be there.
    """
    rng = random.Random(int(os.environ.get("KILLED_SEED", "384")))
    folder, data_dir = tmp_path / "in", tmp_path / "var"
    folder.mkdir()
    names = ("a.xlsx", "b.xlsx")
    possible: dict[str, list[set[str]]] = {name: [set()] for name in names}
    whole_s: dict[object, float] = {}  # how long each takes that is left alone: the first
    written: dict[str, set[str]] = {}  # what the files say now
    n_acknowledged = 0
    for version in range(n_killed + 3):
        act = (_take_in, rng.choice((_take_in, _withdraw, _rebuild)))[version % 2]
        if version in (1, 2):
            act = (_rebuild, _withdraw)[version - 1]
        if act is _take_in:
            for name in names:
                questions = [f"{name}第{version}版第{n}个问题怎么办？" for n in range(8)]
                sheet(folder / name, *([question, "到窗口办。"] for question in questions))
                possible[name].append(set(questions))
                written[name] = set(questions)
        elif act is _withdraw:
            possible["a.xlsx"].append(set())
        child = quick_starts.Process(target=act, args=(str(data_dir), str(folder)))
        started = time.monotonic()
        child.start()
        if act in whole_s:
            child.join(rng.uniform(0, whole_s[act]))
            child.kill()
        child.join()
        whole_s.setdefault(act, time.monotonic() - started)
        kept = _questions(data_dir)
        for name, seen in possible.items():
            own = {question for question in kept if question.startswith(name)}
            assert own in seen, f"{name} is a mixture after {act.__name__} {version}"
            assert child.exitcode or own == seen[-1], f"{name}: what was acknowledged is not there"
            seen[:] = [own]  # and it never goes back
        n_acknowledged += child.exitcode == 0
        # To withdraw what is not there is an error.
        assert child.exitcode in (0, -9) or act is _withdraw, "no act needs a hand"
    print(f"{n_killed} kills, {n_acknowledged} acknowledged", whole_s)
    _take_in(str(data_dir), str(folder))
    store = ChromaStore(data_dir)
    assert _questions(data_dir) == written["a.xlsx"] | written["b.xlsx"]
    assert store.check() == [] and store.problems() == []
    assert not (data_dir / "set-aside").exists(), "no kill damages what is published"
    for question in _questions(data_dir):
        assert store.nearest(question, k=1)[0].score > 0.99
        assert store.matching(question, k=3)


def _questions(data_dir: Path) -> set[str]:
    with sqlite3.connect(data_dir / "catalogue.sqlite") as database:
        found = database.execute("SELECT record FROM entry WHERE state = 'live'").fetchall()
    return {json.loads(record)["question"] for (record,) in found}


def test_small_files_go_in_together_and_each_is_reported_with_its_own(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(12):
        sheet(folder / f"{n:02}.xlsx", [f"第{n}号门牌怎么补？", "到派出所。"])
    (folder / "05.xlsx").write_bytes(b"PK\x03\x04 and then nothing")
    changes = _revision(data_dir)
    assert main(["add", str(folder), "--json"]) == 3
    reports = json.loads(capsys.readouterr().out)
    assert [report["name"] for report in reports if report["reason"]] == ["many/05.xlsx"]
    assert sum(report["entries"] for report in reports) == 11
    assert _revision(data_dir) == changes + 1, "one step for all of them"


def test_an_entry_that_moves_from_file_to_file_belongs_to_the_last(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "moves"
    folder.mkdir()
    record = {"faq_id": "moved-1", "question": "门牌怎么补？", "answer": "到派出所。"}
    other = {"faq_id": "stays-1", "question": "户口怎么迁？", "answer": "到派出所。"}

    def write(name: str, *records: dict[str, str]) -> None:
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (folder / name).write_text("\n".join(lines), encoding="utf-8")

    write("a.jsonl", record, other)
    assert main(["add", str(folder)]) == 0
    write("a.jsonl", other)  # in one step: a lets go of it, b takes it
    write("b.jsonl", record, {**other, "faq_id": "new-1", "question": "户口怎么分？"})
    assert main(["add", str(folder)]) == 0
    origins = {entry.faq_id: entry.origin for entry in ChromaStore(data_dir)}
    assert origins["moved-1"] == "moves/b.jsonl"
    assert origins["stays-1"] == "moves/a.jsonl"
    assert main(["remove", "moves/a.jsonl"]) == 0
    assert "moved-1" in {entry.faq_id for entry in ChromaStore(data_dir)}


def test_every_step_is_told_and_ends_with_all_of_the_bytes(clerk: Path, tmp_path: Path) -> None:
    questions = [[f"第{n}号门牌怎么补？", "到派出所。"] for n in range(1200)]
    sheet(clerk / "big.xlsx", *questions)
    steps: list[FileProgress] = []
    with IngestJournal(tmp_path / "var") as journal:
        intake = IngestionPipeline(ScreenedStore(ChromaStore(tmp_path / "var")), journal)
        reports = list(intake.add([clerk], progress=steps.append))
    n_files, n_bytes = count_files([clerk])
    last = {step.name: step for step in steps}
    assert n_files == len(reports) == len(last) == 3
    assert sum(step.size * step.share for step in last.values()) == n_bytes
    big = [step.n_entries for step in steps if step.name.endswith("big.xlsx")]
    assert big == sorted(big) and big[0] == 0 and big[-1] == 1200 and len(set(big)) >= 3


def test_a_survey_counts_what_is_in_archives_and_trips_over_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("一.txt", "x" * 70)
        archive.writestr("__MACOSX/一.txt", "x" * 5)
        archive.writestr("二/", "")
        archive.writestr("二/二.txt", "y" * 30)
    (folder / "bad.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (folder / ".hidden").write_text("x")
    (folder / "b.md").write_text("# x")
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to("nowhere")
    n_files, n_bytes = count_files([folder, tmp_path / "missing"])
    assert n_files == 7, "two in the archive, a bad one, the rest each as one"
    assert n_bytes == 103


def test_left_out_pages_are_warned_of_and_the_exit_code_says_so(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "guide.pdf"), A4)
    for page in range(1, 13):
        if page == 7:
            picture = Image.new("RGB", (50, 70), "gray")
            canvas.drawInlineImage(picture, 0, 0, *A4)
        else:
            canvas.drawString(72, 700, f"Article {page} explains how to apply for a permit.")
        canvas.showPage()
    canvas.save()
    assert main(["add", str(tmp_path / "guide.pdf"), "--json"]) == 3
    [report] = json.loads(capsys.readouterr().out)
    assert report["outcome"] == "added" and report["entries"] > 0
    assert "page 7" in report["warnings"][0]


def _revision(data_dir: Path) -> int:
    with sqlite3.connect(data_dir / "catalogue.sqlite") as database:
        found = database.execute("SELECT value FROM fact WHERE name = 'revision'").fetchone()
    return int(found[0])
