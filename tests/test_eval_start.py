"""How long the server takes to start, measured with a server of its own."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from agent.settings import PluginSettings, Settings
from eval.__main__ import main
from eval.performance.start_time import ServerStart, measure_starts, start_table


def test_the_table_has_the_first_start_and_the_median_of_the_others() -> None:
    starts = [ServerStart(True, 33.3, 50.0, 1500, 900)]
    starts += [ServerStart(False, seconds, 8.0, 1400, 800) for seconds in (7.1, 7.7, 9.9)]
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(start_table(starts))
    text = console.export_text()
    assert "33.3" in text and "7.7" in text and "median of 3" in text
    assert "9.9" not in text


@pytest.mark.slow
def test_a_server_is_started_and_started_again() -> None:
    light = Settings(store=PluginSettings(name="tests.session_doubles:FolderlessStore"))
    first, again = measure_starts(light, 1)
    assert (first.is_first, again.is_first) == (True, False)
    for start in (first, again):
        assert 0 < start.own_mib <= start.resident_mib
        assert start.ready_s > 0 and start.cpu_s > 0


def test_a_server_that_does_not_start_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({"presenter": "nobody"}), "utf-8")
    monkeypatch.setenv("ZHENGWEN_SETTINGS", str(settings))
    assert main(["start", "-n", "1"]) == 1
    assert "nobody" in capsys.readouterr().err
