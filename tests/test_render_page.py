"""Staff have a face speak on the page: real Streamlit, real Chromium, real files."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.weights import save_weights
from ingest.journal import IngestJournal
from page.staff import render_queue as queues
from page.staff.render_queue import QueueFull, RenderJob, RenderQueue, RenderReport
from tests.browser import START_TIMEOUT, TIMEOUT, Stack, chromium
from tests.videos import presenter_frames, tone, write_video, write_wav

PASSWORD = "open-sesame-政务-7"
VARIABLE = "ZHENGWEN_PAGE__STAFF_PASSWORD"
WHO = "王芳"

pytestmark = pytest.mark.timeout(600)


class Sent:
    """A file as the browser sends it."""

    file_id = "f"

    def __init__(self, name: str, content: bytes = b"x") -> None:
        self.name = name
        self._content = content

    def getbuffer(self) -> memoryview:
        return memoryview(self._content)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(Wav2Lip384(32), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A face, a sound, and a picture without a face."""
    folder = tmp_path_factory.mktemp("files")
    face = write_video(folder / "小政.mp4", presenter_frames("suit", 5), None)
    wall = folder / "墙.png"
    wall.write_bytes(cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1].tobytes())
    return face, write_wav(folder / "您好.wav", tone(0.3)), wall


def until_over(*jobs: RenderJob) -> None:
    deadline = time.monotonic() + 120
    while not all(job.is_over for job in jobs) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(job.is_over for job in jobs)


# The queue


def test_renderings_wait_for_each_other_and_a_bad_one_stops_no_other(
    tmp_path: Path, weights: Path, files: tuple[Path, Path, Path]
) -> None:
    face, voice, wall = (Sent(path.name, path.read_bytes()) for path in files)
    queue = RenderQueue(tmp_path / "renders")
    options = [f"--checkpoint={weights}"]
    bad = queue.add(wall, voice, options, WHO)
    good = queue.add(face, voice, [*options, "--box", "60", "170", "70", "170"], "李明")
    assert queue.jobs == [good, bad] and queue.position(good) == 1
    before = good.state
    until_over(bad, good)
    assert bad.state == "failed" and bad.failure == RenderReport("no_face", {"path": "墙.png"})
    assert (before, good.state) == ("waiting", "done") and good.done == good.total == 8
    assert [note.code for note in good.notes] == ["video_shorter"]
    left = sorted(p.name for p in good.out.parent.iterdir())
    assert left == ["result.mp4"], "what was sent is deleted after use"
    queue.remove(good)
    assert queue.jobs == [bad] and not good.out.parent.exists()


def test_a_rendering_can_be_stopped_and_too_many_cannot_wait(
    tmp_path: Path, weights: Path, files: tuple[Path, Path, Path]
) -> None:
    face, voice, _ = (Sent(path.name, path.read_bytes()) for path in files)
    (tmp_path / "renders" / "of an earlier process").mkdir(parents=True)
    queue = RenderQueue(tmp_path / "renders")
    assert not (tmp_path / "renders" / "of an earlier process").exists()
    options = [f"--checkpoint={weights}"]
    first = queue.add(face, voice, options, WHO)
    while first.process is None:
        time.sleep(0.01)
    waiting = [queue.add(face, voice, options, WHO) for _ in range(queues.MAX_WAITING)]
    with pytest.raises(QueueFull):
        queue.add(face, voice, options, WHO)
    for job in waiting:
        queue.stop(job)
    queue.stop(first)
    assert first.process.wait(30) != 0
    assert {job.state for job in queue.jobs} == {"stopped"}
    assert not first.face.exists()


# The page


def render_page() -> None:
    """Streamlit runs this text on its own."""
    import streamlit as st

    from agent.settings import read_settings
    from page.staff.render_page import show_render_page

    st.session_state.setdefault("lang", "zh")
    show_render_page(read_settings(), lambda: None)


def test_without_a_password_the_page_is_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    page = AppTest.from_function(render_page, default_timeout=START_TIMEOUT).run()
    assert not page.exception and not page.get("file_uploader")
    html = "".join(element.proto.body for element in page.get("html"))
    assert "没有开启" in html and "is off" in html


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("page")
    checkpoints = folder / "var" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / weights.name).write_bytes(weights.read_bytes())
    stack = Stack(folder, folder, **{VARIABLE: PASSWORD})
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


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("您的姓名").fill(WHO)
    page.get_by_label("口令", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="开始生成")).to_be_visible(timeout=START_TIMEOUT * 1000)


def test_a_face_is_uploaded_speaks_and_is_downloaded_even_after_a_reload(
    stack: Stack, browser: Browser, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(TIMEOUT)
    url = stack.url + "render"
    page.goto(url)
    expect(page.get_by_label("口令", exact=True)).to_be_visible(timeout=START_TIMEOUT * 1000)
    assert page.get_by_test_id("stFileUploader").count() == 0, "nothing without the password"
    sign_in(page, url)

    def send(face: Path, voice: Path, *, consent: bool) -> None:
        uploaders = page.get_by_test_id("stFileUploader")
        expect(uploaders).to_have_count(2)
        for i, path in enumerate((face, voice)):
            uploader = uploaders.nth(i)
            uploader.locator("input").set_input_files(path)
            expect(uploader.get_by_test_id("stFileChip")).to_have_count(1)
            expect(uploader.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
        if consent:
            page.get_by_text("画面中的人同意").click()
        page.get_by_role("button", name="开始生成").click()

    face, voice, wall = files
    send(face, voice, consent=False)
    expect(page.get_by_text("没有本人同意，不能使用其形象")).to_be_visible()
    page.get_by_text("画面中的人同意").click()
    page.get_by_role("button", name="开始生成").click()
    card = page.locator("[class*='st-key-render-']").filter(has_text="小政.mp4 + 您好.wav")
    expect(card).to_be_visible()
    sign_in(page, url)  # loaded anew in the middle of it
    expect(card).to_contain_text("已完成")
    video = card.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function(
        "v => v.readyState >= 2 && v.videoWidth === 240", arg=video.element_handle()
    )
    with page.expect_download() as coming:
        card.get_by_role("button", name="下载视频").click()
    assert coming.value.suggested_filename == "小政-您好.mp4"
    coming.value.save_as(tmp_path / "downloaded.mp4")
    assert (tmp_path / "downloaded.mp4").read_bytes()[4:8] == b"ftyp"

    send(wall, voice, consent=True)
    failed = page.locator("[class*='st-key-render-']").filter(has_text="墙.png + 您好.wav")
    expect(failed).to_contain_text("没有找到人脸")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "a phone does not scroll sideways"
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    failed.get_by_role("button", name="删除").click()
    expect(failed).to_have_count(0)
    with IngestJournal(stack.folder / "var", who="test") as journal:
        acts = [(act.who, act.action, act.subject) for act in journal.audit()]
    assert (f"{WHO} (staff page)", "render", "小政.mp4 + 您好.wav") in acts
    page.close()
