"""Visitors use the page: real server, real Streamlit, real Chromium."""

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect
from websockets.sync.client import connect

from agent.protocol.responses import decode_binary
from tests.browser import ROOT, TIMEOUT, Stack, Visitor, chromium

KNOWN = "身份证丢了怎么补领？"  # on the start screen; said in its short form
BRIEF = "办事大厅几点开门？"  # this one eight
RARE = "身份证刷不出来，芯片失灵怎么办？"  # asked by one test alone, so that no replay is there
UNKNOWN = "火星上怎么种土豆？"
OTHERS = (
    "新生儿办理户口登记需要什么材料？",
    "护照快到期了怎样换发？",
    "租房可以提取住房公积金吗？",
    "驾驶证有效期满怎么换证？",
    "设立有限责任公司需要什么材料？",
    "怎样申请认定中小学教师资格？",
    "12345热线能解决什么问题？",
    "身份证到期了怎么换领？",
    "行驶证丢失怎么补领？",
    KNOWN,
)

MARKUP = "<b>粗</b> **星** _斜_ `code` $x^2$ [链](https://a.cn) :smile: :red[红] -> &amp; 1. #"

OpenPage = Callable[..., Visitor]
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    faq = folder / "faq"
    shutil.copytree(ROOT / "assets" / "faq", faq)
    entries = [
        {
            "id": f"markup-{n}",
            "question": f"第{n}个标记测试{MARKUP}？",
            "answer": f"答{n}：{MARKUP}。",
            "source_title": f"《{MARKUP}》",
            "source_url": "javascript:alert(1)",
            "department": MARKUP,
            "notice": MARKUP,
        }
        for n in "一二三四"
    ]
    brief = "办事大厅上午九点开门，下午五点关门。周末和节假日休息。"
    entries.append({"id": "brief-1", "question": BRIEF, "answer": brief})
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    (faq / "markup.jsonl").write_text("\n".join(lines), "utf-8")
    stack = Stack(folder, faq)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


