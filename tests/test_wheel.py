"""A built wheel works where no checkout is: it answers, and makes a video."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import av
import pytest

CHECKOUT = Path(__file__).parent.parent
NOT_BUILT = (".*", "var", "build", "*.egg-info", "__pycache__", "tests", "docs")
QUESTION = "身份证丢了怎么补办？"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel alone, unpacked by pip; what it needs comes from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build writes beside what it builds, where other tests read
    shutil.copytree(CHECKOUT, source, ignore=shutil.ignore_patterns(*NOT_BUILT))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, source], check=True)
    (wheel,) = folder.glob("zhengwen-*.whl")
    target = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    return target


def run(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(site / "bin" / "zhengwen"), *arguments],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_it_answers_and_makes_a_video_outside_the_checkout(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "ask", QUESTION, "-o", "answer.mp4")
    assert done.returncode == 0, done.stderr
    assert "户口簿" in done.stdout
    with av.open(str(tmp_path / "answer.mp4")) as video:
        assert {stream.type for stream in video.streams} == {"audio", "video"}


def test_its_files_are_its_own(site: Path, tmp_path: Path) -> None:
    code = "import agent, zhengwen.assets as a; print(agent.__file__); print(a.assets_folder())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(Path(line).is_relative_to(site) for line in done.stdout.split())


def test_every_data_file_of_the_checkout_is_in_the_wheel(site: Path) -> None:
    (wheel,) = site.parent.glob("zhengwen-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for line in tracked:
        top, _, rest = line.partition("/")
        if top in ("agent", "retrievers", "tts_engine", "avatar_engine", "ingest", "eval", "page"):
            assert line in names, line
        if top == "assets":
            assert f"zhengwen_assets/{rest}" in names, line
