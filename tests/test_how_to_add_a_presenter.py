"""A presenter is a folder; docs/how-to-add-a-presenter.md is followed here."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from agent.plugins import check_names
from agent.settings import Settings
from avatar_engine import Presenter, PresenterError
from avatar_engine.__main__ import main
from avatar_engine.presenter import PresenterCard
from avatar_engine.viseme.avatar import VisemeAvatar
from tests.videos import presenter_frames, silence, write_video

PAGE = (Path(__file__).parent.parent / "docs" / "how-to-add-a-presenter.md").read_text("utf-8")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with ``person.mp4``, in which the command of the page has run."""
    folder = tmp_path_factory.mktemp("office")
    write_video(folder / "person.mp4", presenter_frames("suit", 60), silence(60 / 25))
    [command] = re.findall(r"^python -m avatar_engine (presenter .*)$", PAGE, re.MULTILINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main([*shlex.split(command), "--seconds", "1.2"]) == 0
    return folder


def test_the_command_makes_the_folder_that_the_settings_name(
    office: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office)
    [setting] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    chosen = Settings.model_validate({**settings.model_dump(), **yaml.safe_load(setting)})
    check_names(chosen)
    card = Presenter(chosen.presenter_folder).card
    assert (card.name, card.title["zh-CN"], card.voice) == ("fang", "小芳", "female")
    assert card.consent == "written consent of Wang Fang, 3 May 2026"


def test_without_consent_and_licence_nothing_is_made(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office)
    assert main(["presenter", "person.mp4", "--name", "ming", "--licence", "internal"]) == 1
    assert main(["presenter", "person.mp4", "--name", "ming", "--consent", "written"]) == 1
    assert [made.name for made in Path("var/presenters").iterdir()] == ["fang"]


def test_the_program_of_the_page_says_what_was_made(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(office)
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(program, {})
    assert capsys.readouterr().out.startswith("fang (240, 240) ")


def test_the_light_avatar_refuses_it(office: Path) -> None:
    with pytest.raises(PresenterError, match="has no mouth pictures"):
        VisemeAvatar(Presenter(office / "var" / "presenters" / "fang"))


def test_the_page_names_every_file_and_every_key() -> None:
    files, keys = (
        re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE)
        for table in PAGE.partition("The keys of")[::2]
    )
    shipped = Path(__file__).parent.parent / "assets" / "presenters" / "suit"
    assert {name.strip("`/") for name in files} == {path.name for path in shipped.iterdir()}
    assert re.findall(r"`(\w+)`", " ".join(keys)) == list(PresenterCard.model_fields)
