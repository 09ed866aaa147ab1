"""What other programs use, started as they start it: as processes of their own."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

ROOT = Path(__file__).parent.parent
TOKEN = "choose-one"
PROXY = "198.51.100.7"
"""A proxy that is trusted beside the one on this machine."""
ENTRY = {
    "id": "card-1",
    "question": "身份证丢了怎么补领？",
    "answer": "带户口簿到派出所补领。",
    "source_title": "《居民身份证法》",
    "source_url": "https://www.gov.cn/law",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A knowledge base of one entry, which is loaded in a moment."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "faq").mkdir()
    text = json.dumps(ENTRY, ensure_ascii=False)
    (folder / "faq" / "entries.jsonl").write_text(text, "utf-8")
    return os.environ | {
        "ZHENGWEN_DATA_DIR": str(folder / "var"),
        "ZHENGWEN_FAQ": str(folder / "faq"),
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="module")
def endpoint(environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    own = {
        "ZHENGWEN_API__TOKEN": TOKEN,
        "ZHENGWEN_API__PORT": str(port),
        "ZHENGWEN_SERVER__TRUSTED_PROXIES": f"[127.0.0.1, {PROXY}]",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "api"],
        cwd=ROOT, env=environment | own, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        watchdog = threading.Timer(500, process.kill)
        watchdog.start()
        try:
            assert f"127.0.0.1:{port}/v1" in next(process.stdout)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            watchdog.cancel()
            process.terminate()


def post(url: str, token: str, forwarded_for: str = "192.0.2.1") -> dict[str, object]:
    body = {"messages": [{"role": "user", "content": "身份证丢了怎么补领"}]}
    request = urllib.request.Request(
        f"{url}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "X-Forwarded-For": forwarded_for},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(100):  # it says where it listens a moment before it does
        try:
            with direct.open(request, timeout=60) as response:
                told: dict[str, object] = json.load(response)
                return told
        except HTTPError:
            raise
        except OSError:
            threading.Event().wait(0.1)
    raise AssertionError("the endpoint does not answer")


def test_the_endpoint_answers_who_has_the_token(endpoint: str) -> None:
    told = post(endpoint, TOKEN)
    assert "派出所" in json.dumps(told["choices"], ensure_ascii=False)


def test_the_endpoint_answers_nobody_else(endpoint: str) -> None:
    with pytest.raises(HTTPError) as refused:
        post(endpoint, "wrong")
    assert refused.value.code == 401
    refused.value.close()


def test_who_guesses_through_a_trusted_proxy_keeps_no_other_client_of_it_waiting(
    endpoint: str,
) -> None:
    statuses = []
    for _ in range(6):
        with pytest.raises(HTTPError) as refused:
            post(endpoint, "wrong", f"203.0.113.7, {PROXY}")
        statuses.append(refused.value.code)
        refused.value.close()
    assert statuses[:5] == [401] * 5
    assert post(endpoint, TOKEN, f"203.0.113.8, {PROXY}")["choices"]


def test_the_page_says_which_setting_it_cannot_use(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "page", "--server.port", str(free_port())],
        cwd=ROOT, env=environment | {"ZHENGWEN_LOG_FORMAT": "xml"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "page: setting 'log_format'" in done.stderr and "Traceback" not in done.stderr


def test_without_a_token_the_endpoint_says_what_to_set(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "api"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "api.token" in done.stderr and "Traceback" not in done.stderr


async def test_policies_are_found_over_standard_input_and_output(
    environment: dict[str, str],
) -> None:
    pytest.importorskip("mcp", reason="pip install 'zhengwen[mcp]'")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(
        command=sys.executable, args=["-m", "agent", "mcp"], env=environment, cwd=ROOT
    )
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        begun = await session.initialize()
        result = await session.call_tool("search_policies", {"query": "身份证丢了怎么补领"})
    assert "search_policies" in (begun.instructions or "")
    assert not result.is_error
    assert result.structured_content["result"][0]["source_url"] == ENTRY["source_url"]
