"""The knowledge base in a real Chroma collection."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from agent.build import LoadedStages
from retrievers import FaqEntry, Scope, StoreError
from retrievers.store import chroma
from retrievers.store.bm25_index import Bm25Index
from retrievers.store.catalogue import Catalogue
from retrievers.store.chroma import SHIPPED_ENCODER, ChromaStore
from retrievers.store.faq_files import FaqFileError, from_record, read_file, read_folder, to_record
from retrievers.testing import check_store
from retrievers.text.tokenization import tokenize_entry


def test_chroma_keeps_the_contract_of_every_store(tmp_path: Path) -> None:
    check_store(ChromaStore(tmp_path))


def test_what_is_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    entry = FaqEntry("a-1", "护照怎么换？", "到出入境窗口换发。", wordings=("换护照",))
    ChromaStore(tmp_path).add([entry])
    assert list(ChromaStore(tmp_path)) == [entry]


def test_vectors_of_two_encoders_are_never_mixed(tmp_path: Path) -> None:
    other = _another_encoder(tmp_path)
    entry = FaqEntry("a-1", "护照怎么换？", "到窗口换发。")
    ChromaStore(tmp_path).add([entry])
    with pytest.raises(StoreError, match="python -m ingest rebuild"):
        ChromaStore(tmp_path, encoder=other)
    rebuilt = ChromaStore(tmp_path, encoder=other, rebuild=True)
    assert [p.entry for p in rebuilt.nearest("护照怎么换", k=3)] == [entry]
    with pytest.raises(StoreError, match="another sentence encoder"):
        ChromaStore(tmp_path)


def _another_encoder(folder: Path) -> Path:
    """The shipped one, of which one byte differs."""
    other = folder / "encoder"
    shutil.copytree(SHIPPED_ENCODER, other)
    with (other / "tokenizer.json").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("\n")
    return other


def test_an_error_in_the_middle_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path)
    kept = FaqEntry("a-1", "护照怎么换？", "到窗口换发。")
    store.add([kept])

    def entries() -> Iterator[FaqEntry]:
        yield FaqEntry("a-1", "护照怎么换？", "改过了。")
        for n in range(1500):
            yield FaqEntry(f"b-{n}", f"第{n}项怎么办？", "到窗口办。")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        store.add(entries())
    assert list(store) == [kept]
    assert [p.entry for p in store.nearest("护照怎么换", k=5)] == [kept]
    assert [p.entry for p in store.matching("第7项怎么办", k=5)] == []


def test_a_writer_that_is_killed_leaves_nothing_behind(
    tmp_path: Path, quick_starts: ForkServerContext
) -> None:
    kept = FaqEntry("a-1", "护照怎么换？", "到窗口换发。")
    ChromaStore(tmp_path).add([kept])
    writer = quick_starts.Process(target=_die_in_the_middle_of_a_change, args=(tmp_path,))
    writer.start()
    writer.join()
    assert writer.exitcode == 9
    store = ChromaStore(tmp_path)
    assert [p.entry for p in store.nearest("护照怎么换", k=5)] == [kept]
    store.add([FaqEntry("a-2", "签证怎么办？", "到窗口办。")])
    assert [entry.faq_id for entry in store] == ["a-1", "a-2"]
    assert len(store._vectors) == 2, "the next writer sweeps what the dead one left"


def _die_in_the_middle_of_a_change(data_dir: Path) -> None:
    def die(*arguments: object) -> None:
        os._exit(9)

    Catalogue.flip = die  # type: ignore[assignment, method-assign]
    ChromaStore(data_dir).add([FaqEntry("a-1", "护照怎么换？", "改过了。")])


def test_what_another_process_writes_is_found_with_the_next_question(
    tmp_path: Path, quick_starts: ForkServerContext
) -> None:
    store = ChromaStore(tmp_path)
    store.add([FaqEntry("a-1", "护照怎么换？", "到窗口换发。")])
    assert store.nearest("公积金怎么提取", k=1)[0].entry.faq_id == "a-1"
    _change_in_another_process(tmp_path, quick_starts)
    assert [p.entry.faq_id for p in store.nearest("公积金怎么提取", k=2)] == ["b-1"]
    assert [p.entry.faq_id for p in store.matching("公积金", k=2)] == ["b-1"]
    assert store.matching("护照", k=2) == []


def _change_in_another_process(data_dir: Path, quick_starts: ForkServerContext) -> None:
    writer = quick_starts.Process(target=_change, args=(data_dir,))
    writer.start()
    writer.join()
    assert writer.exitcode == 0


def _change(data_dir: Path) -> None:
    """Put b-1 in the place of a-1."""
    entry = FaqEntry("b-1", "公积金怎么提取？", "在线申请。")
    ChromaStore(data_dir).change([entry], removed=["a-1"])


def test_what_another_process_wrote_is_found_after_a_change_of_our_own(
    tmp_path: Path, quick_starts: ForkServerContext
) -> None:
    ours = ChromaStore(tmp_path)
    ours.add([FaqEntry("a-1", "护照怎么换？", "到窗口换发。")])
    _change_in_another_process(tmp_path, quick_starts)
    ours.add([FaqEntry("c-1", "居住证怎么办？", "到窗口办。")])
    assert ours.nearest("公积金怎么提取", k=1)[0].entry.faq_id == "b-1"
    assert ours.matching("公积金", k=1)[0].entry.faq_id == "b-1"


def test_a_store_in_use_notices_that_it_was_rebuilt_with_another_encoder(tmp_path: Path) -> None:
    in_use = ChromaStore(tmp_path / "data")
    in_use.add([FaqEntry("a-1", "护照怎么换？", "到窗口换发。")])
    ChromaStore(tmp_path / "data", encoder=_another_encoder(tmp_path), rebuild=True)
    with pytest.raises(StoreError, match="another sentence encoder"):
        in_use.nearest("护照怎么换", k=1)
    with pytest.raises(StoreError, match="another sentence encoder"):
        in_use.add([FaqEntry("a-2", "签证怎么办？", "到窗口办。")])


def test_a_check_finds_and_repairs_what_was_lost(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path)
    store.add([FaqEntry(f"a-{n}", f"第{n}项怎么办？", "办。", ("又问",)) for n in range(3)])
    assert store.check() == []
    first, second, third = (row for row, _ in store._catalogue.rows())
    change = store._vectors.change()
    change.remove({first: [1]})
    store._catalogue.publish(change.seal())
    change.adopt()
    store._words.change({}, [second])
    ghost = FaqEntry("x", "幽灵？", "无。")
    store._words.change({9999: (ghost, tokenize_entry(ghost))})
    assert len(store.check()) == 3
    assert len(store.check(repair=True)) == 3
    assert store.check() == []
    assert store.nearest("第0项怎么办", k=1)[0].entry.faq_id == "a-0"
    assert third in store._words.rows()


def test_a_second_writer_is_told_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "WRITE_LOCK_TIMEOUT", 0.1)
    first, second = ChromaStore(tmp_path), ChromaStore(tmp_path)

    def entries() -> Iterator[FaqEntry]:
        yield FaqEntry("a-1", "护照怎么换？", "到窗口换发。")
        with pytest.raises(StoreError, match="another process is writing"):
            second.remove(["a-1"])

    first.add(entries())
    assert len(second) == 1


def test_what_is_there_already_is_not_embedded_again(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path)
    entries = [FaqEntry(f"a-{n}", f"第{n}项怎么办？", "到窗口办。") for n in range(3)]
    store.add(entries)
    rows = [row for row, _ in store._catalogue.rows()]
    store.add([*entries[:2], replace(entries[2], answer="网上办。")])
    assert [row for row, _ in store._catalogue.rows()][:2] == rows[:2]
    assert [entry.answer for entry in store][2] == "网上办。"


def test_words_can_be_written_after_a_writer_that_died_within_its_commit(tmp_path: Path) -> None:
    """It leaves files that the index does not know, with the names that come next."""
    entries = [FaqEntry(f"a-{n}", f"第{n}个证怎么办？", "到窗口办。") for n in range(2)]
    index = Bm25Index(tmp_path)
    index.change({n: (entry, tokenize_entry(entry)) for n, entry in enumerate(entries)})
    before = (tmp_path / "meta.json").read_bytes()
    index.change({}, [0])
    (tmp_path / "meta.json").write_bytes(before)  # is what a commit writes last
    again = Bm25Index(tmp_path)
    assert again.rows() == {0, 1}
    again.change({}, [0])
    assert again.rows() == {1}


def test_the_few_entries_of_one_town_are_found_among_many(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path)
    many = [
        FaqEntry(f"n-{n}", f"居住证在第{n}号窗口怎么办？", "办。", region="宁波市")
        for n in range(300)
    ]
    store.add([*many, FaqEntry("h-1", "医保卡丢了怎么办？", "补办。", region="杭州市")])
    found = store.nearest("居住证怎么办", k=3, within=Scope(region="杭州市"))
    assert [p.entry.faq_id for p in found] == ["h-1"]


def test_vectors_may_live_on_a_chroma_server(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with pytest.raises(StoreError, match="no Chroma server"):
        ChromaStore(tmp_path / "early", server=address)
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(tmp_path / "far")]
    server = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        check_store(_connected(tmp_path / "near", address))
    finally:
        server.terminate()
        server.wait()
    assert not (tmp_path / "near" / "chroma").exists()


def test_a_store_in_a_folder_opens_after_one_on_a_server(tmp_path: Path) -> None:
    """Whether the server answers or not: the same process may open both."""
    with pytest.raises(StoreError, match="no Chroma server"):
        ChromaStore(tmp_path / "far", server="http://127.0.0.1:9")
    near = ChromaStore(tmp_path / "near")
    near.add([FaqEntry("a-1", "护照怎么换？", "到窗口换发。")])
    with pytest.raises(StoreError, match="no Chroma server"):
        ChromaStore(tmp_path / "far", server="http://127.0.0.1:10")
    assert [p.entry.faq_id for p in near.nearest("护照怎么换", k=1)] == ["a-1"]
    ChromaStore(tmp_path / "near").remove(["a-1"])
    assert near.nearest("护照怎么换", k=1) == []


def _connected(data_dir: Path, address: str) -> ChromaStore:
    for _ in range(100):
        try:
            return ChromaStore(data_dir, server=address)
        except StoreError:
            time.sleep(0.2)
    raise AssertionError("the Chroma server did not come up")


def test_every_entry_of_the_sample_is_found_by_each_of_its_own_wordings(
    stages: LoadedStages, faq_folder: Path
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
