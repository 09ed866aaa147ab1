"""The doctor names what is wrong with a machine or its settings, and what to do."""

import json
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from agent import doctor
from agent.__main__ import main
from agent.settings import (
    ApiSettings,
    MetricsSettings,
    PageSettings,
    PluginSettings,
    ServerSettings,
    Settings,
)
from zhengwen import model_files


@pytest.fixture(autouse=True)
def room_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that does nothing else; whatever runs beside these tests."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**33))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**33))


def _level(settings: Settings, what: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine(settings) if finding.what == what)


def test_a_machine_that_runs_these_tests_can_run_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path / "var"))
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "0 errors" in printed
    assert "encoder: as shipped" in printed
    assert not (tmp_path / "var").exists()  # it looked, and made nothing


def test_a_program_can_read_what_the_doctor_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path))
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"what", "level", "found", "remedy"} == set(found[0])


def test_a_backend_that_is_not_installed_is_an_error_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path, avatar=PluginSettings(name="hologram"))
    found = _level(settings, "backends")
    assert found.level == "error"
    assert "hologram" in found.found
    monkeypatch.setenv("ZHENGWEN_AVATAR__NAME", "hologram")
    assert main(["doctor"]) == 1
    assert "hologram" in capsys.readouterr().out


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data_dir=tmp_path, server=ServerSettings(port=port))
        assert str(port) in _level(settings, "port of the server").found
        assert _level(settings, "port of the server").level == "warning"


def test_the_ports_of_metrics_and_api_are_looked_at_where_they_are_used(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(
            data_dir=tmp_path,
            metrics=MetricsSettings(port=port),
            api=ApiSettings(port=port, token="choose-one"),
        )
        for what in ("port of the metrics", "port of the API"):
            assert _level(settings, what).level == "warning"
            assert str(port) in _level(settings, what).found


def test_a_data_folder_that_cannot_be_made_is_given_to_this_user_and_nothing_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    stat, access = os.stat, os.access

    def look(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(f"{closed}{os.sep}"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", look)
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and access(path, mode))
    found = _level(Settings(data_dir=closed / "my data" / "var"), "data folder")
    assert found.level == "error" and "not writable" in found.found
    assert f"mkdir -p '{closed}/my data/var' && chown " in found.remedy
    assert found.remedy.endswith(f" '{closed}/my data/var'")


def test_a_page_for_other_machines_without_tls_is_warned_of(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, page=PageSettings(host="0.0.0.0"))
    found = _level(settings, "address of the page")
    assert found.level == "warning"
    assert "nginx" in found.remedy


def test_a_damaged_model_is_an_error_that_says_what_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "voice.safetensors").write_bytes(b"as it ships")
    model_files.write_sums(tmp_path)
    (tmp_path / "voice" / "voice.safetensors").write_bytes(b"as it shipt")
    monkeypatch.setattr(model_files, "assets_folder", lambda: tmp_path)
    found = _level(Settings(data_dir=tmp_path), "voice")
    assert found.level == "error"
    assert "espeak" in found.remedy
