"""Hostile and broken files: one clear line each, in bounded memory and time; the others go in."""

import io
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import docx
import openpyxl
import psutil
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ingest.content import Content, Document, UnreadableFile
from ingest.files import FoundFile, RefusedFile, count_files, find_files
from ingest.readers.limits import LIMITS, ReadLimits
from ingest.readers.pool import read_many
from ingest.readers.reading import read

GOOD = "问题,答案\n身份证怎么办,去派出所\n"


def refusal(path: Path, limits: ReadLimits = LIMITS, ocr: bool = False) -> str:
    """The one line that a file gets."""
    with pytest.raises(UnreadableFile) as caught:
        read(path, name=path.name, limits=limits, ocr=ocr)
    line = str(caught.value)
    assert line.startswith(f"{path.name}: ")
    assert "\n" not in line
    return line


def listed(paths: Sequence[Path], limits: ReadLimits = LIMITS) -> list[tuple[str, str]]:
    """Names of what is found, with the reason where it is refused."""
    with find_files(paths, limits) as found:
        return [(item.name, str(getattr(item, "reason", ""))) for item in found]


def taken(
    paths: Sequence[Path], limits: ReadLimits = LIMITS, workers: int = 1
) -> list[tuple[FoundFile | RefusedFile, Content | UnreadableFile]]:
    with find_files(paths, limits) as found:
        return list(read_many(found, limits=limits, workers=workers))


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["问题", "答案"])
    sheet.append(["甲", "乙"])
    book.save(path)
    return path


def word(path: Path) -> Path:
    text = docx.Document()
    text.add_paragraph("正文在这里。")
    text.save(str(path))
    return path


def pdf(path: Path, encrypt: StandardEncryption | None = None, pages: int = 1) -> Path:
    canvas = Canvas(str(path), encrypt=encrypt)
    for number in range(pages):
        canvas.drawString(72, 700, f"Residents apply at office number {number}.")
        canvas.showPage()
    canvas.save()
    return path


