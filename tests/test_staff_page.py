"""Staff look after the knowledge base: real Streamlit, real Chromium, real files."""

import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from streamlit.runtime import context
from streamlit.testing.v1 import AppTest

from agent.auth_throttle import FREE_TRIES, AuthThrottle
from agent.settings import SettingsError, read_settings
from ingest.journal import IngestJournal
from ingest.pipeline import FileReport
from page.staff import login
from page.staff.ingest_jobs import IngestJob, IngestJobs
from page.staff.login import WHO_KEY
from page.staff.uploads import same_names, save
from tests.browser import ROOT, START_TIMEOUT, TIMEOUT, Stack, chromium
from tests.language_model import Service, saying, serving

PASSWORD = "open-sesame-政务-7"
VARIABLE = "ZHENGWEN_PAGE__STAFF_PASSWORD"
WHO = "王芳"
ID_NUMBER = "330106199003072415"

pytestmark = pytest.mark.timeout(600)


# ---- the password ------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["geheim7", "24681357", "[geheim99", "!geheim99", "''"])
def test_a_password_that_cannot_be_one_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(SettingsError, match=r"(?i)page.+staff_password") as refused:
        read_settings(environment={VARIABLE: password})
    seen: BaseException | None = refused.value
    while seen:
        assert password.strip("'") == "" or password.strip("[!") not in str(seen)
        seen = seen.__cause__


def test_a_file_of_settings_that_is_not_yaml_is_refused_without_quoting_it(tmp_path: Path) -> None:
    file = tmp_path / "zhengwen.yaml"
    file.write_text("page:\n  staff_password: [geheim99\n", "utf-8")
    with pytest.raises(SettingsError, match="line 3") as refused:
        read_settings(file, {})
    assert "geheim" not in str(refused.value)


def test_the_password_does_not_show_in_the_settings() -> None:
    settings = read_settings(environment={VARIABLE: PASSWORD})
    assert settings.page.staff_password is not None
    assert settings.page.staff_password.get_secret_value() == PASSWORD
    assert PASSWORD not in repr(settings) + settings.model_dump_json()


def test_during_a_pause_not_even_the_right_password_is_looked_at() -> None:
    throttle = AuthThrottle(clock=lambda: 100.0)
    for _ in range(FREE_TRIES):
        assert not throttle.admits("203.0.113.9", "wrong\ud800", PASSWORD)
    assert not throttle.admits("203.0.113.9", PASSWORD, PASSWORD)
    assert throttle.wait_s("203.0.113.9") == 1, "a try during a pause does not make it longer"
    assert throttle.admits("203.0.113.8", PASSWORD, PASSWORD)
    assert not throttle.admits("203.0.113.8", "", "")


