"""The lock files name everything that pyproject.toml asks for, with hashes."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def locked(file: str) -> dict[str, str]:
    """What the file pins: each package's lines, by its name."""
    text = (CHECKOUT / file).read_text("utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return dict(pins)


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-test.lock"])
def test_what_runs_is_locked_with_hashes(file: str) -> None:
    pins = locked(file)
    asked = {name_of(requirement) for requirement in PROJECT["dependencies"]} - {"torch"}
    assert asked <= pins.keys(), "run 'make lock'"
    assert all("--hash=sha256:" in lines for lines in pins.values())


def test_what_tests_is_locked_too() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = {name_of(r) for group in extras.values() for r in group} - {"zhengwen"}
    assert asked <= locked("requirements-test.lock").keys(), "run 'make lock'"


def test_both_files_agree() -> None:
    tested = locked("requirements-test.lock")
    versions = {
        name: (lines.split()[0], tested[name].split()[0])
        for name, lines in locked("requirements.lock").items()
        if name in tested
    }
    assert [name for name, (one, other) in versions.items() if one != other] == []


def test_torch_is_pinned_beside_them_for_it_depends_on_the_machine() -> None:
    pin = (CHECKOUT / "deploy" / "torch.txt").read_text("utf-8").strip()
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", pin)