def replaced(path: Path, part: str, data: bytes) -> Path:
    """An office file with one part exchanged."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | {part: data}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


# --- archives


def test_a_zip_bomb_is_refused_and_its_neighbours_go_in(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"0" * (20 << 20))
        archive.writestr("faq.csv", GOOD)
    found = listed([path])
    assert [name for name, _ in found] == ["a.zip › bomb.txt", "a.zip › faq.csv"]
    assert "zip bomb" in found[0][1] and not found[1][1]


def test_archives_together_unpack_to_a_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.txt", os.urandom(1000))
    reasons = [reason for _, reason in listed([path], replace(LIMITS, unpacked_bytes=3000))]
    assert ["together" in reason for reason in reasons] == [False, False, False, True, True]


def test_an_archive_of_countless_members_is_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50):
            archive.writestr(f"{number}.txt", "")
    assert "more than 40 members" in listed([path], replace(LIMITS, members=40))[0][1]


def test_archives_within_archives_end_at_two(tmp_path: Path) -> None:
    data = b""
    for level in range(4):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("faq.csv", GOOD)
            if data:
                archive.writestr(f"{level}.zip", data)
        data = packed.getvalue()
    (tmp_path / "a.zip").write_bytes(data)
    found = listed([tmp_path / "a.zip"])
    assert [name for name, _ in found] == [
        "a.zip › 3.zip › 2.zip", "a.zip › 3.zip › faq.csv", "a.zip › faq.csv",
    ]  # fmt: skip
    assert "3 deep" in found[0][1]


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "..\\..\\evil.csv", "C:\\evil.csv", "a/../../e.csv"]
)
def test_members_that_point_out_of_their_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deep" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, GOOD)
    ((_, reason),) = listed([path])
    assert "points out of its archive" in reason
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


def test_links_in_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("passwords.txt")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in listed([path])[0][1]


def test_names_that_a_chinese_windows_packed_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XXXX/YYYY.csv", GOOD)
    raw = path.read_bytes().replace(b"XXXX", "目录".encode("gbk"))
    path.write_bytes(raw.replace(b"YYYY", "户籍".encode("gbk")))
    assert listed([path]) == [("a.zip › 目录/户籍.csv", "")]


def test_a_locked_member_and_a_damaged_one_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.csv", "b.csv", "c.csv"):
            archive.writestr(name, GOOD + name)
    data = bytearray(path.read_bytes())
    data[data.index(b"b.csv" + GOOD.encode()) + 8] ^= 1  # its checksum no longer fits
    for entry in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(entry) + (6 if entry[2] == 3 else 8)] |= 1  # a.csv is encrypted
    path.write_bytes(data)
    reasons = dict(listed([path]))
    assert "password" in reasons["a.zip › a.csv"]
    assert "damaged" in reasons["a.zip › b.csv"]
    assert reasons["a.zip › c.csv"] == ""


def test_an_archive_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("faq.csv", GOOD * 100)
    path.write_bytes(path.read_bytes()[:-60])
    assert "breaks off" in listed([path])[0][1]


# --- names and folders


def test_folders_are_walked_in_order_without_locks_and_hidden_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "子目录/c.csv", "~$a.docx", ".secret.csv", "Thumbs.db",
                 "__MACOSX/a.csv", ".git/a.csv"):  # fmt: skip
        (tmp_path / "faq" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "faq" / name).write_text(GOOD)
    assert [name for name, _ in listed([tmp_path / "faq"])] == [
        "faq/a.csv", "faq/b.csv", "faq/子目录/c.csv",
    ]  # fmt: skip


def test_names_with_emoji_go_in_and_hidden_marks_are_shown(tmp_path: Path) -> None:
    for name in ("报告😀👨‍👩‍👧.csv", "发票\u202evsc.csv", "两\n行.csv"):
        (tmp_path / name).write_text(GOOD)
    os.mkdir(os.fsencode(tmp_path) + "/户籍".encode("gbk"))
    (Path(os.fsdecode(os.fsencode(tmp_path) + "/户籍".encode("gbk"))) / "a.csv").write_text(GOOD)
    results = taken([tmp_path])
    assert {item.name.removeprefix(f"{tmp_path.name}/") for item, _ in results} == {
        "报告😀👨‍👩‍👧.csv", "发票⟨U+202E⟩vsc.csv", "两⟨U+000A⟩行.csv", "户籍/a.csv",
    }  # fmt: skip
    assert all(isinstance(content, tuple) for _, content in results)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "broken.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    reasons = dict(listed([tmp_path, tmp_path / "missing.csv"]))
    assert "not a file" in reasons[f"{tmp_path.name}/pipe.csv"]
    assert "no such file" in reasons[f"{tmp_path.name}/broken.csv"]
    assert "no such file" in reasons["missing.csv"]
    assert len(reasons) == 3


def test_a_link_out_of_the_folder_is_refused_and_never_read(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (outside / "more").mkdir(parents=True)
    folder.mkdir()
    (outside / "secret.csv").write_text("问题,答案\n口令,不外传\n")
    (folder / "good.csv").write_text(GOOD)
    (folder / "inside.csv").symlink_to("good.csv")
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    (folder / "up.csv").symlink_to("../outside/secret.csv")
    (folder / "chain.csv").symlink_to("up.csv")
    (folder / "more").symlink_to(outside / "more")
    reasons = dict(listed([folder]))
    refused = {name for name, reason in reasons.items() if "outside the folder" in reason}
    assert refused == {f"folder/{name}" for name in ("passwd.txt", "up.csv", "chain.csv", "more")}
    assert reasons["folder/good.csv"] == reasons["folder/inside.csv"] == ""
    files, size = count_files([folder])
    assert (files, size) == (2, 2 * len(GOOD.encode()))
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    assert dict(listed([linked]))["linked/good.csv"] == "", "the folder given may be a link"


def test_equal_files_have_equal_sums_and_unpacked_ones_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("c.csv", GOOD)
    with find_files([tmp_path]) as found:
        one, other = list(found)
        assert isinstance(one, FoundFile) and isinstance(other, FoundFile)
        assert one.sha256 == other.sha256 and other.path.exists()
    assert not other.path.exists()


# --- single files


def test_a_file_that_is_too_big_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(LIMITS.file_bytes + 1)
    path.chmod(0)
    assert "at most 200 are read" in refusal(path)
    assert "at most 200 are read" in listed([path])[0][1]


def test_a_line_of_endless_length_is_refused(tmp_path: Path) -> None:
    for name in ("a.txt", "a.csv", "a.md"):
        path = tmp_path / name
        path.write_text("开头\n" + "长" * 2000)
        assert "line 2 has 2000 characters" in refusal(path, replace(LIMITS, line_chars=1000))
        assert "MiB of text" in refusal(path, replace(LIMITS, text_bytes=1000))


def test_a_quotation_mark_that_is_never_closed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('问题,答案\n甲,"乙\n' + "丙,丁\n" * 1000)
    assert "quotation mark" in refusal(path, replace(LIMITS, line_chars=1000))


@pytest.mark.parametrize("build", [word, workbook])
def test_office_files_that_unpack_to_too_much_are_refused(tmp_path: Path, build: object) -> None:
    path = build(tmp_path / "a.office")  # type: ignore[operator]
    replaced(path, "media/zeros.xml", b" " * (30 << 20))
    assert "zip bomb" in refusal(path)
    assert "unpacks to more than 1 MiB" in refusal(
        path, replace(LIMITS, ratio=10**6, parts_bytes=1 << 20)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused_and_never_followed(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "secret").write_text("秘密")
    entities = f'<?xml version="1.0" encoding="{encoding}"?>{" " * 5000}'
    entities += f'<!DOCTYPE x [<!ENTITY a "{"哈" * 99}">'
    entities += "".join(
        f'<!ENTITY {name} "{f"&{before};" * 99}">'
        for before, name in zip("abcd", "bcde", strict=True)
    )
    entities += f'<!ENTITY s SYSTEM "file://{tmp_path}/secret">]><w:document>&e;&s;</w:document>'
    path = replaced(word(tmp_path / "a.docx"), "word/document.xml", entities.encode(encoding))
    assert "XML entities" in refusal(path)
    page = tmp_path / "a.html"
    page.write_text(
        f"<html><!DOCTYPE x [<!ENTITY s SYSTEM 'file://{tmp_path}/secret'>]><p>好&s;</p></html>"
    )
    assert "秘密" not in str(read(page, name="a.html"))


def test_macros_are_not_run_and_the_text_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    replaced(path, "xl/vbaProject.bin", b'Sub AutoOpen()\nShell "touch evil"\nEnd Sub')
    with zipfile.ZipFile(path) as archive:
        types = archive.read("[Content_Types].xml")
    macros = types.replace(
        b"spreadsheetml.sheet.main+xml", b"excel.sheet.macroEnabled.main+xml"
    ).replace(b"openxmlformats-officedocument.excel", b"ms-excel")
    path = replaced(path, "[Content_Types].xml", macros).rename(tmp_path / "a.xlsm")
    content = read(path, name="a.xlsm")
    assert isinstance(content, tuple) and content[0].rows[1].cells == ("甲", "乙")


def test_locked_files_say_so(tmp_path: Path) -> None:
    assert "password" in refusal(pdf(tmp_path / "a.pdf", StandardEncryption("geheim")))
    # What Office writes for a locked .docx: an OLE file with this stream
    for name in ("a.docx", "a.xlsx", "a.pptx"):
        path = tmp_path / name
        path.write_bytes(OLE + "EncryptedPackage".encode("utf-16-le"))
        assert "password" in refusal(path)


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", StandardEncryption("", ownerPassword="x", canPrint=0))
    content = read(path, name="a.pdf")
    assert isinstance(content, Document) and "office number 0" in content.blocks[0].text


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "old binary Word file.*save it as"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), "old binary Excel file.*save it as .xlsx"),
        ("a.ppt", OLE + "PowerPoint Document".encode("utf-16-le"), "old binary PowerPoint.*.pptx"),
        ("a.doc", b"{\\rtf1 text}", "RTF"),
        ("a.rar", b"Rar!\x1a\x07", "RAR"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "7z"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "picture"),
        ("a.pdf", b"MZ\x90\x00\x03\x00", "program"),
        ("a.pdf", b"just words", "no PDF"),
        ("a.txt", bytes(range(256)) * 10, "binary"),
        ("a.xml", b"<?xml version='1.0'?><a/>", "XML"),
        ("a.exe", b"echo", "format that is not read"),
        ("a.csv", b"", "empty"),
        ("a.csv", b" \n\n", "empty"),
        ("a.json", b'{"a": ', "line 1 is not JSON"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"[1, 2]", "list of objects"),
        ("a.csv", "问题,答案\n".encode(), "no row below"),
        ("a.html", b"<html><nav>x</nav></html>", "no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_it_is(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    import re

    path = tmp_path / name
    path.write_bytes(data)
    assert re.search(said, refusal(path))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("build", [word, workbook, pdf])
def test_files_that_break_off_are_refused(tmp_path: Path, build: object, share: float) -> None:
    path = build(tmp_path / "a.file")  # type: ignore[operator]
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert "get it again" in refusal(path)


def test_deep_nesting_in_a_page_does_not_exhaust_the_stack(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<html>" + "<div>" * 50_000 + "深处的文字" + "</div>" * 50_000)
    try:
        read(path, name="a.html")
    except UnreadableFile as error:
        assert "\n" not in str(error)


def test_a_single_cell_in_the_last_corner_is_no_huge_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B1"], sheet["A2"] = "问题", "答案", "甲"
    sheet["XFD1048576"] = "远"
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert "cells" in refusal(path, replace(LIMITS, cells=10_000))


def test_pages_rows_and_cells_are_bounded(tmp_path: Path) -> None:
    assert "has 3 pages" in refusal(pdf(tmp_path / "a.pdf", pages=3), replace(LIMITS, pages=2))
    path = tmp_path / "a.csv"
    path.write_text(GOOD * 10)
    assert "more than 5 rows" in refusal(path, replace(LIMITS, rows=5))
    assert "3 cells" in refusal(path, replace(LIMITS, cells=3))


# --- workers


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A small page whose reading takes minutes."""
    path = tmp_path / "slow.html"
    path.write_text("<html><ol>" + "<li>条目" * 200_000)
    return path


