"""The files for operators are accepted by the programs that read them."""

import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parent.parent / "deploy"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_unit_and_finds_it_safe(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "zhengwen.service").read_text("utf-8")
    here = tmp_path / "zhengwen.service"
    here.write_text(
        unit.replace("/opt/zhengwen/.venv/bin/zhengwen", "/bin/true")
        .replace("User=zhengwen", "User=daemon")
        .replace("Group=zhengwen", "Group=daemon")
        .replace("file:///opt/zhengwen/README.md", "https://example.org"),
        encoding="utf-8",
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "zhengwen.service" not in checked.stderr, checked.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=50", str(here)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_logrotate_accepts_its_rule() -> None:
    checked = subprocess.run(
        ["logrotate", "--debug", str(DEPLOY / "logrotate.conf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    assert "error" not in checked.stderr.lower()