def script() -> None:
    """Streamlit runs this text on its own."""
    import streamlit as st

    from agent.settings import read_settings
    from page.staff.staff_page import show_staff_page

    st.session_state.setdefault("lang", "zh")
    show_staff_page(read_settings(), lambda: None)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page without a browser, and without what an earlier test left behind."""
    import streamlit as st

    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path / "var"))
    st.cache_resource.clear()
    yield AppTest.from_function(script, default_timeout=START_TIMEOUT)
    st.cache_resource.clear()


def test_without_a_password_the_page_says_in_two_languages_how_to_switch_it_on(
    alone: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    page = alone.run()
    assert not page.exception
    assert not page.text_input
    html = "".join(element.proto.body for element in page.get("html"))
    assert "没有开启" in html and "is off" in html
    assert html.count("page.staff_password") == 2


def test_who_guesses_the_password_waits_alone_and_what_was_typed_is_neither_said_nor_logged(
    alone: AppTest, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    throttle = AuthThrottle(clock=lambda: 100.0)
    monkeypatch.setattr(login, "_login_throttle", lambda: throttle)
    coming_from(monkeypatch, "203.0.113.9")
    first = try_to_sign_in(alone.run(), "nearly-" + PASSWORD)
    assert first.error[0].value == "口令不对。"
    for _ in range(FREE_TRIES - 1):
        first = try_to_sign_in(first, "nearly-" + PASSWORD)
    assert "请等 1 秒" in first.error[0].value
    second = try_to_sign_in(new_page(), PASSWORD)
    assert "没有核对" in second.warning[0].value
    assert WHO_KEY not in first.session_state and WHO_KEY not in second.session_state
    coming_from(monkeypatch, "203.0.113.8")
    assert try_to_sign_in(new_page(), PASSWORD).session_state[WHO_KEY] == WHO
    assert "a wrong password for the staff page from 203.0.113.9" in log.text
    assert PASSWORD not in log.text and WHO not in log.text
    with IngestJournal(read_settings().data_dir) as journal:
        acts = [act for act in journal.audit() if act.action == "wrong password"]
    assert len(acts) == FREE_TRIES and acts[0].who.startswith("203.0.113.9")


def new_page() -> AppTest:
    return AppTest.from_function(script, default_timeout=START_TIMEOUT).run()


def coming_from(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """What Streamlit knows of whoever comes from an address through a proxy in a container."""
    monkeypatch.setenv("ZHENGWEN_SERVER__TRUSTED_PROXIES", "[172.17.0.0/16]")
    forwarded = ("X-Forwarded-For", f"192.0.2.1, {address}:5566")
    connection = SimpleNamespace(remote_ip="172.17.0.2", headers=[forwarded])
    monkeypatch.setattr(context, "_get_client_context", lambda: connection)


def try_to_sign_in(page: AppTest, password: str) -> AppTest:
    name, given = page.text_input
    name.input(WHO)
    given.input(password)
    return page.button[0].click().run()


WRITTEN = "换发护照请到出入境窗口。[1]"


@pytest.fixture
def with_language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A deployment that is sure of nothing it finds, and has a language model."""
    faq = tmp_path / "faq"
    faq.mkdir()
    entry = {"id": "sample-1", "question": "护照怎么换发？", "answer": "到出入境窗口换发。"}
    (faq / "faq.jsonl").write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.setenv("ZHENGWEN_FAQ", str(faq))
    monkeypatch.setenv("ZHENGWEN_STORE__NAME", "tests.session_doubles:FolderlessStore")
    monkeypatch.setenv("ZHENGWEN_ANSWER_FROM", "1")
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-of-the-house")
    with serving() as service:
        monkeypatch.setenv("ZHENGWEN_LLM__BASE_URL", service.url)
        yield service


def try_question(page: AppTest, question: str) -> AppTest:
    """Sign in and ask in the section for trying."""
    try_to_sign_in(page.run(), PASSWORD)
    page.session_state["section"] = "试问"
    return try_another(page.run(), question)


def try_another(page: AppTest, question: str) -> AppTest:
    page.text_input[0].input(question)
    [ask] = [button for button in page.button if button.label == "提问"]
    page = ask.click().run()
    assert not page.exception
    return page


def test_the_preview_shows_what_the_language_model_writes_and_names_it(
    alone: AppTest, with_language_model: Service
) -> None:
    with_language_model.behave = saying(WRITTEN, usage=(100, 20))
    page = try_question(alone, "护照到期了怎么换发")
    assert "换发护照请到出入境窗口。" in [text.value for text in page.text]
    notes = "".join(element.proto.body for element in page.get("html"))
    assert "由语言模型 glm-of-the-house" in notes
    assert len(with_language_model.requests) == 1


def test_the_preview_says_that_what_the_language_model_wrote_was_not_used(
    alone: AppTest, with_language_model: Service
) -> None:
    with_language_model.behave = lambda reply: reply.refuse(500)
    page = try_question(alone, "怎么换护照")
    notes = "".join(element.proto.body for element in page.get("html"))
    assert "会请市民确认问题" in notes
    assert "语言模型 glm-of-the-house 没有给出可用的回答" in notes


