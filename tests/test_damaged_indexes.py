"""Indexes that no longer hold what was written to them: noticed, done without, made anew."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from agent import AnswerPipeline
from agent.serving.websocket import WebsocketServer
from agent.settings import ServerSettings, Settings
from avatar_engine.testing import StillAvatar
from ingest.__main__ import main
from retrievers import FaqEntry, StoreError
from retrievers.ranking.retrievers import HybridRetriever
from retrievers.store.chroma import ChromaStore
from retrievers.store.screened import ScreenedStore
from retrievers.store.vector_rebuild import VectorRebuild
from tests.session_doubles import SlowResponder, suit
from tts_engine.testing import ToneVoice

TOPICS = (
    "护照怎么换发？", "身份证丢了怎么补办？", "公积金怎么提取？", "居住证到哪里办理？",
    "营业执照如何申请？", "驾驶证过期了怎么换？", "新生儿户口怎么登记？", "医保卡怎么激活？",
)  # fmt: skip
ENTRIES = [
    FaqEntry(f"a-{n}", question, f"第{n}项到窗口办理。", (f"{question[:-1]}，要什么材料？",))
    for n, question in enumerate(TOPICS)
]
PASSPORT = ENTRIES[0]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was changed twice: what it holds now, and what it held before."""
    data_dir = tmp_path_factory.mktemp("written") / "var"
    store = ChromaStore(data_dir)
    store.add(ENTRIES[:4])
    store.add(ENTRIES[4:])
    return data_dir


@pytest.fixture
def data_dir(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "var"
    shutil.copytree(written, copy)
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(copy))
    return copy


def vectors_file(data_dir: Path, name: str) -> Path:
    """A file of the folder that is published: the latest."""
    return max(data_dir.rglob(name), key=lambda path: path.stat().st_mtime_ns)


def older(path: Path) -> Path:
    """The same file as it was before the last change."""
    return min(path.parents[2].rglob(path.name), key=lambda other: other.stat().st_mtime_ns)


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _torn(path: Path) -> None:
    """As after a kill between the writing of two files."""
    before = older(path)
    assert before != path
    shutil.copyfile(before, path)


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 50, len(content), len(content) // 20 or 1):
        content[place] ^= 0xFF
    path.write_bytes(content)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@dataclass(frozen=True)
class Damage:
    file: str
    how: Callable[[Path], None]

    def __str__(self) -> str:
        return f"{self.file}-{self.how.__name__.strip('_')}"


