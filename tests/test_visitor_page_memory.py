"""A visitor comes back: kept conversations and a language model's usage, on the real page."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import ROOT, Stack, Visitor, chromium
from tests.language_model import Reply, serving

pytest.importorskip("langchain_openai", reason="the extra 'llm' is not installed")

ASKED = "行使证丢了怎么补，多少钱"
pytestmark = pytest.mark.timeout(900)


def behave(reply: Reply) -> None:
    passage = reply.data["passages"][0]
    reply.say(passage["text"].partition("。")[0] + "[1]。")
    reply.end(usage=(1234, 56))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "faq").mkdir()
    shutil.copy(ROOT / "assets" / "faq" / "vehicle.jsonl", folder / "faq")
    with serving() as service:
        service.behave = behave
        stack = Stack(
            folder,
            folder / "faq",
            ZHENGWEN_LLM__MODEL="loopback",
            ZHENGWEN_LLM__BASE_URL=f"'{service.url}'",
            ZHENGWEN_LLM__PRICES="[2.0, 8.0]",
            ZHENGWEN_ANSWER_FROM="1.0",  # so that the model is asked
            ZHENGWEN_MEMORY__KEEP_HOURS="1",
            ZHENGWEN_TTS__NAME="espeak",
        )
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_a_conversation_is_found_again_shows_what_it_took_and_can_be_deleted(
    stack: Stack, browser: Browser
) -> None:
    with browser.new_context() as context:
        visitor = Visitor(context.new_page(), stack.url).arrive()
        expect(visitor.page.locator(".footer")).to_contain_text("保留 1 小时")
        visitor.ask(ASKED)
        usage = "大模型用量：读入 1,234、写出 56 词元，费用 0.0029 元"
        expect(visitor.page.locator(".usage")).to_have_text(usage)
        words = visitor.answer.get_by_test_id("stText").first.inner_text()

        visitor.arrive()
        expect(visitor.question).to_have_text(ASKED)
        expect(visitor.answer).to_contain_text(words)
        expect(visitor.page.locator(".usage")).to_have_text(usage)
        expect(visitor.answer.get_by_test_id("stFeedback")).to_have_count(0)
        assert list((stack.folder / "var" / "conversations").glob("*.json"))

        visitor.page.get_by_role("button", name="新对话").click()
        expect(visitor.page.locator(".welcome")).to_be_visible()
        assert not list((stack.folder / "var" / "conversations").glob("*.json"))
        visitor.arrive()
        expect(visitor.page.locator(".welcome")).to_be_visible()
        assert ASKED not in stack.log() and visitor.session not in stack.log()
        assert not visitor.problems


def test_another_browser_finds_nothing(stack: Stack, browser: Browser) -> None:
    with browser.new_context() as one, browser.new_context() as other:
        visitor = Visitor(one.new_page(), stack.url).arrive()
        visitor.ask(ASKED)
        expect(visitor.page.locator(".usage")).to_be_visible()
        stranger = Visitor(other.new_page(), stack.url).arrive()
        expect(stranger.page.locator(".welcome")).to_be_visible()