def test_the_preview_shows_the_whole_answer_and_what_the_presenter_says_instead(
    alone: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"id": "sample-1", "question": "护照怎么换发？", "answer": "带旧护照，到窗口换发。"}
    text = json.dumps({**entry, "spoken": "到窗口换发。"}, ensure_ascii=False)
    (tmp_path / "faq.jsonl").write_text(text, "utf-8")
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.setenv("ZHENGWEN_FAQ", str(tmp_path))
    monkeypatch.setenv("ZHENGWEN_ANSWER_FROM", "0.01")
    monkeypatch.setenv("ZHENGWEN_SUGGEST_FROM", "0.01")
    page = try_question(alone, "护照怎么换发？")
    assert "带旧护照，到窗口换发。" in [text.value for text in page.text]
    notes = "".join(element.proto.body for element in page.get("html"))
    assert "播报文本：到窗口换发。" in notes


def test_the_preview_says_how_a_question_was_read_and_why_an_entry_is_no_answer(
    alone: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"id": "sample-1", "question": "护照丢失怎么补办？", "answer": "到窗口补办。"}
    (tmp_path / "faq.jsonl").write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.setenv("ZHENGWEN_FAQ", str(tmp_path))
    page = try_question(alone, "huzhao zenme buban")
    notes = "".join(element.proto.body for element in page.get("html"))
    assert "按读音理解为：护照怎么补办" in notes
    page = try_another(page, "护照过期怎么换")
    notes = "".join(element.proto.body for element in page.get("html"))
    assert "办理原因不一致：问题说的是“过期”，条目讲的是“丢”" in notes


def test_a_visitor_does_not_wait_for_what_staff_need() -> None:
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(ROOT / "page" / "script.py")!r}, default_timeout=300).run()
assert not page.exception, page.exception
assert page.chat_input, "this is not the visitors' page"
heavy = {{"ingest", "torch", "chromadb", "page.staff"}}
print(sorted(heavy & sys.modules.keys()))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- what is uploaded --------------------------------------------------------------------------


class UploadedFile:
    """A file as the browser sends it."""

    file_id = "f"

    def __init__(self, name: str, content: bytes = b"x") -> None:
        self.name = name
        self._content = content

    def getbuffer(self) -> memoryview:
        return memoryview(self._content)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("通知.pdf", "通知.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\材料\\faq.xlsx", "faq.xlsx"),
        ("/", "_"),
        ("..", "_"),
        ("", "_"),
        ("a\0b\nc\ud800.csv", "a_b_c_.csv"),
        (" 表 .csv ", "表 .csv"),
    ],
)
def test_a_file_lands_in_its_folder_under_its_own_name(
    tmp_path: Path, name: str, expected: str
) -> None:
    [path] = save([UploadedFile(name, b"content")], tmp_path)
    assert path == tmp_path / expected
    assert path.read_bytes() == b"content"


def test_a_long_name_keeps_its_ending(tmp_path: Path) -> None:
    [path] = save([UploadedFile("关于" * 200 + ".docx")], tmp_path)
    assert path.name.startswith("关于") and path.suffix == ".docx"


def test_files_of_one_name_are_noticed(tmp_path: Path) -> None:
    assert same_names(["a/faq.csv", "b\\faq.csv", "c.csv"]) == ["faq.csv"]
    with pytest.raises(FileExistsError):
        save([UploadedFile("a/faq.csv"), UploadedFile("b/faq.csv")], tmp_path)


