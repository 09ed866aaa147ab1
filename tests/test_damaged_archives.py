"""Zip files in which one byte is wrong: each is refused in words, or read as if it were whole."""

import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.backup import BackupError, backup, restore
from ingest.content import UnreadableFile
from ingest.files import FoundFile, find_files
from ingest.readers.reading import read
from ingest.review_sheet import read_review, write_review
from retrievers import FaqEntry
from retrievers.store.chroma import ChromaStore

ENTRIES = [
    FaqEntry("a-1", "护照怎么换发？", "到窗口换发。", origin="a.csv"),
    FaqEntry("a-2", "公积金怎么提取？", "在线申请。", origin="a.csv"),
]


def with_one_wrong_byte(content: bytes, n_structure: int = 200) -> Iterator[bytes]:
    """The same file again and again, with a wrong byte in its headers, directory or contents."""
    chosen = random.Random(19)
    directory = content.find(b"PK\x01\x02")
    headers = [at + k for at in places(content, b"PK\x03\x04") for k in range(30)]
    structure = [*headers, *range(directory, len(content))]
    wrong = {*chosen.sample(structure, n_structure), *chosen.sample(range(directory), 200)}
    for at in sorted(wrong):
        flipped = bytearray(content)
        flipped[at] ^= chosen.choice((0x01, 0x08, 0x40, 0xFF))
        yield bytes(flipped)


def places(content: bytes, sign: bytes) -> Iterator[int]:
    at = content.find(sign)
    while at >= 0:
        yield at
        at = content.find(sign, at + 1)


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_with_a_wrong_byte_is_refused_with_nothing_changed_or_put_back_whole(
    tmp_path: Path,
) -> None:
    data_dir, archive = tmp_path / "var", tmp_path / "kept.zip"
    ChromaStore(data_dir).add(ENTRIES)
    backup(data_dir, archive)
    before = files_of(data_dir)
    refused = restored = 0
    for flipped in with_one_wrong_byte(archive.read_bytes(), 40):
        archive.write_bytes(flipped)
        try:
            restore(data_dir, archive)
        except BackupError as error:
            assert str(error).startswith(f"{archive} ")
            assert files_of(data_dir) == before
            refused += 1
        else:  # a wrong date of a member, say
            assert list(ChromaStore(data_dir)) == ENTRIES
            before = files_of(data_dir)
            restored += 1
    assert refused > 200 and restored > 0


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        '{"format": 1, "made": "", "entries": 0, "files": {}}',
        '{"format": 1, "made": "", "entries": 0, "files": []}',
        '{"format": "x", "made": "", "entries": 0, "files": {"catalogue.sqlite": ""}}',
        '{"format": 1, "entries": 0, "files": {"catalogue.sqlite": ""}}',
        '{"format": 1, "made": "", "entries": 0, "files": {"catalogue.sqlite": "", "../a": ""}}',
        '{"format": 9, "made": "", "entries": 0, "files": {"catalogue.sqlite": ""}}',
        "[" * 100_000,
    ],
)
def test_a_backup_whose_list_of_files_is_none_is_refused_with_nothing_changed(
    tmp_path: Path, manifest: str
) -> None:
    ChromaStore(tmp_path / "var").add(ENTRIES)
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("backup.json", manifest)
        made.writestr("../a", "x")
        made.writestr("catalogue.sqlite", b"")
    with pytest.raises(BackupError, match=r"no backup|later version"):
        restore(tmp_path / "var", tmp_path / "made.zip")
    assert list(ChromaStore(tmp_path / "var")) == ENTRIES
    assert not (tmp_path / "a").exists()


def test_a_zip_of_documents_with_a_wrong_byte_gives_what_is_whole_and_names_what_is_not(
    tmp_path: Path,
) -> None:
    contents = {f"{n}.txt": f"第{n}章 登记\n".encode() * 50 for n in range(6)}
    packings = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    archive = tmp_path / "kept.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for n, (name, content) in enumerate(contents.items()):
            packed.writestr(name, content, compress_type=packings[n % len(packings)])
    refused = 0
    for flipped in with_one_wrong_byte(archive.read_bytes()):
        archive.write_bytes(flipped)
        with find_files([archive]) as found:
            for file in found:
                if isinstance(file, FoundFile):
                    assert file.path == archive or file.path.read_bytes() in contents.values()
                else:
                    assert str(file.reason)
                    refused += 1
    assert refused > 200


def test_a_review_with_a_wrong_byte_is_refused_or_read(tmp_path: Path) -> None:
    review = tmp_path / "review.xlsx"
    write_review(review, ENTRIES)
    refused = 0
    for flipped in with_one_wrong_byte(review.read_bytes()):
        review.write_bytes(flipped)
        try:
            decisions = read_review(review)
        except UnreadableFile:
            refused += 1
        else:
            assert decisions.waiting == tuple(ENTRIES)
    assert refused > 200


def test_a_spreadsheet_with_a_wrong_byte_is_refused_or_read(tmp_path: Path) -> None:
    sheet = tmp_path / "review.xlsx"
    write_review(sheet, ENTRIES)
    whole = read(sheet, name="review.xlsx")
    refused = 0
    for flipped in with_one_wrong_byte(sheet.read_bytes()):
        sheet.write_bytes(flipped)
        try:
            found = read(sheet, name="review.xlsx")
        except UnreadableFile:
            refused += 1
        else:
            assert found == whole
    assert refused > 200