# Not for the whole session: while it is open, no test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def cached(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that need not load Streamlit's scripts anew for each page.

    Each page is a session of its own all the same: nothing is kept here between visits.
    """
    with browser.new_context(viewport=VIEWPORT) as context:
        yield context


@pytest.fixture
def open_page(stack: Stack, browser: Browser) -> Iterator[OpenPage]:
    """Opens pages in a browser that was never used, and checks that none of them complained."""
    visitors: list[Visitor] = []

    def open_page(**options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": VIEWPORT, **options})
        visitors.append(Visitor(context.new_page(), stack.url))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        visitor.page.context.close()
        assert visitor.problems == []


@pytest.fixture
def visitor(stack: Stack, cached: BrowserContext) -> Iterator[Visitor]:
    visitor = Visitor(cached.new_page(), stack.url).arrive()
    yield visitor
    visitor.page.close()
    assert visitor.problems == []


def test_a_question_is_answered_in_text_and_by_a_talking_presenter(visitor: Visitor) -> None:
    visitor.ask(KNOWN)
    expect(visitor.question).to_have_text(KNOWN)
    expect(visitor.answer).to_contain_text("派出所")
    visitor.expect_talking(1)
    first = visitor.film()
    visitor.expect_film(f"v.currentTime > {first['time']} + 1")
    film = visitor.film()
    assert film["error"] is None
    assert film["frames"] > 20
    assert film["width"] >= 256
    expect(visitor.player).to_have_class(re.compile(r"\btalking\b"))


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_while_the_presenter_speaks_changes_nothing(
    visitor: Visitor, days: int
) -> None:
    """The server sends on only while the page reports what it has played."""
    visitor.ask("你好")
    visitor.expect_talking(1)
    jump = days * 86_400_000
    visitor.see(f"{{ const right = Date.now; Date.now = () => right.call(Date) + {jump}; }}")
    first = visitor.film()
    visitor.expect_film(f"v.currentTime > {first['time']} + 6")
    visitor.expect_state("talking")


def test_the_presenter_is_heard_and_captioned_and_then_rests(visitor: Visitor) -> None:
    visitor.measure_sound()
    visitor.ask(BRIEF)
    visitor.expect_talking(1)
    expect(visitor.caption).not_to_be_empty()
    answer = visitor.answer.inner_text()
    first = visitor.caption.inner_text()
    assert first in answer
    expect(visitor.caption).not_to_have_text(first)
    assert visitor.caption.inner_text() in answer
    visitor.expect_film("Number(v.dataset.loudest) > 0.01")
    visitor.expect_state("idle")
    expect(visitor.caption).to_be_empty()
    expect(visitor.page.locator("video.talk[src]")).to_have_count(0)
    assert visitor.idle.evaluate("v => !v.paused && v.muted && v.loop")


def test_the_last_reply_can_be_seen_again(visitor: Visitor) -> None:
    visitor.ask("谢谢")
    visitor.expect_talking(1)
    visitor.expect_state("idle")
    visitor.page.get_by_role("button", name="重播").click()
    visitor.expect_talking(2)
    expect(visitor.caption).not_to_be_empty()
    visitor.expect_state("idle")


def test_an_answer_names_what_it_rests_on_and_links_to_the_portal_of_the_body_in_charge(
    visitor: Visitor,
) -> None:
    visitor.ask(KNOWN)
    source = visitor.answer.locator(".source")
    expect(source).to_contain_text("示例数据")
    expect(source).to_contain_text(re.compile(r"\b20\d\d\b"))
    expect(source).to_contain_text("依据《中华人民共和国居民身份证法》（2024年）")
    link = source.get_by_role("link")
    expect(link).to_contain_text("主管部门：")
    expect(link).to_have_attribute("href", re.compile("^https://"))
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_an_unknown_question_is_declined_and_nothing_unrelated_is_offered(visitor: Visitor) -> None:
    visitor.ask(UNKNOWN)
    expect(visitor.answer.locator(".refused")).to_be_visible()
    expect(visitor.answer.locator(".source")).to_have_count(0)
    visitor.expect_talking(1)
    expect(visitor.answer.get_by_role("button").filter(has_text="？")).to_have_count(0)


def test_a_name_alone_is_asked_back_and_a_suggestion_can_be_asked(visitor: Visitor) -> None:
    visitor.ask("护照")
    expect(visitor.answer.locator(".refused")).to_be_visible()
    expect(visitor.answer.locator(".source")).to_have_count(0)
    visitor.expect_talking(1)
    suggestions = visitor.answer.get_by_role("button").filter(has_text="？")
    expect(suggestions).to_have_count(3)
    suggestion = suggestions.first.inner_text()
    suggestions.first.click()
    expect(visitor.question).to_have_text(suggestion)
    expect(visitor.answer.locator(".source")).to_be_visible()
    visitor.expect_talking(2)


def test_an_example_on_the_start_screen_can_be_asked(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name=KNOWN).click()
    expect(visitor.question).to_have_text(KNOWN)
    expect(visitor.answer.locator(".source")).to_be_visible()
    expect(visitor.page.locator(".welcome")).to_have_count(0)
    visitor.expect_talking(1)


def test_stop_silences_the_presenter(visitor: Visitor) -> None:
    visitor.measure_sound()
    visitor.ask(KNOWN)
    visitor.expect_film("Number(v.dataset.loudness) > 0.01")
    visitor.page.get_by_role("button", name="停止").click()
    visitor.expect_state("stopped")
    visitor.expect_film("v.paused && Number(v.dataset.loudness) < 0.0001")
    expect(visitor.caption).to_be_empty()
    expect(visitor.player).not_to_have_class(re.compile(r"\btalking\b"))
    visitor.ask(OTHERS[0])
    visitor.expect_talking(2)


def test_a_new_question_cuts_the_reply_to_the_old_one(visitor: Visitor) -> None:
    visitor.ask(KNOWN)
    visitor.expect_talking(1)
    visitor.ask(BRIEF)
    visitor.expect_talking(2)
    expect(visitor.caption).to_contain_text("开门")
    visitor.expect_state("idle")


@pytest.mark.slow
def test_ten_questions_in_a_row_leave_nothing_behind(visitor: Visitor) -> None:
    held = []
    for number, question in enumerate(OTHERS, 1):
        visitor.ask(question)
        expect(visitor.question).to_have_text(question)
        expect(visitor.answer.locator(".source")).to_be_visible()
        visitor.expect_talking(number)
        held.append(visitor.memory())
    assert visitor.page.locator("video").count() == 2
    assert visitor.film()["error"] is None
    grown = held[-1]["usedSize"] - held[2]["usedSize"]
    assert grown < 5e6, f"the page's heap grew by {grown / 1e6:.1f} MB in seven questions"
    media = held[-1]["backingStorageSize"]
    assert media < 20e6, f"the page holds {media / 1e6:.1f} MB of media"


@pytest.mark.parametrize("question", ["<script>document.title = 'x'</script>", MARKUP])
def test_markup_in_a_question_is_shown_as_it_was_typed(visitor: Visitor, question: str) -> None:
    visitor.ask(question)
    expect(visitor.question).to_have_text(question)
    expect(visitor.answer.get_by_test_id("stFeedback")).to_be_visible()
    expect(visitor.page).to_have_title(re.compile("政问"))


def test_markup_from_the_knowledge_base_is_shown_as_it_is_written(visitor: Visitor) -> None:
    visitor.ask(f"第一个标记测试{MARKUP}？")
    expect(visitor.answer.get_by_test_id("stText")).to_have_text(f"答一：{MARKUP}。")
    source = visitor.answer.locator(".source")
    expect(source).to_contain_text(f"《{MARKUP}》")
    expect(source.get_by_role("link")).to_have_count(0)
    related = visitor.answer.get_by_role("button").filter(has_text="标记测试").first
    shown = related.inner_text().replace("\u2060", "")
    assert shown.endswith(f"个标记测试{MARKUP}？")
    visitor.expect_talking(1)
    expect(visitor.caption).to_contain_text("<b>粗</b>")


def test_the_page_can_be_reloaded_while_the_presenter_speaks(visitor: Visitor) -> None:
    visitor.ask(KNOWN)
    visitor.expect_talking(1)
    visitor.arrive()
    expect(visitor.player).to_have_attribute("data-replies", "0")
    visitor.ask(UNKNOWN)
    visitor.expect_talking(1)


def test_two_visitors_do_not_hear_each_other(visitor: Visitor, open_page: OpenPage) -> None:
    other = open_page().arrive()
    visitor.ask(KNOWN)
    visitor.expect_talking(1)
    other.ask(UNKNOWN)
    other.expect_talking(1)
    expect(visitor.player).to_have_attribute("data-replies", "1")
    assert visitor.session != other.session


def test_a_session_opened_elsewhere_is_not_fought_over(visitor: Visitor, stack: Stack) -> None:
    address = f"ws://127.0.0.1:{stack.port}/v1?session={visitor.session}&role=play"
    with connect(address, proxy=None) as elsewhere:
        visitor.expect_state("offline")
        expect(visitor.notice).to_contain_text("另一个窗口")
        with pytest.raises(TimeoutError):  # longer than the page waits before it reconnects
            while True:
                elsewhere.recv(timeout=3)


def test_the_page_is_usable_on_a_phone(open_page: OpenPage) -> None:
    phone = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.arrive()
    width = "document.documentElement.scrollWidth"
    assert phone.page.evaluate(width) <= 390
    phone.ask(KNOWN)
    phone.expect_talking(1)
    expect(phone.answer.locator(".source")).to_be_in_viewport()
    expect(phone.input).to_be_in_viewport()
    expect(phone.talk).to_be_in_viewport(ratio=1)
    box = phone.talk.bounding_box()
    assert box is not None and box["height"] < 844 / 3
    assert phone.page.evaluate(width) <= 390


def test_the_english_page_asks_and_answers_in_english(visitor: Visitor) -> None:
    visitor.page.get_by_test_id("stButtonGroup").get_by_text("English").click()
    expect(visitor.page.locator(".welcome")).to_contain_text("Hello")
    expect(visitor.page).to_have_title(re.compile("public services"))
    expect(visitor.player).to_contain_text("AI-generated")
    visitor.ask("How do I grow potatoes on Mars?")
    expect(visitor.answer.locator(".refused")).to_have_text("No answer found")
    expect(visitor.answer).to_contain_text("Sorry")
    visitor.ask("???")
    expect(visitor.question).to_have_text("???")
    expect(visitor.answer).to_contain_text("Sorry")
    visitor.page.reload()
    expect(visitor.page.locator(".welcome")).to_contain_text("Hello")


def test_a_new_conversation_forgets_the_old_one(visitor: Visitor) -> None:
    visitor.ask(KNOWN)
    visitor.expect_talking(1)
    visitor.page.get_by_role("button", name="新对话").click()
    expect(visitor.page.locator(".welcome")).to_be_visible()
    expect(visitor.page.get_by_text("派出所")).to_have_count(0)
    visitor.expect_state("idle")
    assert visitor.talk.evaluate("v => v.paused")


def test_thumbs_down_reaches_the_server_without_the_words(visitor: Visitor, stack: Stack) -> None:
    visitor.ask("赞成票和反对票 " + KNOWN)
    expect(visitor.answer.get_by_test_id("stFeedback")).to_be_visible()
    visitor.answer.get_by_role("radio", name="Thumbs down").click()
    expect(visitor.page.get_by_test_id("stToast")).to_contain_text("感谢")
    with closing(sqlite3.connect(stack.folder / "var" / "feedback.sqlite")) as database:
        [*_, record] = database.execute("SELECT rating, * FROM feedback ORDER BY number").fetchall()
    assert record[0] == -1
    assert "赞成票" not in str(record)
    assert "赞成票" not in stack.log()


def test_sound_that_the_browser_forbids_begins_with_a_click(
    open_page: OpenPage, stack: Stack
) -> None:
    visitor = open_page()
    visitor.page.goto(visitor.url)
    # Playwright's own looks at the page count as gestures: look through the developer tools.
    find = "[...document.querySelectorAll('*')].map(e => e.shadowRoot).find(Boolean)"
    _until(lambda: visitor.see(f"{find}?.querySelector('.player').dataset.state") == "idle")
    address = f"ws://127.0.0.1:{stack.port}/v1?session={visitor.session}&role=ask"
    with connect(address, proxy=None) as elsewhere:
        elsewhere.send(json.dumps({"type": "ask", "text": KNOWN}))
        _until(lambda: visitor.see(f"{find}.querySelector('.unlock').hidden") is False)
    unlock = visitor.page.get_by_role("button", name="点击开启声音")
    unlock.click()
    visitor.expect_talking(1)
    expect(unlock).to_be_hidden()
    visitor.expect_film("v.currentTime > 0.5 && !v.muted")


def test_who_comes_when_too_much_is_rendered_reads_the_answer_and_why(
    visitor: Visitor, stack: Stack
) -> None:
    with ExitStack() as others:
        for n in range(4):  # server.max_replies
            url = f"ws://127.0.0.1:{stack.port}/v1"
            other = others.enter_context(connect(url, max_size=None, proxy=None))
            other.send(json.dumps({"type": "say", "text": "请稍等。" * 100, "reply": f"{n}"}))
            other.send(json.dumps({"type": "played", "reply": f"{n}", "position_ms": 0}))
            while not is_media(other.recv(TIMEOUT / 1000)):
                pass
        visitor.ask(RARE)
        expect(visitor.notice).to_contain_text("当前咨询人数较多")
        expect(visitor.answer.locator(".source")).to_be_visible()
        visitor.expect_state("idle")
        expect(visitor.player).to_have_attribute("data-replies", "0")
    expect(visitor.notice).to_be_hidden()
    visitor.ask(RARE)
    visitor.expect_talking(1)


def test_a_server_that_dies_while_speaking_is_missed_and_found_again(
    visitor: Visitor, stack: Stack
) -> None:
    visitor.ask(KNOWN)
    visitor.expect_talking(1)
    try:
        stack.kill_server()
        visitor.expect_state("offline")
        expect(visitor.notice).to_contain_text("正在重连")
        expect(visitor.caption).to_be_empty()
        visitor.ask(OTHERS[0])
        expect(visitor.answer).to_contain_text("问题已保留")
    finally:
        stack.start_server()
    visitor.expect_state("idle")
    expect(visitor.notice).to_be_hidden()
    expect(visitor.question).to_have_text(OTHERS[0])
    expect(visitor.answer.locator(".source")).to_be_visible()
    visitor.ask(KNOWN)
    expect(visitor.answer).to_contain_text("派出所")
    expect(visitor.caption).to_contain_text("派出所")
    visitor.expect_state("talking")
    # What the browser itself says about refused connections is not the page's fault.
    visitor.problems[:] = [p for p in visitor.problems if "WebSocket connection" not in p]


def is_media(message: str | bytes) -> bool:
    return isinstance(message, bytes) and decode_binary(message)[0]["kind"] == "media"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT / 1000
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