def test_one_drop_goes_in_at_a_time_and_can_be_stopped_between_files() -> None:
    jobs, may_go_on, closed, folders = IngestJobs(), threading.Event(), threading.Event(), []

    def ingest(paths: Sequence[Path], progress: Any) -> Generator[FileReport]:
        folders.append(paths[0].parent)
        try:
            for path in paths:
                yield FileReport(path.name, "added")
                may_go_on.wait(60)
        finally:
            closed.set()

    job = jobs.start([UploadedFile("a.csv"), UploadedFile("b.csv")], WHO, ingest)
    assert job is not None
    assert jobs.start([UploadedFile("c.csv")], "李明", ingest) is None
    job.stop()
    may_go_on.set()
    assert closed.wait(60)
    while job.is_running:
        closed.wait(0.01)
    assert len(job.reports) < 3 and job.error is None
    assert not folders[0].exists(), "what was dropped stays nowhere but in the store"


def test_a_drop_that_fails_says_so_and_lets_the_next_one_in() -> None:
    jobs = IngestJobs()

    def ingest(paths: Sequence[Path], progress: Any) -> Generator[FileReport]:
        yield FileReport("a.csv", "added")
        raise ZeroDivisionError

    def started() -> IngestJob:
        job = jobs.start([UploadedFile("a.csv")], WHO, ingest)
        assert job is not None
        while job.is_running:
            threading.Event().wait(0.01)
        return job

    assert isinstance(started().error, ZeroDivisionError)
    assert [report.name for report in started().reports] == ["a.csv"]


