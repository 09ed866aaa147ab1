"""The commands, as a user starts them; in processes of their own where that makes a difference."""

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import psutil
import pytest

from agent.__main__ import main as agent
from agent.settings import Settings
from ingest.__main__ import main as ingest

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Settings) -> dict[str, str]:
    """The store that the other tests filled is used again: filling it takes a while."""
    return os.environ | {"ZHENGWEN_DATA_DIR": str(settings.data_dir), "PYTHONUNBUFFERED": "1"}


def run(settings: Settings, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=environment(settings), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """The same as ``run`` for a command's ``main``, without waiting for a process to load models.

    What the command sets for its whole process, how much libraries log, is undone in the end.
    """
    levels = {
        logger: logger.level
        for logger in logging.Logger.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    }

    def call(
        settings: Settings, main: Callable[[Sequence[str]], int], *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(settings.data_dir))
        capfd.readouterr()
        try:
            code = main(arguments)
        except SystemExit as error:  # argparse
            code = int(error.code or 0)
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    yield call
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.mark.usefixtures("stages")
def test_ask_prints_answer_score_and_source(settings: Settings) -> None:
    done = run(settings, "agent", "ask", "身份证丢了怎么补办？")
    assert done.returncode == 0, done.stderr
    assert "派出所" in done.stdout
    assert "[answered, " in done.stdout
    assert "https://" in done.stdout


@pytest.mark.parametrize(("year", "source"), [(None, "《章程》"), (2021, "《章程》 (2021)")])
def test_ask_names_the_year_of_a_source_only_where_there_is_one(
    year: int | None, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    told = {"question": "图书证怎么办？", "answer": "到图书馆办理。", "source_title": "《章程》"}
    entry = {"id": "id-1", **told, **({"year": year} if year else {})}
    (tmp_path / "entries.jsonl").write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    monkeypatch.setenv("ZHENGWEN_FAQ", str(tmp_path))
    monkeypatch.setenv("ZHENGWEN_STORE__NAME", "tests.session_doubles:FolderlessStore")
    assert agent(["ask", "图书证怎么办？"]) == 0
    assert f"依据：{source}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("stages")
def test_ask_saves_a_talking_film_and_prints_json(
    settings: Settings, tmp_path: Path, call: Call
) -> None:
    film = tmp_path / "answer.mp4"
    done = call(settings, agent, "ask", "护照多少钱？", "-o", str(film), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "answered"
    with av.open(str(film)) as opened:
        assert opened.metadata["comment"] == "AI生成"
        assert opened.duration is not None and opened.duration > av.time_base
        assert {s.type for s in opened.streams} == {"video", "audio"}


@pytest.mark.usefixtures("stages")
def test_say_makes_a_film_of_any_text(settings: Settings, tmp_path: Path, call: Call) -> None:
    film = tmp_path / "hello.mp4"
    done = call(settings, agent, "say", "大家好。", "-o", str(film))
    assert done.returncode == 0, done.stderr
    assert film.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("ask", "  "), "blank"),
        (("say", " ", "-o", "x.mp4"), "blank"),
        (("--settings", "nowhere.yaml", "plugins2"), "invalid choice"),
        (("--settings", "nowhere.yaml", "ask", "你好"), "nowhere.yaml"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(
    settings: Settings, arguments: tuple[str, ...], complaint: str, call: Call
) -> None:
    done = call(settings, agent, *arguments)
    assert done.returncode in (1, 2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_plugins_lists_what_is_installed(settings: Settings) -> None:
    assert "espeak" in run(settings, "agent", "plugins").stdout


@pytest.mark.usefixtures("stages")
def test_new_entries_are_answered_after_ingest(
    settings: Settings, tmp_path: Path, call: Call
) -> None:
    entry = {"id": "zz-1", "question": "共享滑板车乱停放向谁反映？", "answer": "请向城管热线反映。"}
    path = tmp_path / "new.jsonl"
    path.write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    own = settings.model_copy(update={"data_dir": tmp_path / "var"})
    shutil.copytree(settings.data_dir, own.data_dir)  # with the sample, already embedded
    assert run(own, "ingest", "add", str(path)).returncode == 0
    assert "zz-1" in call(own, ingest, "list", "--entries").stdout
    assert "城管" in call(own, agent, "ask", "共享滑板车乱停放向谁反映").stdout


def test_a_bad_row_is_named_and_the_good_ones_go_in_after_the_sample(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    sample = {"id": "zz-0", "question": "样例？", "answer": "样例。"}
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "sample.jsonl").write_text(json.dumps(sample), "utf-8")
    monkeypatch.setenv("ZHENGWEN_FAQ", str(tmp_path / "faq"))
    path = tmp_path / "bad.jsonl"
    path.write_text(
        '{"id": "zz-2", "question": "问？", "answer": "答。"}\n{"id": "zz-3"}\n', "utf-8"
    )
    own = settings.model_copy(update={"data_dir": tmp_path / "var"})
    done = call(own, ingest, "add", str(path))
    assert done.returncode == 3
    assert "bad.jsonl, row 2" in done.stdout
    listed = run(own, "ingest", "list", "--entries").stdout
    assert "zz-0" in listed and "zz-2" in listed and "zz-3" not in listed


def test_a_port_in_use_is_a_clear_error(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("serve", "run"):
            done = run(settings, "agent", command, "--port", str(port))
            assert done.returncode == 1
            assert f"127.0.0.1:{port}" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("stages")
def test_run_starts_server_and_page_and_ctrl_c_stops_both(settings: Settings) -> None:
    port, page_port = free_port(), free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "run", "--port", str(port), "--page-port", str(page_port)],
        cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        watchdog = threading.Timer(240, process.kill)
        watchdog.start()
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if "is ready" in line:
                    break
            *loading, ready = said
            assert f"http://127.0.0.1:{page_port}" in ready
            before = "".join(loading)
            assert "http://" not in before, "no address is named before it answers"
            assert "Streamlit" not in before
            assert "is starting" in loading[0]
            steps = re.findall(r"\[(\d)/(\d)\] (.*) …", before)
            assert [(int(n), int(of)) for n, of, _ in steps] == [(n, 4) for n in range(1, 5)]
            loaded = " ".join(what for _, _, what in steps)
            for part in ("knowledge base", "presenter", "voice", "warming up"):
                assert part in loaded
            assert "the page answers" in before
            with urllib.request.urlopen(f"http://127.0.0.1:{page_port}", timeout=30) as page:
                assert page.status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            watchdog.cancel()
            process.kill()
    for number in (port, page_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", number)) != 0, "still listening"


def test_run_ends_with_an_error_when_its_server_is_killed(settings: Settings) -> None:
    """So that systemd's ``Restart=on-failure`` starts it again."""
    ports = ("--port", str(free_port()), "--page-port", str(free_port()))
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "run", *ports],
        cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        watchdog = threading.Timer(240, process.kill)
        watchdog.start()
        try:
            while not (servers := _children(process.pid, "serve")) and process.poll() is None:
                threading.Event().wait(0.05)
            servers[0].kill()
            said, _ = process.communicate(timeout=60)
            assert process.returncode == 128 + signal.SIGKILL
            assert "the server was killed by signal 9" in said
        finally:
            watchdog.cancel()
            process.kill()


def _children(pid: int, command: str) -> list[psutil.Process]:
    """What a process started whose command ends in this word."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(pid).children()
        return [child for child in children if child.cmdline()[-1:] == [command]]
    return []
