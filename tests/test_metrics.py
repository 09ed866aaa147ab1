"""What a monitoring system reads: numbers at ``/metrics``, and a log of one object a line."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from agent.metrics import REPLIES, metrics_endpoint
from agent.settings import MetricsSettings
from retrievers import StoreError

ROOT = Path(__file__).parent.parent
QUESTION = "身份证丢了怎么补领？"
ANSWER = "带户口簿到派出所补领。"
PRIVATE = "张三的秘密在火星上"


class Running:
    """A server as a process of its own, that shows its numbers and writes its log as JSON."""

    def __init__(self, folder: Path) -> None:
        entry = {"id": "card-1", "question": QUESTION, "answer": ANSWER}
        (folder / "faq.jsonl").write_text(json.dumps(entry), "utf-8")
        self._log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent", "serve", "--port", "0"],
            cwd=ROOT,
            env=os.environ
            | {
                "ZHENGWEN_DATA_DIR": str(folder / "var"),
                "ZHENGWEN_FAQ": str(folder),
                "ZHENGWEN_METRICS__PORT": "0",
                "ZHENGWEN_LOG_FORMAT": "json",
                "ZHENGWEN_SERVER__TOKEN": "s3cret",
                "OMP_NUM_THREADS": "1",
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout
        watchdog = threading.Timer(500, self.process.kill)
        watchdog.start()
        self.metrics = re.sub("^metrics at ", "", next(self.process.stdout).strip())
        self.address = re.sub("^listening on ", "", next(self.process.stdout).strip())
        watchdog.cancel()

    def numbers(self) -> dict[str, float]:
        """All numbers by their names with labels, as they are now."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(self.metrics, timeout=60) as answer:
            text = answer.read().decode()
        for word in (QUESTION, ANSWER, PRIVATE, "s3cret", "guess", "abcdefgh", "127.0.0.1"):
            assert word not in text
        rows = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(number) for name, number in rows}

    def log(self) -> str:
        """What it has written, once it has ended."""
        self.process.terminate()
        assert self.process.wait(60) == 0
        self._log.seek(0)
        return self._log.read().decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.process.kill()
    running.process.wait()
    running._log.close()
    assert running.process.stdout
    running.process.stdout.close()


def ask(connection: ClientConnection, text: str, kind: str = "ask") -> str:
    """Ask and play all that comes; returns the type of the last message."""
    connection.send(json.dumps({"type": kind, "reply": "r", "text": text}))
    while True:
        message = connection.recv(120)
        if isinstance(message, bytes):
            length = int.from_bytes(message[:4], "big")
            head = json.loads(message[4 : 4 + length])
            at = head["pts_ms"] + head["duration_ms"]
            connection.send(json.dumps({"type": "played", "reply": "r", "position_ms": at}))
        elif (told := json.loads(message))["type"] in ("ended", "error"):
            return str(told["type"])


def test_visitors_replies_and_latencies_are_counted_without_a_word_of_theirs(
    server: Running,
) -> None:
    before = server.numbers()
    assert before["zhengwen_store_entries"] == 1 and before["zhengwen_visitors"] == 0
    with connect(f"{server.address}?token=s3cret&session=abcdefgh", max_size=None) as visitor:
        assert ask(visitor, QUESTION) == "ended"
        assert ask(visitor, QUESTION) == "ended"
        assert ask(visitor, PRIVATE) == "ended"
        assert ask(visitor, "问" * 501) == "error"
        during = server.numbers()
    with pytest.raises(InvalidStatus):
        connect(f"{server.address}?token=guess")
    assert during["zhengwen_visitors"] == 1
    assert during['zhengwen_answers_total{outcome="answered"}'] == 2
    assert during['zhengwen_answers_total{outcome="refused"}'] == 1
    assert during['zhengwen_replies_total{ended="finished"}'] == 3
    assert during['zhengwen_replies_total{ended="failed"}'] == 1
    assert during["zhengwen_replayed_replies_total"] == 1
    assert during["zhengwen_frames_total"] > 50
    assert during["zhengwen_first_text_seconds_count"] == 3
    assert during["zhengwen_first_media_seconds_count"] == 3
    assert during['zhengwen_reply_seconds_bucket{le="+Inf"}'] == 4
    assert server.numbers()["zhengwen_wrong_tokens_total"] == 1
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert lines, "what is logged is an object a line"
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert not [line for line in lines if "秘密" in line["message"] or "派出所" in line["message"]]


class BrokenStore:
    """A knowledge base whose catalogue cannot be read."""

    def __len__(self) -> int:
        raise StoreError("catalogue.sqlite is damaged")


def test_a_broken_store_costs_its_own_number_alone() -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with (
        metrics_endpoint(MetricsSettings(port=0), BrokenStore()) as port,
        direct.open(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer,
    ):
        text = answer.read().decode()
    assert "zhengwen_store_entries NaN" in text and "zhengwen_visitors" in text


def test_without_a_port_nothing_is_served_and_with_one_it_ends_with_the_server() -> None:
    with metrics_endpoint(MetricsSettings(), []) as port:
        assert port is None
    REPLIES.labels("finished").inc(0)
    with metrics_endpoint(MetricsSettings(port=0), ["entry"] * 7) as port:
        address = f"http://127.0.0.1:{port}/metrics"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(address, timeout=60) as answer:
            assert b"zhengwen_store_entries 7.0" in answer.read()
    with pytest.raises(OSError, match="refused") as caught:
        direct.open(address, timeout=60)
    assert not isinstance(caught.value, HTTPError)