DAMAGES = [
    Damage("data_level0.bin", _torn),
    Damage("data_level0.bin", _flipped),
    Damage("header.bin", _missing),
    Damage("header.bin", _half),
    Damage("link_lists.bin", _missing),
    Damage("length.bin", _empty),
    Damage("index_metadata.pickle", _torn),
    Damage("index_metadata.pickle", _empty),
    Damage("chroma.sqlite3", _missing),
    Damage("chroma.sqlite3", _empty),
    Damage("chroma.sqlite3", _half),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_with_damaged_vectors_answers_are_found_by_words_and_the_next_change_makes_them_anew(
    data_dir: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    damage.how(vectors_file(data_dir, damage.file))
    store = ChromaStore(data_dir)
    for _ in range(2):
        best = HybridRetriever(store).search("我的护照要怎么换发呢", k=1)[0]
        assert best.entry == PASSPORT and best.score > 0.5, "what is sure is still answered"
    [problem] = store.problems()
    assert "words alone" in problem and "vectors" in problem
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len([r for r in warnings if "words alone" in r.getMessage()]) == 1, "it is said once"
    new = FaqEntry("b-1", "老年证怎么办？", "到社区办。")
    store.add([new])
    assert store.problems() == [] and store.check() == []
    assert store.nearest("老年证怎么办", k=1)[0].entry == new
    assert store.nearest("护照怎么换发？", k=1)[0].score > 0.99
    [kept] = (data_dir / "set-aside").iterdir()
    assert kept.name.startswith("vectors-"), "what was damaged is kept for a look at it"
    assert ChromaStore(data_dir).check() == []


def test_every_command_works_on_damaged_vectors(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = vectors_file(data_dir, "header.bin")
    _missing(broken)
    assert main(["check"]) == 1
    assert "damaged" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert main(["check", "--repair"]) == 0
    assert main(["check"]) == 0
    _missing(vectors_file(data_dir, "header.bin"))
    assert main(["rebuild"]) == 0
    assert main(["check"]) == 0
    _missing(vectors_file(data_dir, "header.bin"))
    (tmp_path / "one.jsonl").write_text(
        '{"id": "b-1", "question": "老年证怎么办？", "answer": "到社区办。"}\n', "utf-8"
    )
    assert main(["add", str(tmp_path / "one.jsonl")]) == 0
    assert main(["check"]) == 0
    _missing(vectors_file(data_dir, "header.bin"))
    assert main(["remove", "one.jsonl"]) == 0
    assert main(["check"]) == 0
    assert "Traceback" not in "".join(capsys.readouterr())


def test_a_running_service_makes_damaged_vectors_anew_by_itself(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrievers.store.vector_rebuild._FIRST_AFTER_S", 0.0)
    _missing(vectors_file(data_dir, "header.bin"))
    store = ChromaStore(data_dir)
    assert store.nearest("护照怎么换发", k=1)[0].entry == PASSPORT
    rebuild = store._rebuild_of_vectors
    assert rebuild is not None and rebuild._thread is not None
    rebuild._thread.join()
    assert store.nearest("护照怎么换发？", k=1)[0].score > 0.99
    assert store.problems() == [] and store.check() == []


def test_what_is_written_while_another_process_makes_the_vectors_anew_is_in_them(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _missing(vectors_file(data_dir, "header.bin"))
    rebuilding, writing = ChromaStore(data_dir), ChromaStore(data_dir)
    new = FaqEntry("b-1", "老年证怎么办？", "到社区办。")
    at_the_end = VectorRebuild._at_the_end

    def write_first(rebuild: VectorRebuild) -> object:
        monkeypatch.setattr(VectorRebuild, "_at_the_end", at_the_end)
        writing.change([new], removed=["a-1"])
        assert writing.matching("老年证", k=1)[0].entry == new
        return at_the_end(rebuild)

    monkeypatch.setattr(VectorRebuild, "_at_the_end", write_first)
    assert rebuilding._rebuild_of_vectors is not None
    rebuilding._rebuild_of_vectors.run(set_aside=True)
    assert rebuilding.nearest("老年证怎么办", k=1)[0].entry == new
    assert "a-1" not in [p.entry.faq_id for p in rebuilding.nearest("身份证丢了怎么补办", k=9)]
    assert rebuilding.check() == [] and writing.check() == []


@pytest.mark.parametrize("how", [_missing, _empty, _half, _flipped])
@pytest.mark.parametrize("suffix", [".idx", ".term", ".fast"])
def test_a_damaged_index_of_words_is_made_anew_when_it_is_opened(
    data_dir: Path, how: Callable[[Path], None], suffix: str
) -> None:
    for path in (data_dir / "words").glob(f"*{suffix}"):
        how(path)
    store = ChromaStore(data_dir)
    assert store.matching("护照怎么换发", k=1)[0].entry == PASSPORT
    assert store.check() == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"segments": []}'])
def test_an_index_of_words_that_forgot_its_parts_is_made_anew(
    data_dir: Path, content: bytes
) -> None:
    (data_dir / "words" / "meta.json").write_bytes(content)
    store = ChromaStore(data_dir)
    assert store.matching("护照怎么换发", k=1)[0].entry == PASSPORT
    assert store.check() == []


def test_no_damage_is_seen_in_a_store_that_is_changed_while_others_read(data_dir: Path) -> None:
    reading, writing = ChromaStore(data_dir), ChromaStore(data_dir)
    for n in range(4):
        writing.change([FaqEntry(f"b-{n}", f"第{n}种登记怎么办？", "办。")], removed=[f"b-{n - 1}"])
        assert reading.nearest(f"第{n}种登记怎么办", k=1)[0].entry.faq_id == f"b-{n}"
        assert reading.problems() == []
    folders = sorted(path.name for path in (data_dir / "vectors").iterdir())
    assert len(folders) == 2, "the published one, and the one before for those about to open it"


@pytest.mark.parametrize("how", [_half, _flipped])
def test_a_damaged_catalogue_is_named_with_what_to_do(
    data_dir: Path, how: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    how(data_dir / "catalogue.sqlite")
    for command in (["list"], ["check"], ["check", "--repair"], ["rebuild"]):
        assert main(command) == 1
        said = "".join(capsys.readouterr())
        assert "catalogue.sqlite is damaged" in said and "zhengwen restore" in said
        assert "Traceback" not in said


def test_an_entry_of_the_catalogue_that_cannot_be_read_is_named(data_dir: Path) -> None:
    with sqlite3.connect(data_dir / "catalogue.sqlite") as database:
        database.execute("UPDATE entry SET record = '{' WHERE faq_id = 'a-3'")
    with pytest.raises(StoreError, match=r"catalogue\.sqlite is damaged: the entry in row"):
        list(ChromaStore(data_dir))
    assert os.listdir(data_dir / "vectors")


async def test_whoever_watches_the_service_is_told_that_it_answers_by_words_alone(
    data_dir: Path, tmp_path: Path
) -> None:
    vectors_file(data_dir, "header.bin").unlink()
    store = ScreenedStore(ChromaStore(data_dir))
    pipeline = AnswerPipeline(SlowResponder(1, 0.0), ToneVoice(), StillAvatar())
    settings = Settings(data_dir=tmp_path, server=ServerSettings(port=0))
    server = WebsocketServer(pipeline, suit(), settings, problems=store.problems)
    async with server.listen() as listener, httpx.AsyncClient(trust_env=False) as client:
        address = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/healthz"
        sick = await client.get(address)
        store.add([FaqEntry("b-1", "老年证怎么办？", "到社区办。")])
        well = await client.get(address)
    assert sick.status_code == 200, "it answers"
    assert sick.text.startswith("ok\nanswers are found by words alone: the vectors are to be made")
    assert str(data_dir) not in sick.text
    assert well.text == "ok\n"
