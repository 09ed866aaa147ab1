"""An avatar is one class in a file of its own; docs/how-to-add-an-avatar.md is followed here."""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import yaml

from agent.build import LoadedStages
from agent.plugins import check_names, load_plugin
from agent.settings import PluginSettings, Settings
from avatar_engine import Avatar, AvatarCapabilities, Fragment, Presenter, capabilities_of
from tests.videos import presenter
from tts_engine import Speech

PAGE = (Path(__file__).parent.parent / "docs" / "how-to-add-an-avatar.md").read_text("utf-8")
RATE = 22_050  # Hz


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the page, in a folder where Python finds them."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []
    for program in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        named = re.match(r"# (\w+)\.py\n", program)
        assert named, "every program of the page says its file's name"
        (tmp_path / f"{named[1]}.py").write_text(program, "utf-8")
        names.append(named[1])
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


def ellipse_avatar(settings: Settings, presenter: Presenter) -> Avatar:
    """The avatar that the settings of the page choose."""
    [lines] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    chosen = PluginSettings.model_validate(yaml.safe_load(lines)["avatar"])
    check_names(settings.model_copy(update={"avatar": chosen}))
    avatar: Avatar = load_plugin("avatar", chosen.name)(presenter, **chosen.options)
    return avatar


def test_the_avatar_of_the_page_passes_its_own_test() -> None:
    import test_ellipse_avatar  # type: ignore[import-not-found]

    test_ellipse_avatar.test_the_avatar_keeps_the_contract()


def test_its_mouth_is_open_while_there_is_sound_and_has_the_colour_of_the_settings(
    settings: Settings,
) -> None:
    suit = presenter("suit")
    avatar = ellipse_avatar(settings, suit)
    sound = np.concatenate([np.full(RATE, 0.2, np.float32), np.zeros(RATE, np.float32)])
    [frames] = avatar.render([Speech(sound, RATE)], first=7)
    left, top, right, bottom = suit.faces[7]
    row, column = round(top + 0.8 * (bottom - top)), round((left + right) / 2)
    assert frames.pixels[0, row, column].tolist() == [40, 0, 0]
    assert np.array_equal(frames.pixels[-1], suit.frame(7 + 49)), "silence shows the idle loop"


def test_the_whole_system_speaks_with_it(stages: LoadedStages, settings: Settings) -> None:
    with_it = replace(stages, avatar=ellipse_avatar(settings, stages.presenter))
    events = with_it.session().say("您好。")
    fragments = [event for event in events if isinstance(event, Fragment)]
    assert fragments[0].kind == "init" and "avc1" in fragments[0].mime
    assert sum(fragment.n_frames for fragment in fragments) > 10


def test_its_entry_point_names_the_class() -> None:
    [table] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    [(group, points)] = tomllib.loads(table)["project"]["entry-points"].items()
    [(name, value)] = points.items()
    loaded = EntryPoint(name, value, group).load()
    assert group == "zhengwen.avatar" and loaded.__name__ == "EllipseAvatar"
    assert capabilities_of(loaded) == AvatarCapabilities(frame_skipping=True)


def test_the_page_names_every_capability_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", PAGE, re.MULTILINE))
    defaults = AvatarCapabilities()
    assert rows == {
        field.name: str(getattr(defaults, field.name)) for field in fields(AvatarCapabilities)
    }
