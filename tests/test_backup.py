"""A backup is one archive: made and put back while the service answers, and verified before."""

import shutil
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from agent import Answer
from agent.feedback_store import FEEDBACK, FeedbackStore
from ingest.backup import BackupError, backup, restore
from ingest.journal import IngestJournal
from ingest.messages import message
from retrievers import FaqEntry
from retrievers.store.chroma import ChromaStore
from zhengwen.cli import main

PASSPORT = FaqEntry("a-1", "护照怎么换发？", "到窗口换发。", origin="a.csv")
FUND = FaqEntry("a-2", "公积金怎么提取？", "在线申请。", origin="a.csv")


def rate(folder: Path, reply: str) -> None:
    feedback = FeedbackStore(folder)
    feedback.note_given("session-0001", reply, Answer("到窗口换发。", "answered"))
    assert feedback.keep("session-0001", reply, 1, "")


def n_ratings(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FEEDBACK)) as database:
        return int(database.execute("SELECT count(*) FROM feedback").fetchone()[0])


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    ChromaStore(folder).add([PASSPORT, FUND])
    rate(folder, "r1")
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(folder))
    return folder


def test_what_was_lost_is_back_and_a_running_service_answers_from_it(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with IngestJournal(data_dir) as journal:
        journal.note("add", "a.csv", message("n_entries", n=2))
    running = ChromaStore(data_dir)
    assert main(["backup", str(tmp_path / "kept.zip")]) == 0
    assert "2 entries in" in capsys.readouterr().out
    # Rows are given anew after the backup: what the service remembers of them is wrong then.
    running.remove(["a-1", "a-2"])
    running.add([FaqEntry(f"b-{n}", f"第{n}种登记怎么办？", "办。") for n in range(5)])
    assert running.nearest("第3种登记怎么办", k=1)[0].entry.faq_id == "b-3"
    assert main(["restore", str(tmp_path / "kept.zip")]) == 0
    assert "2 entries of" in capsys.readouterr().out
    assert running.nearest("护照怎么换发？", k=1)[0].entry == PASSPORT
    assert running.matching("公积金怎么提取", k=1)[0].entry == FUND
    assert list(running) == list(ChromaStore(data_dir)) == [PASSPORT, FUND]
    assert running.problems() == [] and running.check() == []
    running.add([FaqEntry("c-1", "居住证怎么办？", "到窗口办。")])
    assert running.nearest("居住证怎么办？", k=1)[0].score > 0.99
    assert running.check() == [] and ChromaStore(data_dir).check() == []
    with IngestJournal(data_dir) as journal:
        assert [act.action for act in journal.audit()] == ["add", "restore"]


@pytest.mark.parametrize("lost", ["everything", "catalogue", "catalogue.sqlite", "vectors"])
def test_a_backup_mends_a_store_that_is_damaged_or_gone(
    data_dir: Path, tmp_path: Path, lost: str
) -> None:
    backup(data_dir, tmp_path / "kept.zip")
    if lost == "everything":
        shutil.rmtree(data_dir)
    elif lost == "catalogue":
        (data_dir / "catalogue.sqlite").unlink()
    elif lost == "vectors":
        shutil.rmtree(data_dir / "vectors")
    else:
        (data_dir / lost).write_bytes(b"no database" * 1000)
    assert restore(data_dir, tmp_path / "kept.zip").has_vectors
    store = ChromaStore(data_dir)
    assert list(store) == [PASSPORT, FUND] and store.check() == []
    assert n_ratings(data_dir) == 1
    assert stat.filemode((data_dir / FEEDBACK).stat().st_mode) == "-rw-------"


def test_feedback_that_was_given_since_the_backup_stays(data_dir: Path, tmp_path: Path) -> None:
    backup(data_dir, tmp_path / "kept.zip")
    rate(data_dir, "r2")
    restore(data_dir, tmp_path / "kept.zip")
    assert n_ratings(data_dir) == 2


def test_damaged_vectors_are_left_out_and_made_anew_later(data_dir: Path, tmp_path: Path) -> None:
    for header in data_dir.rglob("header.bin"):
        header.unlink()
    assert not backup(data_dir, tmp_path / "kept.zip").has_vectors
    assert not restore(data_dir, tmp_path / "kept.zip").has_vectors
    store = ChromaStore(data_dir)
    assert store.nearest("护照怎么换发", k=1)[0].entry == PASSPORT, "by words, for now"
    store.remove(["a-2"])
    assert store.problems() == [] and store.check() == []


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_damaged_archive_is_refused_and_nothing_is_changed(
    data_dir: Path, tmp_path: Path, share: float, how: str
) -> None:
    archive = tmp_path / "kept.zip"
    backup(data_dir, archive)
    content = bytearray(archive.read_bytes())
    place = int(len(content) * share)
    if how == "cut":
        del content[place:]
    else:
        for at in range(place, place + 40):
            content[at] ^= 0xFF
    archive.write_bytes(content)
    ChromaStore(data_dir).add([FaqEntry("c-1", "居住证怎么办？", "到窗口办。")])
    with pytest.raises(BackupError, match=r"kept\.zip is"):
        restore(data_dir, archive)
    assert len(ChromaStore(data_dir)) == 3
    assert not (data_dir / "restoring").exists()


def test_what_is_no_backup_is_refused(data_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "x")
    with pytest.raises(BackupError, match="no backup"):
        restore(data_dir, tmp_path / "other.zip")
    with pytest.raises(BackupError, match="no knowledge base"):
        backup(tmp_path / "nothing", tmp_path / "kept.zip")
    (data_dir / "catalogue.sqlite").write_bytes(b"no database" * 1000)
    assert main(["backup", str(tmp_path / "kept.zip")]) == 1
    assert not (tmp_path / "kept.zip").exists(), "a good backup is not replaced by a bad one"
