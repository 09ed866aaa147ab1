"""What is said of files, rows and actions is there in every language."""

import ast
import re
import string
import zipfile
from pathlib import Path
from typing import get_args

import openpyxl
import pytest

from ingest.content import RefusedFile, UnreadableFile
from ingest.files import find_files
from ingest.message_texts import TEXTS, Language
from ingest.messages import IngestError, IngestMessage, action_text, message, verbatim
from ingest.readers.pool import read_many
from ingest.table_mapping import BadRow, table_entries
from retrievers.pii.detector import SCREENED_FIELDS
from retrievers.pii.patterns import KINDS

ROOT = Path(__file__).parent.parent
ERRORS = ("UnreadableFile", "IngestError", "RowError", "message")


def calls() -> list[tuple[str, str, set[str]]]:
    """Where the sources make a message: the place, its code, and the names of its parameters."""
    found = []
    for folder in ("ingest", "page"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ERRORS:
                    continue
                given = {keyword.arg or "" for keyword in node.keywords} - {"file"}
                codes = [
                    c.value
                    for c in ast.walk(node.args[0])
                    if isinstance(c, ast.Constant) and isinstance(c.value, str) and c.value in TEXTS
                ]
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                if isinstance(node.args[0], ast.Constant):
                    codes = [str(node.args[0].value)]
                found += [(where, code, given) for code in codes]
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_has_a_text_in_every_language_with_the_same_parameters() -> None:
    languages = set(get_args(Language))
    for code, texts in TEXTS.items():
        assert texts.keys() == languages, code
        assert all(text.strip() for text in texts.values()), code
        assert placeholders(texts["zh"]) <= placeholders(texts["en"]), code
        assert re.search("[\u4e00-\u9fff：]", texts["zh"]), f"{code} is not in Chinese"


def test_every_message_of_the_sources_has_a_text_and_gives_what_it_needs() -> None:
    made = calls()
    assert len(made) > 80
    for where, code, given in made:
        assert code in TEXTS, f"{where}: {code}"
        assert given == placeholders(TEXTS[code]["en"]), f"{where}: {code} is given {given}"


def test_no_text_is_there_for_nothing() -> None:
    used = {code for _, code, _ in calls()}
    made_up = {f"field_{name}" for name in SCREENED_FIELDS} | {f"pii_{kind}" for kind in KINDS}
    left = {code for code in TEXTS if not code.startswith(("action_", "field_"))} - used - made_up
    assert left == set()
    assert made_up <= TEXTS.keys()


def test_a_message_survives_the_journal_and_is_said_in_either_language() -> None:
    said = message("file_failed", reason=message("large_file", mib=300, most=200))
    again = IngestMessage.from_json(said.to_json())
    assert again == said
    assert str(again) == "failed: has 300 MiB; at most 200 are read, split it"
    assert again.text("zh") == "未导入：有 300 MiB，最多 200 MiB，请拆分"
    assert IngestMessage.from_json("an old text") == verbatim("an old text")
    assert IngestMessage.from_json({"code": "from the future", "params": {}}).text("zh")
    assert (action_text("add", "zh"), action_text("juggle", "zh")) == ("导入", "juggle")


def test_an_error_says_the_file_before_the_text_and_crosses_processes() -> None:
    import pickle

    error = UnreadableFile("password", file="a.docx")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, UnreadableFile) and isinstance(again, IngestError)
    assert str(again) == str(error) == "a.docx: is protected by a password; save it without one"
    assert again.message.text("zh") == "有密码保护，请去掉密码后再导入"


BAD_FILES: dict[str, bytes] = {
    "空.csv": b"",
    "坏.pdf": b"%PDF-1.7 nothing",
    "坏.docx": b"PK\x03\x04 nothing",
    "名.pdf": b"just a text",
    "旧.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"),
    "图.png": b"\x89PNG\r\n" + bytes(64),
    "包.rar": b"Rar!\x1a\x07" + bytes(64),
    "字.rtf": b"{\\rtf1 text}",
    "网.mht": b"MIME-Version: 1.0\n\nx",
    "数.json": b"[1, 2]",
    "值.json": b'"x"',
    "坏.json": b"{",
    "行.jsonl": b'{"a": 1}\nx',
    "头.csv": "问题,答案\n".encode(),
    "未知.xyz": b"text",
    "程序.exe": b"MZ" + bytes(64),
    "空白.html": b"<html><body><script>x</script></body></html>",
    "XML.xml": b"<?xml version='1.0'?><a/>",
}
ALLOWED = re.compile(
    r"--\w+|[\w+]*[A-Z]{2,}[\w+]*|\.\w+|tesseract[\w-]*|Open\w+|Word|Excel|MiB|question|answer"
    r"|Markdown|gzip|id|「[^」]*」|\{.*?\}|zh-CN|https"
)


def test_a_clerk_who_reads_chinese_is_told_in_chinese_why_a_file_is_not_in(
    tmp_path: Path,
) -> None:
    for name, data in BAD_FILES.items():
        (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "出去.zip", "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    openpyxl.Workbook().save(tmp_path / "空表.xlsx")
    with find_files([tmp_path]) as found:
        results = list(read_many(found))
    assert len(results) == len(BAD_FILES) + 2
    for item, content in results:
        reason = item.reason if isinstance(item, RefusedFile) else None
        if reason is None:
            assert isinstance(content, UnreadableFile), item.name
            reason = content.message
        chinese = reason.text("zh")
        assert not re.search("[A-Za-z]{2,}", ALLOWED.sub("", chinese)), f"{item.name}: {chinese}"


@pytest.mark.parametrize(
    ("row", "chinese"),
    [
        (("", "到窗口办。"), "问题是空的"),
        (("\u200b", "到窗口办。"), "问题只有看不见的字符"),
        (("怎么办？", "#REF!"), "答案是公式错误：#REF!"),
        (("？？？", "到窗口办。"), "问题没有文字"),
        (("问" * 201, "到窗口办。"), "问题有 201 个字符，最多 200 个"),
    ],
)
def test_a_clerk_who_reads_chinese_is_told_in_chinese_what_is_wrong_with_a_row(
    row: tuple[str, str], chinese: str
) -> None:
    from ingest.content import DataTable, TableRow

    table = DataTable("", (TableRow(1, ("问题", "答案")), TableRow(2, row)))
    [bad] = table_entries([table], file="faq.csv")
    assert isinstance(bad, BadRow)
    assert bad.reason.text("zh") == chinese
