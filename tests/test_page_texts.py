"""Whatever is said to visitors and staff is there in every language: no code without a text."""

import ast
import errno
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from agent.protocol.responses import ErrorCode
from agent.service_texts import CONFLICT_KINDS, SERVICE_TEXTS
from agent.types import Outcome
from ingest.content import UnreadableFile
from ingest.message_texts import TEXTS as INGEST_TEXTS
from ingest.pipeline import FileOutcome
from page.i18n import render_texts, staff_texts, visitor_texts
from page.i18n.render_reports import RENDER_REPORTS, render_report
from page.i18n.staff_texts import actor_text, subject_text
from page.staff.components import error_reason
from page.staff.render_queue import RenderState
from page.visitor.chat import citation_html
from retrievers import StoreBusyError, StoreError

ROOT = Path(__file__).resolve().parent.parent
TABLES = {
    "staff": staff_texts._TEXTS,
    "render": render_texts._TEXTS,
    "render reports": RENDER_REPORTS,
    "visitors": visitor_texts.VISITOR_TEXTS,
    "player": visitor_texts.PLAYER_TEXTS,
    "service": SERVICE_TEXTS,
    "conflicts": CONFLICT_KINDS,
}
CHINESE = re.compile("[\u4e00-\u9fff]")
SAID_IN_CHINESE_TOO = re.compile(
    r"ZIP|MB|CSV|XLSX|JSON|PDF|DOCX|PPTX|HTML|Markdown|TXT|MP4|\.mp4|PNG|JPEG|Keras|YuNet|LipGAN"
    r"|Wav2Lip|wav2lip\.pth|\.onnx|face_detection_yunet_2023mar|h5py|opencv-python|tesseract|AI"
)
"""Names of formats, programs and files."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


# ---- the tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", TABLES.values(), ids=TABLES.keys())
def test_every_text_is_there_in_both_languages(texts: Mapping[str, Mapping[str, str]]) -> None:
    for key, said in texts.items():
        assert said.keys() == {"zh", "en"}, key
        assert CHINESE.search(said["zh"]) or said["zh"].startswith("{"), key
        assert not CHINESE.search(said["en"].replace("「AI生成」", "")), key
        assert fields(said["zh"]) <= fields(said["en"]), f"{key}: nobody gives it that value"


@pytest.mark.parametrize("texts", TABLES.values(), ids=TABLES.keys())
def test_a_chinese_text_has_no_english_words(texts: Mapping[str, Mapping[str, str]]) -> None:
    for key, said in texts.items():
        plain = re.sub(r"\{[^}]*\}", "", said["zh"])
        assert not re.search("[A-Za-z]{2,}", SAID_IN_CHINESE_TOO.sub("", plain)), f"{key}: {plain}"


def test_what_a_library_said_in_english_does_not_stand_in_a_chinese_text() -> None:
    in_english = {"reason", "detail", "error", "found", "differences", "text"}
    for code, said in RENDER_REPORTS.items():
        assert not fields(said["zh"]) & in_english, code
    for code, said in INGEST_TEXTS.items():
        if code != "file_failed":  # whose reason is a message itself
            assert not fields(said["zh"]) & in_english, code


# ---- every code of the sources has a text ------------------------------------------------------


def codes_of_the_render_program() -> dict[str, str]:
    """The code and English sentence of every error and note that has codes, as they are written."""
    found: dict[str, str] = {}
    for _, tree in sources("avatar_engine"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for item in node.body:
                if (
                    isinstance(item, ast.AnnAssign)
                    and isinstance(item.target, ast.Name)
                    and item.target.id == "MESSAGES"
                    and item.value is not None
                ):
                    found |= ast.literal_eval(item.value)
    return found


def test_every_code_of_the_render_program_has_a_text() -> None:
    codes = codes_of_the_render_program()
    assert len(codes) > 40
    of_the_system = {"disk_full", "file_error", "unexpected"}
    assert codes.keys() | of_the_system == RENDER_REPORTS.keys()
    for code, sentence in codes.items():
        for text in RENDER_REPORTS[code].values():
            assert fields(text) <= fields(sentence), f"{code} has no such parameter"


def test_every_action_that_is_noted_in_the_journal_has_a_text() -> None:
    actions = {
        str(node.args[0].value)
        for _, tree in sources("ingest", "page", "agent")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "note"
        and len(node.args) == 3
        and isinstance(node.args[0], ast.Constant)
    }
    assert {"add", "remove", "release", "render", "sign in"} <= actions
    assert {f"action_{action}" for action in actions} <= INGEST_TEXTS.keys()


def test_every_error_and_notice_of_the_protocol_has_a_text() -> None:
    assert {*get_args(ErrorCode), "busy", "spare_voice"} <= SERVICE_TEXTS.keys()


def test_every_text_that_the_pages_ask_for_is_there_and_no_other() -> None:
    asked_for: dict[str, set[str]] = {"staff_text": set(), "render_text": set()}
    literals = set()
    for path, tree in [*sources("page"), (ROOT, ast.parse(page_script()))]:
        if path.parent.name == "i18n" and path.name != "visitor_texts.py":
            tree = ast.Module([n for n in tree.body if isinstance(n, ast.FunctionDef)], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                name = "staff_text" if name == "say" else name
                if name in asked_for:
                    asked_for[name].add(str(node.args[0].value))
    assert asked_for["staff_text"] <= staff_texts._TEXTS.keys()
    assert asked_for["render_text"] <= render_texts._TEXTS.keys()
    outcomes = {*get_args(Outcome), *get_args(FileOutcome)}
    states = {*get_args(RenderState), "faces", "pictures"}
    assert outcomes <= staff_texts._TEXTS.keys() and states <= render_texts._TEXTS.keys()
    assert staff_texts._TEXTS.keys() <= literals | outcomes
    assert render_texts._TEXTS.keys() <= literals | states


def page_script() -> str:
    return (ROOT / "page" / "script.py").read_text("utf-8")


# ---- what went wrong ---------------------------------------------------------------------------

FAILURES = (
    StoreError("another encoder filled this store"),
    StoreBusyError("another process is writing"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EIO, "Input/output error"),
    PermissionError(errno.EACCES, "Permission denied", "/var/faq.csv"),
    FileNotFoundError(errno.ENOENT, "No such file or directory"),
    sqlite3.OperationalError("database disk image is malformed"),
    ValueError("the encoder folder is broken"),
    UnreadableFile("password"),
)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_why_something_failed_is_said_in_chinese_to_whoever_reads_chinese(error: Exception) -> None:
    told = error_reason(error, "zh")
    assert CHINESE.search(told)
    assert not re.search("[a-z]{3,}", told.replace(type(error).__name__, "")), told
    assert error_reason(error, "en").isascii()


def test_a_report_is_said_with_its_parameters_and_an_unknown_one_is_unexpected() -> None:
    params = {"path": "您好.wav", "ms": 30, "frame_ms": 40}
    assert render_report("audio_too_short", params, "zh").startswith("您好.wav 的声音只有 30 毫秒")
    assert render_report("audio_too_short", params, "en").startswith("您好.wav: its sound lasts 30")
    assert "程序意外结束" in render_report("of a later version", {}, "zh")


def test_the_record_names_the_page_in_the_language_of_its_reader() -> None:
    assert actor_text("王芳 (staff page)", "zh") == "王芳（管理页面）"
    assert actor_text("root", "zh") == "root"
    assert subject_text("sign in", "staff page", "zh") == "管理页面"
    assert subject_text("add", "staff page", "zh") == "staff page", "a file may be called so"


@pytest.mark.parametrize(("language", "place"), [("zh", "全国"), ("en", "Nationwide")])
def test_what_holds_everywhere_is_said_so_in_the_language_of_the_page(
    language: visitor_texts.Language, place: str
) -> None:
    citation = {"title": "Rule", "question": "", "url": "", "place": "全国"}
    assert f"<span>{place}</span>" in citation_html(citation, language)
    assert "<span>浙江省</span>" in citation_html({**citation, "place": "浙江省"}, language)
