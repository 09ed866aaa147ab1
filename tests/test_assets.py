"""Shipped files are found in a checkout and in an installed wheel alike."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from zhengwen import assets

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The locator as it lies in ``site-packages``: with no folder ``assets`` beside it."""
    place = tmp_path / "site-packages"
    (place / "zhengwen").mkdir(parents=True)
    shutil.copy(CHECKOUT / "zhengwen" / "assets.py", place / "zhengwen")
    spec = importlib.util.spec_from_file_location("moved", place / "zhengwen" / "assets.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.syspath_prepend(place)
    monkeypatch.delitem(sys.modules, assets.PACKAGE, raising=False)
    yield module
    sys.modules.pop(assets.PACKAGE, None)


def test_a_checkout_uses_its_own_folder() -> None:
    assert assets.assets_folder() == CHECKOUT / "assets"
    assert assets.asset("presenters", "suit", "presenter.yaml").is_file()


def test_an_installed_wheel_uses_the_package_beside_it(moved: ModuleType, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / assets.PACKAGE
    installed.mkdir()
    (installed / "__init__.py").touch()
    (installed / "voice.txt").write_text("here", "utf-8")
    assert moved.asset("voice.txt").read_text("utf-8") == "here"


def test_an_installation_without_the_files_says_so(
    moved: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved, "PACKAGE", "zhengwen_assets_that_nobody_installed")
    with pytest.raises(FileNotFoundError, match="install the wheel"):
        moved.assets_folder()
