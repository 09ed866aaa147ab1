"""The doctor names what is wrong with a machine or its settings, and what to do."""

import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from agent import doctor
from agent.__main__ import main
from agent.settings import PageSettings, PluginSettings, ServerSettings, Settings
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