# ---- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("staff")
    faq = folder / "faq"
    faq.mkdir()
    entry = {"id": "sample-1", "question": "护照怎么换发？", "answer": "到出入境窗口换发。"}
    (faq / "faq.jsonl").write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    stack = Stack(folder, faq, **{VARIABLE: PASSWORD})
    try:
        stack.start_page()
        yield stack
    finally:
        stack.stop()
        assert PASSWORD not in stack.log()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Clerk:
    """Someone at the staff page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(TIMEOUT)

    def sign_in(self, password: str = PASSWORD) -> None:
        self.page.get_by_label("您的姓名").fill(WHO)
        self.page.get_by_label("口令", exact=True).fill(password)
        self.page.get_by_role("button", name="登录").click()

    def open(self, section: str) -> None:
        self.page.get_by_role("tab", name=section).click()

    def drop(self, *files: Path) -> None:
        self.open("导入")
        uploader = self.page.get_by_test_id("stFileUploader")
        uploader.locator("input").set_input_files(files)
        expect(uploader.get_by_test_id("stFileChip")).to_have_count(len(files))
        expect(uploader.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
        self.page.get_by_role("button", name="开始导入").click()

    def report(self, name: str) -> Locator:
        """What came of a file of the latest drop."""
        return self.page.locator("[class*='st-key-report-']").filter(has_text=name)

    def file(self, name: str) -> Locator:
        """A file that is in."""
        return self.page.locator("[class*='st-key-file-']").filter(has_text=name)

    def held(self, question: str) -> Locator:
        """An entry that is held back."""
        return self.page.locator("[class*='st-key-held-']").filter(has_text=question)

    def ask(self, question: str) -> Locator:
        """Try a question; returns where the answer stands."""
        self.open("试问")
        self.page.get_by_placeholder("问题").fill(question)
        self.page.get_by_role("button", name="提问").click()
        return self.page.locator(".st-key-tried")

    def said(self, text: str) -> None:
        expect(self.page.get_by_test_id("stToast").filter(has_text=text).first).to_be_visible()


@pytest.fixture(scope="module")
def phone(
    stack: Stack, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A phone on which the page was open before; its models are loaded, however long that took."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    clerk = Clerk(context.new_page())
    clerk.page.goto(stack.url + "staff")
    clerk.sign_in()
    button = clerk.page.get_by_role("button", name="开始导入")
    expect(button).to_be_visible(timeout=START_TIMEOUT * 1000)
    clerk.drop(table(tmp_path_factory.mktemp("first") / "电话.csv", "投诉打几号？,拨打12345。,"))
    expect(clerk.report("电话.csv")).to_contain_text("已导入", timeout=START_TIMEOUT * 1000)
    clerk.page.close()
    yield context
    context.close()


@pytest.fixture
def clerk(stack: Stack, phone: BrowserContext) -> Iterator[Clerk]:
    clerk = Clerk(phone.new_page())
    clerk.page.goto(stack.url + "staff")
    clerk.sign_in()
    expect(clerk.page.get_by_role("button", name="开始导入")).to_be_visible()
    yield clerk
    clerk.page.close()


def table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["问题,答案,依据", *rows]), "utf-8")
    return path


def test_visitors_see_no_way_to_the_staff_page(stack: Stack, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(stack.url)
    expect(page.locator(".welcome")).to_be_visible(timeout=TIMEOUT)
    assert page.locator("a[href*=staff]").count() == 0
    assert page.get_by_test_id("stSidebarNav").count() == 0
    assert "staff" not in page.inner_text("body")
    page.close()


def test_a_table_and_an_archive_are_dropped_and_a_question_about_them_is_answered(
    clerk: Clerk, tmp_path: Path
) -> None:
    rows = table(
        tmp_path / "单车.csv",
        "共享单车可以停在哪里？,停在划定的停放点。,《单车办法》",
        ",没有问题,",
    )
    packed = table(tmp_path / "盲道.csv", "盲道被占用怎么投诉？,拨打热线。,《无障碍条例》")
    with zipfile.ZipFile(tmp_path / "材料.zip", "w") as archive:
        archive.write(packed, packed.name)
    (tmp_path / "坏.pdf").write_bytes(b"%PDF-1.7 nothing")
    clerk.drop(rows, tmp_path / "材料.zip", tmp_path / "坏.pdf")
    expect(clerk.report("单车.csv")).to_contain_text("问题行 1")
    bad = clerk.report("单车.csv").get_by_test_id("stDataFrame").locator("table")
    expect(bad).to_contain_text("问题是空的")
    expect(bad).to_contain_text("3")
    expect(clerk.report("盲道.csv")).to_contain_text("已导入")
    expect(clerk.report("坏.pdf")).to_contain_text("未导入")
    answer = clerk.ask("共享单车能停哪儿")
    expect(answer).to_contain_text("会回答")
    expect(answer).to_contain_text("停在划定的停放点")
    expect(answer).to_contain_text("单车.csv")
    expect(answer.locator(".source")).to_contain_text("《单车办法》")
    candidates = clerk.page.locator(".candidate")
    expect(candidates.first).to_contain_text("共享单车可以停在哪里？")
    assert candidates.count() > 1
    clerk.open("文件")
    expect(clerk.file("材料.zip › 盲道.csv")).to_contain_text(re.compile(r"1 条.*20\d\d-"))
    width = clerk.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "a phone does not scroll sideways"


def test_a_row_with_an_id_number_waits_until_somebody_releases_it(
    clerk: Clerk, tmp_path: Path
) -> None:
    question = "**张三**的补贴怎么查？"
    clerk.drop(table(tmp_path / "补贴.csv", f"{question},身份证号{ID_NUMBER}的到窗口查。,"))
    expect(clerk.report("补贴.csv")).to_contain_text("待审 1")
    clerk.open("待审")
    held = clerk.held(question)
    expect(held).to_contain_text(ID_NUMBER)
    expect(held).to_contain_text("答案：身份证号码 3301")
    expect(clerk.ask(question)).not_to_contain_text("到窗口查")
    clerk.open("待审")
    held.get_by_role("button", name="放行").click()
    clerk.said("已放行")
    expect(held).to_have_count(0)
    expect(clerk.ask(question)).to_contain_text(ID_NUMBER)


def test_the_id_of_anothers_entry_is_refused_or_taken_deliberately_and_given_back(
    clerk: Clerk, stack: Stack, tmp_path: Path
) -> None:
    rows = tmp_path / "换发.csv"
    rows.write_text("编号,问题,答案\nsample-1,护照怎么换发？,改在网上换发。", "utf-8")
    clerk.drop(rows)
    expect(clerk.report("换发.csv")).to_contain_text("问题行 1")
    expect(clerk.ask("护照怎么换发？")).to_contain_text("到出入境窗口换发")
    clerk.open("导入")
    clerk.page.get_by_text("替换那些条目").click()
    clerk.drop(rows)
    expect(clerk.report("换发.csv")).to_contain_text("取代了")
    expect(clerk.ask("护照怎么换发？")).to_contain_text("改在网上换发")
    with IngestJournal(stack.folder / "var") as journal:
        assert ("replace", "换发.csv") in [(act.action, act.subject) for act in journal.audit()]
    clerk.open("文件")
    clerk.file("换发.csv").get_by_role("button", name="撤下").click()
    clerk.page.get_by_role("dialog").get_by_role("button", name="撤下").click()
    clerk.said("已撤下")
    expect(clerk.ask("护照怎么换发？")).to_contain_text("到出入境窗口换发")


def test_a_file_is_withdrawn_when_somebody_is_sure(clerk: Clerk, tmp_path: Path) -> None:
    clerk.drop(table(tmp_path / "门牌.csv", "门牌丢了怎么补？,到派出所补领门牌。,"))
    expect(clerk.report("门牌.csv")).to_contain_text("已导入")
    clerk.open("文件")
    clerk.file("门牌.csv").get_by_role("button", name="撤下").click()
    dialog = clerk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("「门牌.csv」的 1 条")
    dialog.get_by_role("button", name="取消").click()
    expect(dialog).to_have_count(0)
    clerk.file("门牌.csv").get_by_role("button", name="撤下").click()
    dialog.get_by_role("button", name="撤下").click()
    clerk.said("已撤下 1 条")
    expect(clerk.file("门牌.csv")).to_have_count(0)
    expect(clerk.ask("门牌丢了怎么补？")).not_to_contain_text("补领门牌")
    clerk.open("操作记录")
    audit = clerk.page.get_by_test_id("stDataFrame").locator("table")
    expect(audit).to_contain_text(re.compile(rf"{WHO}.*撤下.*门牌\.csv"))


def test_who_looks_elsewhere_meanwhile_interrupts_nothing(clerk: Clerk, tmp_path: Path) -> None:
    files = [table(tmp_path / f"第{n}.csv", f"第{n}号窗口办什么？,办理{n}。,") for n in range(12)]
    clerk.drop(*files)
    clerk.open("文件")
    clerk.page.reload()
    clerk.sign_in()
    expect(clerk.page.locator("[class*='st-key-report-']")).to_have_count(len(files))
    for file in files:
        expect(clerk.report(file.name)).to_contain_text(re.compile("已导入.*1 条"))


def test_while_another_process_writes_the_page_says_so_and_keeps_what_there_is(
    clerk: Clerk, stack: Stack, tmp_path: Path
) -> None:
    with FileLock(stack.folder / "var" / "writing.lock"):
        clerk.drop(table(tmp_path / "公园.csv", "公园几点关门？,晚上十点。,"))
        expect(clerk.page.get_by_text("另一个导入正在进行")).to_be_visible()
    expect(clerk.report("公园.csv")).to_have_count(0)
    clerk.drop(tmp_path / "公园.csv")
    expect(clerk.report("公园.csv")).to_contain_text("已导入")


def test_who_signed_out_has_to_sign_in_again(clerk: Clerk) -> None:
    clerk.page.get_by_role("button", name="退出").click()
    expect(clerk.page.get_by_label("口令", exact=True)).to_be_visible()
    expect(clerk.page.get_by_role("tab")).to_have_count(0)
    clerk.page.reload()
    expect(clerk.page.get_by_label("口令", exact=True)).to_be_visible()
