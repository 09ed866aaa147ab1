"""A real server, a real page and a real browser, for the tests that look through their eyes."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Locator, Page, WebSocket, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 300.0  # s; loading the models on a busy machine
TIMEOUT = 60_000  # ms; for whatever the page should do, on a busy machine

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


class Stack:
    """The server and the page as processes of their own.

    Args:
        folder: For logs, and for what the server writes.
        faq: The entries that can be asked for.
        variables: More settings, by the names of their environment variables.
    """

    def __init__(self, folder: Path, faq: Path, **variables: str) -> None:
        self.folder = folder
        self.port, self.page_port = _free_ports(2)
        self.url = f"http://127.0.0.1:{self.page_port}/"
        self._environment = os.environ | {
            "ZHENGWEN_SERVER__PORT": str(self.port),
            "ZHENGWEN_DATA_DIR": str(folder / "var"),
            "ZHENGWEN_FAQ": str(faq),
            "OMP_NUM_THREADS": "1",
            **variables,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both and wait until both answer."""
        self._run("page", "streamlit", "run", "streamlit_app.py", "--server.port", self.page_port)
        self.start_server()
        self._wait("page", f"{self.url}_stcore/health")

    def start_page(self) -> None:
        """Start the page alone and wait until it answers."""
        self._run("page", "streamlit", "run", "streamlit_app.py", "--server.port", self.page_port)
        self._wait("page", f"{self.url}_stcore/health")

    def start_server(self) -> None:
        """Start the server, again if it was killed, and wait until it answers."""
        self._run("server", "agent", "serve", "--port", self.port)
        self._wait("server", f"http://127.0.0.1:{self.port}/healthz")

    def kill_server(self) -> None:
        """End the server as a power cut would."""
        server = self._processes.pop("server", None)
        if server:
            server.kill()
            server.wait()

    def stop(self) -> None:
        """End both."""
        self.kill_server()
        for process in self._processes.values():
            process.terminate()
            process.wait(30)

    def log(self) -> str:
        """All that both have written so far."""
        logs = sorted(self.folder.glob("*.log"))
        return "".join(path.read_text("utf-8", errors="replace") for path in logs)

    def _run(self, name: str, module: str, *arguments: object) -> None:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait(self, name: str, url: str) -> None:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._processes[name].poll() is not None:
                break
            try:
                with direct.open(url, timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"the {name} did not start:\n{self.log()[-3000:]}")


def _free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, with its usual rules for autoplay."""
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()


class Visitor:
    """Someone with the page open, who notes what goes wrong."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        self.session = ""
        page.set_default_timeout(TIMEOUT)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._note_request(request.url))
        page.on("websocket", self._note_websocket)
        self.player = page.locator(".player")
        self.idle = page.locator("video.idle")
        self.talk = page.locator("video.talk")
        self.caption = page.locator(".caption")
        self.notice = page.locator(".notice")
        self.input = page.get_by_test_id("stChatInputTextArea")

    def arrive(self, query: str = "") -> "Visitor":
        """Open the page, or open it again, and wait for the presenter."""
        self.page.goto(self.url + query)
        self.expect_state("idle")
        return self

    def ask(self, question: str) -> None:
        """Type a question and press Enter."""
        self.input.fill(question)
        self.input.press("Enter")

    def expect_state(self, state: str) -> None:
        expect(self.player).to_have_attribute("data-state", state)

    def expect_talking(self, replies: int) -> None:
        """Wait until the presenter speaks, having spoken so many replies, this one included."""
        expect(self.player).to_have_attribute("data-replies", str(replies))
        self.expect_state("talking")

    @property
    def answer(self) -> Locator:
        """What the newest answer holds."""
        return self.page.locator("[class*='st-key-answer-']").last

    @property
    def question(self) -> Locator:
        """The newest question."""
        return self.page.locator("[class*='st-key-question-']").last.get_by_test_id("stText")

    def film(self) -> dict[str, Any]:
        """How the talking video is doing."""
        state: dict[str, Any] = self.talk.evaluate(
            """v => ({time: v.currentTime, paused: v.paused, error: v.error && v.error.message,
                      frames: v.getVideoPlaybackQuality().totalVideoFrames,
                      width: v.videoWidth})"""
        )
        return state

    def expect_film(self, condition: str) -> None:
        """Wait until a JavaScript condition on the talking video ``v`` holds."""
        handle = self.talk.element_handle()
        self.page.wait_for_function(f"v => {condition}", arg=handle, timeout=TIMEOUT)

    def measure_sound(self) -> None:
        """From now on keep the loudest root mean square heard in ``data-loudest``."""
        self.talk.evaluate(
            """v => {
                const context = new AudioContext();
                const analyser = context.createAnalyser();
                const samples = new Float32Array(analyser.fftSize);
                context.createMediaElementSource(v).connect(analyser);
                analyser.connect(context.destination);
                setInterval(() => {
                    analyser.getFloatTimeDomainData(samples);
                    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
                    const rms = Math.sqrt(power);
                    v.dataset.loudest = Math.max(Number(v.dataset.loudest ?? 0), rms);
                    v.dataset.loudness = rms;
                }, 20);
            }"""
        )

    def memory(self) -> dict[str, float]:
        """Bytes the page holds after a garbage collection."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("HeapProfiler.collectGarbage")
        usage: dict[str, float] = devtools.send("Runtime.getHeapUsage")
        devtools.detach()
        return usage

    def see(self, expression: str) -> Any:
        """Evaluate JavaScript without it counting as a visitor's gesture."""
        devtools = self.page.context.new_cdp_session(self.page)
        answer = devtools.send("Runtime.evaluate", {"expression": expression})
        devtools.detach()
        return answer["result"].get("value")

    def _note_console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.problems.append(f"a request left the machine: {url}")

    def _note_websocket(self, websocket: WebSocket) -> None:
        self._note_request(websocket.url)
        self.session = parse_qs(urlsplit(websocket.url).query).get("session", [self.session])[0]
