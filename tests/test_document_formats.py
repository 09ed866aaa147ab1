"""A document format is one module that registers itself; docs/how-to-add-a-document-format.md."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.content import Content, Document, TextBlock, UnreadableFile
from ingest.files import find_files
from ingest.readers import registry
from ingest.readers.limits import LIMITS, ReadLimits
from ingest.readers.pool import read_many
from ingest.readers.registry import SourceFile, document_format, document_formats

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "how-to-add-a-document-format.md"


@document_format("ZWT", recognizes=lambda head: head.data.startswith(b"zwt1"), suffixes=(".zwt",))
def read_zwt(file: SourceFile) -> Content:
    lines = file.path.read_text("utf-8").split("\n")[1:]
    if lines == ["loop"]:
        while True:
            pass
    if lines == [""]:
        raise UnreadableFile("no_text")
    return Document(file.title, tuple(map(TextBlock, lines)))


@document_format("ZWZ", recognizes=lambda head: "zw/text.txt" in head.zip_parts)
def read_zwz(file: SourceFile) -> Content:
    with zipfile.ZipFile(file.path) as archive:
        return Document(file.title, (TextBlock(archive.read("zw/text.txt").decode()),))


def read_all(*paths: Path, limits: ReadLimits = LIMITS) -> list[Content | UnreadableFile]:
    with find_files(paths) as found:
        return [content for _, content in read_many(found, limits=limits)]


def test_a_reader_of_a_module_elsewhere_reads_its_files_in_the_worker(tmp_path: Path) -> None:
    (tmp_path / "通知.dat").write_text("zwt1\n护照到窗口换发。", "utf-8")
    with zipfile.ZipFile(tmp_path / "说明.zip", "w") as archive:
        archive.writestr("zw/text.txt", "一本护照。")
    notice, guide = read_all(tmp_path / "通知.dat", tmp_path / "说明.zip")
    assert notice == Document("通知", (TextBlock("护照到窗口换发。"),))
    assert guide == Document("说明", (TextBlock("一本护照。"),)), "no archive of files"


def test_the_limits_of_the_worker_hold_for_it_too(tmp_path: Path) -> None:
    (tmp_path / "a.zwt").write_text("zwt1\nloop", "utf-8")
    (tmp_path / "b.zwt").write_text("zwt1\n", "utf-8")
    slow, empty = read_all(tmp_path / "a.zwt", tmp_path / "b.zwt", limits=ReadLimits(seconds=1))
    assert isinstance(slow, UnreadableFile) and slow.message.code == "slow_file"
    assert isinstance(empty, UnreadableFile) and empty.message.code == "no_text"


def test_whoever_reads_none_of_a_file_is_told_every_format_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("text")
    [refused] = read_all(tmp_path / "a.xyz")
    assert isinstance(refused, UnreadableFile)
    names = {form.name for form in document_formats()}
    assert {"PDF", "DOCX", "XLSX", "PPTX", "HTML", "Markdown", "CSV", "JSON", "TXT", "ZWT"} <= names
    assert all(name in str(refused) for name in names)


@pytest.mark.parametrize("taken", [{"name": "PDF"}, {"name": "ZW9", "suffixes": (".csv",)}])
def test_a_name_or_suffix_that_is_taken_is_refused(taken: dict[str, object]) -> None:
    document_formats()
    with pytest.raises(ValueError, match=r"is read by ingest\.readers"):
        document_format(**taken)(read_zwt)  # type: ignore[arg-type]


@pytest.fixture
def followed_guide() -> Iterator[dict[str, str]]:
    """The files of the guide, put where it says."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    before = dict(registry._formats)
    written = {name: source for name, source in blocks}
    for name, source in written.items():
        assert not (ROOT / name).exists()
        (ROOT / name).write_text(source, "utf-8")
    registry._import_readers.cache_clear()
    yield written
    for name in written:
        (ROOT / name).unlink()
    registry._formats.clear()
    registry._formats.update(before)
    registry._import_readers.cache_clear()


def test_who_follows_the_guide_has_a_format_that_is_read(
    tmp_path: Path, followed_guide: dict[str, str]
) -> None:
    assert list(followed_guide) == ["ingest/readers/subtitles.py"]
    (tmp_path / "讲解.srt").write_text(
        "1\n00:00:01,000 --> 00:00:03,000\n护照到窗口换发。\n\n2\n00:00:04,000 --> "
        "00:00:06,000\n请带身份证。\n",
        "utf-8",
    )
    [found] = read_all(tmp_path / "讲解.srt")
    assert isinstance(found, Document), found
    assert [block.text for block in found.blocks] == ["护照到窗口换发。", "请带身份证。"]
