"""On a full or a read-only disk everything can be read, and whoever writes is told what to do."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.__main__ import main
from retrievers import FaqEntry
from retrievers.ranking.retrievers import HybridRetriever
from retrievers.store.chroma import ChromaStore

PASSPORT = FaqEntry("a-1", "护照怎么换发？", "到窗口换发。", origin="a.csv")
FUND = FaqEntry("a-2", "公积金怎么提取？", "在线申请。", origin="a.csv")
DISK_MIB = 12


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    while not subprocess.run(["umount", "--lazy", str(folder)], capture_output=True).returncode:
        pass


def _fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _make_read_only(disk: Path) -> None:
    # A mount of the same folder on top of it, since files of it are open for writing.
    subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)


def _make_room(disk: Path) -> None:
    if (disk / "filler").is_file():
        (disk / "filler").unlink()
    else:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("spoil", [_fill, _make_read_only])
def test_answers_are_found_as_ever_and_a_change_says_why_it_cannot_be_made(
    spoil: Callable[[Path], None],
    disk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data_dir = disk / "var"
    ChromaStore(data_dir).add([PASSPORT, FUND])
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(data_dir))
    new = tmp_path / "new.csv"
    new.write_text("id,question,answer\nn-1,门牌怎么补？,到派出所。\n", "utf-8")
    main(["add", str(new)])
    new.write_text("id,question,answer\nn-1,门牌怎么换？,到派出所。\n", "utf-8")
    running = ChromaStore(data_dir)
    spoil(disk)
    capsys.readouterr()
    for store in (running, ChromaStore(data_dir)):
        assert store.nearest("护照怎么换发？", k=1)[0].score > 0.99
        assert HybridRetriever(store).search("公积金怎么提取", k=1)[0].score > 0.9
        assert store.problems() == []
    assert main(["list"]) == 0
    assert main(["check"]) in (0, 1)
    capsys.readouterr()
    for command in (["add", str(new)], ["remove", "new.csv"], ["rebuild"], ["check", "--repair"]):
        code = main(command)
        said = "".join(capsys.readouterr())
        assert "Traceback" not in said
        if command[0] != "check":
            assert code == 1
            assert "cannot be" in said and ("full" in said or "read-only" in said.lower()), command
            assert str(disk) in said, "the file is named"
    assert len(list(running)) == 3, "nothing was changed"
    _make_room(disk)
    assert main(["add", str(new)]) == 0
    assert main(["check"]) == 0
    assert ChromaStore(data_dir).nearest("门牌怎么换？", k=1)[0].score > 0.99