def test_a_file_that_takes_too_long_is_given_up_and_the_next_goes_in(
    tmp_path: Path, slow: Path
) -> None:
    good = tmp_path / "zz.csv"
    good.write_text(GOOD)
    (_, first), (_, second) = taken([slow, good], replace(LIMITS, seconds=2))
    assert isinstance(first, UnreadableFile) and "more than 2 s of computing" in str(first)
    assert isinstance(second, tuple)


def test_a_file_that_takes_too_much_memory_is_given_up_and_the_next_goes_in(
    tmp_path: Path,
) -> None:
    big, good = tmp_path / "big.json", tmp_path / "good.csv"
    big.write_text("[" + ",".join('{"问题":{}}' for _ in range(1_000_000)) + "]")
    good.write_text(GOOD)
    (_, first), (_, second) = taken([big, good], replace(LIMITS, memory_bytes=200 << 20))
    assert isinstance(first, UnreadableFile) and "memory" in str(first)
    assert isinstance(second, tuple)


def test_a_worker_that_dies_costs_one_file(tmp_path: Path, slow: Path) -> None:
    good = tmp_path / "zz.csv"
    good.write_text(GOOD)

    def killing() -> Iterator[FoundFile | RefusedFile]:
        with find_files([slow, good]) as found:
            yield next(found)
            while not (workers := _workers()):
                pass
            workers[0].kill()
            yield from found

    first, second = [content for _, content in read_many(killing())]
    assert isinstance(first, UnreadableFile) and "down" in str(first)
    assert isinstance(second, tuple)


def test_order_is_kept_with_several_workers_and_none_is_left_behind(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.csv").write_text(GOOD * (1 if number % 2 else 2000))
    (tmp_path / "05.csv").write_bytes(b"")
    results = taken([tmp_path], workers=3)
    assert [item.name[-6:-4] for item, _ in results] == [f"{number:02}" for number in range(12)]
    assert [i for i, (_, content) in enumerate(results) if isinstance(content, UnreadableFile)] == [
        5
    ]
    assert not _workers()


def test_a_reader_that_is_left_midway_stops_its_workers(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.csv").write_text(GOOD)
    with find_files([tmp_path]) as found:
        results = read_many(found, workers=2)
        next(results)
        results.close()
    assert not _workers()


def test_what_was_refused_earlier_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "b.csv").symlink_to("nowhere")
    (tmp_path / "c.csv").write_text(GOOD)
    kinds = [type(content).__name__ for _, content in taken([tmp_path])]
    assert kinds == ["tuple", "UnreadableFile", "tuple"]


def _workers() -> list[psutil.Process]:
    """This process's workers; the test session may have other children."""
    children = psutil.Process().children()
    return [child for child in children if "ingest.readers.worker" in child.cmdline()]
