"""The nginx file of the documentation, as it stands there, before a real page and a real server."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPSConnection, RemoteDisconnected
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser import CHROMIUM_ARGUMENTS, ROOT, TIMEOUT, Stack

NAME = "service.example.cn"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
OUTSIDE = "127.0.0.2"
"""An address of this machine that the file takes for one outside the staff's network."""

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is missing (apt-get install nginx-light)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


class Proxy:
    """nginx with the documentation's file; only ports and the places of files are changed."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={NAME} -addext"
        names = f"subjectAltName=DNS:{NAME}"
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*command.split(), names, *files], check=True, capture_output=True)
        self.trusted = ssl.create_default_context(cafile=str(certificate))
        text = (ROOT / "docs" / "deploy" / "nginx.conf").read_text("utf-8")
        for old, new in (
            ("listen 443", f"listen 127.0.0.1:{self.port}"),
            ("listen 80", f"listen 127.0.0.1:{self.plain_port}"),
            (f"/etc/ssl/certs/{NAME}.pem", str(certificate)),
            (f"/etc/ssl/private/{NAME}.key", str(key)),
            ("/var/log/nginx", str(folder)),
            ("127.0.0.1:8501", f"127.0.0.1:{stack.page_port}"),
            ("127.0.0.1:8765", f"127.0.0.1:{stack.port}"),
            (f'"https://{NAME}" ', f'"https://{NAME}:{self.port}" '),
        ):
            assert old in text
            text = text.replace(old, new)
        (folder / "zhengwen.conf").write_text(text)
        places = "client_body proxy fastcgi uwsgi scgi".split()
        temporary = "".join(f"{one}_temp_path {folder}/{one};" for one in places)
        main = (
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;"
            f"events {{}} http {{ access_log {folder}/access.log;"
            f"{temporary} include {folder}/zhengwen.conf; }}"
        )
        (folder / "nginx.conf").write_text(main)
        assert NGINX
        command_line = [NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        checked = subprocess.run([*command_line, "-t"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        assert "[warn]" not in re.sub(r'.*the "user" directive.*', "", checked.stderr)
        self.process = subprocess.Popen(command_line)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                break
            except OSError:
                time.sleep(0.05)

    def get(self, path: str, *, host: str = "", method: str = "GET", source: str = "") -> int:
        """The status of a request over TLS."""
        connection = HTTPSConnection(NAME, self.port, context=self.trusted, timeout=60)
        plain = socket.create_connection(
            ("127.0.0.1", self.port), 60, source_address=(source, 0) if source else None
        )
        connection.sock = self.trusted.wrap_socket(plain, server_hostname=NAME)
        connection.request(method, path, headers={"Host": host or f"{NAME}:{self.port}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def websocket(self, path: str, origin: str | None) -> int:
        """The status of a handshake, 101 if it is a websocket then."""
        try:
            with connect(
                f"wss://{NAME}:{self.port}{path}",
                sock=socket.create_connection(("127.0.0.1", self.port), 60),
                ssl=self.trusted,
                additional_headers={"Origin": origin} if origin else None,
                open_timeout=60,
                max_size=None,
            ):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    # The page has to know the proxy's address before it starts, and the proxy the page's.
    stack = Stack(folder, ROOT / "assets" / "faq")
    proxy = Proxy(folder, stack)
    stack._environment["ZHENGWEN_PAGE__SERVER_URL"] = f"wss://{NAME}:{proxy.port}/avatar/v1"
    try:
        stack.start()
        yield proxy
    finally:
        proxy.process.terminate()
        proxy.process.wait(30)
        stack.stop()


def test_a_visitor_asks_over_tls_and_the_presenter_answers(proxy: Proxy) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*CHROMIUM_ARGUMENTS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
        )
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(f"https://{NAME}:{proxy.port}/")
        page.wait_for_selector(".player[data-state=idle]")
        question = page.get_by_test_id("stChatInputTextArea")
        question.fill("身份证丢了怎么补领？")
        question.press("Enter")
        page.wait_for_selector(".player[data-state=talking]")
        page.wait_for_selector("[class*='st-key-answer-'] >> text=身份证")
        browser.close()


def test_only_its_own_pages_open_websockets_and_programs_do(proxy: Proxy) -> None:
    own = f"https://{NAME}:{proxy.port}"
    for path in ("/avatar/v1?session=abcdefgh", "/_stcore/stream"):
        assert proxy.websocket(path, own) == 101
        assert proxy.websocket(path, None) == 101
        for foreign in ("https://evil.example", f"http://{NAME}", "null", f"{own}.evil.example"):
            assert proxy.websocket(path, foreign) == 403, (path, foreign)


def test_other_hosts_get_nothing_and_plain_http_is_sent_to_tls(proxy: Proxy) -> None:
    with pytest.raises(RemoteDisconnected):
        proxy.get("/", host="evil.example")
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", proxy.port), 60)
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        stranger.wrap_socket(plain, server_hostname="evil.example")
    assert first_line(proxy.plain_port, NAME).startswith("HTTP/1.1 301")
    assert first_line(proxy.plain_port, "evil.example") == ""


def first_line(port: int, host: str, path: str = "/") -> str:
    with socket.create_connection(("127.0.0.1", port), 60) as plain:
        plain.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return plain.makefile(encoding="latin-1").readline().strip()


def test_uploads_and_staff_pages_are_for_the_network_of_the_staff(proxy: Proxy) -> None:
    upload = "/_stcore/upload_file/0/0"
    assert proxy.get(upload, method="PUT", source=OUTSIDE) == 403
    assert proxy.get("/staff", source=OUTSIDE) == 403
    assert proxy.get("/render/", source=OUTSIDE) == 403
    assert proxy.get("/staff") == 200
    assert proxy.get("/", source=OUTSIDE) == 200
    assert proxy.get("/_stcore/metrics") == 404
    assert proxy.get("/_stcore/health") == 200


def test_no_session_and_no_token_is_in_a_log(proxy: Proxy) -> None:
    private = "session=abcdefgh&token=s3cret"
    assert proxy.websocket(f"/avatar/v1?{private}", None) == 101
    assert proxy.get("/_stcore/upload_file/abcdefgh/1", method="PUT", source=OUTSIDE) == 403
    assert proxy.get(f"/v1/models?{private}") == 502  # no API is running: an error of nginx
    first_line(proxy.plain_port, NAME, f"/?{private}")
    first_line(proxy.plain_port, "evil.example", f"/?{private}")
    log = proxy.folder / "zhengwen.log"
    wanted = {"/avatar/v1", "/_stcore/upload_file", "/v1/models", "301", "444"}
    deadline = time.monotonic() + 60
    while not wanted <= set(log.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert wanted <= set(log.read_text().split())
    for name in ("zhengwen.log", "zhengwen.error.log", "access.log", "error.log"):
        text = (proxy.folder / name).read_text()
        assert not [word for word in ("session=", "abcdefgh", "s3cret") if word in text], name
