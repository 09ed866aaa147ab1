"""Proposals of a language model that speaks OpenAI's protocol on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.review_sheet import read_review
from retrievers import FaqEntry
from retrievers.store.chroma import ChromaStore

pytest.importorskip("langchain_openai", reason="the extra 'llm' is not installed")

LAW = """杭州市共享单车管理办法

第一条 共享单车应当停放在划定的停放点。违反规定的，由城市管理部门处五十元罚款。
"""
QUOTED = "共享单车应当停放在划定的停放点。"


class Model(BaseHTTPRequestHandler):
    """Proposes one answer that stands in the passage, and one that does not."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        proposals = [
            {"question": "共享单车停在哪里？", "answer": QUOTED},
            {"question": "停错了罚多少？", "answer": "罚款一百元。"},
        ]
        message = {"role": "assistant", "content": json.dumps(proposals, ensure_ascii=False)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        text = json.dumps({**body, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path / "var"))
    ChromaStore(tmp_path / "var").add([FaqEntry("own-1", "护照怎么换？", "到窗口换发。")])
    (tmp_path / "单车.txt").write_text(LAW, encoding="utf-8")
    assert main(["add", str(tmp_path / "单车.txt")]) == 0
    return tmp_path / "review.xlsx"


def test_a_model_proposes_what_the_document_says_and_nothing_else(
    review: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__BASE_URL", service)
    assert main(["propose", str(review)]) == 0
    answers = {entry.question: entry.answer for entry in read_review(review).waiting}
    assert answers["共享单车停在哪里？"] == QUOTED
    assert "停错了罚多少？" not in answers


def test_without_the_model_the_rules_still_propose(
    review: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__BASE_URL", "http://127.0.0.1:9/v1")
    assert main(["propose", str(review)]) == 3
    assert "the language model 'glm-4.5' at http://127.0.0.1:9/v1" in capsys.readouterr().err
    assert review.exists()


def test_a_key_that_is_not_set_is_named(
    review: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODEL", "glm-4.5")
    monkeypatch.setenv("ZHENGWEN_LLM__API_KEY_ENV", "NO_SUCH_KEY")
    assert main(["propose", str(review)]) == 1
    assert "NO_SUCH_KEY is not set" in capsys.readouterr().err


def test_a_misspelt_key_of_the_model_gets_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_LLM__MODELL", "glm-4.5")
    assert main(["list"]) == 1
    assert "llm.model'" in capsys.readouterr().err
