"""Backends are found by name, ours and anybody's alike."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.build import build
from agent.llm.chat_model import make_chat_model, visitor_chat_model
from agent.plugins import (
    PLUGIN_KINDS,
    PluginError,
    PluginKind,
    builtin_table,
    installed_plugins,
    load_plugin,
)
from agent.settings import LlmSettings, PluginSettings, Settings, SettingsError
from tts_engine.checks import check_voice
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.fallback import FallbackVoice
from tts_engine.neural import NeuralVoice

PARROT = '''
from collections.abc import Generator

import numpy as np

from tts_engine import Speech


class ParrotVoice:
    """Say every sentence as half a second of noise."""

    def __init__(self, *, loudness: float = 0.1) -> None:
        self.sample_rate = 16_000  # Hz
        self._loudness = loudness

    def speak(self, text: str) -> Generator[Speech, None, None]:
        if not text.strip():
            raise ValueError("nothing to speak: text is blank")
        noise = np.random.default_rng(0).uniform(-1, 1, self.sample_rate // 2)
        yield Speech((self._loudness * noise).astype(np.float32), self.sample_rate, text)
'''


PARROT_MODEL = '''
from langchain_core.language_models import FakeListChatModel


def open_model(*, model, base_url, api_key, timeout, **options):
    """Say its own name and those of its options."""
    return FakeListChatModel(responses=[" ".join([model, *options])])
'''


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "parrot_voice.py").write_text(PARROT, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "parrot_voice:ParrotVoice"
    sys.modules.pop("parrot_voice", None)


def test_what_ships_is_installed_by_entry_points() -> None:
    names = {kind: set(installed_plugins(kind)) for kind in PLUGIN_KINDS}
    assert {"chroma"} <= names["store"]
    assert {"nearest"} <= names["retriever"]
    assert {"openai"} <= names["llm"]
    assert {"espeak", "neural"} <= names["tts"]
    assert {"viseme"} <= names["avatar"]


@pytest.mark.parametrize("kind", PLUGIN_KINDS)
def test_whatever_ships_can_be_loaded(kind: PluginKind) -> None:
    for name in installed_plugins(kind):
        assert callable(load_plugin(kind, name))


def test_the_table_in_the_documentation_is_that_of_the_entry_points() -> None:
    page = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text("utf-8")
    assert builtin_table() in page, "run: python -m agent plugins --table"
    declared = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    groups = declared["project"]["entry-points"]
    assert set(groups) == {f"zhengwen.{kind}" for kind in PLUGIN_KINDS}
    assert all(f"`{group}`" in page for group in groups)
    for group, points in groups.items():
        for name, value in points.items():
            assert f"| `{group.removeprefix('zhengwen.')}` | `{name}` | `{value}` |" in page


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(PluginError, match=r"no tts named 'espaek'; installed: .*espeak"):
        load_plugin("tts", "espaek")


def test_a_file_on_the_path_is_a_voice(parrot: str) -> None:
    check_voice(load_plugin("tts", parrot)())


def test_a_module_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(PluginError, match="no_such_module"):
        load_plugin("tts", "no_such_module:Voice")


def test_a_voice_from_the_settings_speaks_in_the_whole_system(
    settings: Settings, parrot: str
) -> None:
    backend = PluginSettings(name=parrot, options={"loudness": 0.2})
    stages = build(settings.model_copy(update={"tts": backend}))
    assert stages.voice.sample_rate == 16_000
    assert len(list(stages.session().say("你好。"))) > 2


@pytest.mark.parametrize(("presenter", "voice"), [("suit", EspeakVoice), ("blouse", NeuralVoice)])
def test_who_chooses_no_voice_hears_the_one_that_suits_the_presenter(
    settings: Settings, presenter: str, voice: type
) -> None:
    built = build(settings.model_copy(update={"presenter": presenter})).voice
    assert isinstance(built._voice if isinstance(built, FallbackVoice) else built, voice)


def test_an_option_the_backend_does_not_take_is_refused(settings: Settings, parrot: str) -> None:
    backend = PluginSettings(name=parrot, options={"loudnes": 0.2})
    with pytest.raises(SettingsError, match="loudnes"):
        build(settings.model_copy(update={"tts": backend}))


def test_a_file_on_the_path_is_a_language_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parrot_model.py").write_text(PARROT_MODEL, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    named = LlmSettings(model="polly", provider="parrot_model:open_model", options={"top_p": 0.5})
    assert make_chat_model(named).invoke("您好").content == "polly top_p"
    assert "max_tokens" in str(visitor_chat_model(named).invoke("您好").content)


@pytest.mark.parametrize("provider", ["no_such_module:open_model", "nobody"])
def test_an_unknown_language_model_is_a_clear_error(provider: str) -> None:
    with pytest.raises(SettingsError, match=provider.partition(":")[0]):
        make_chat_model(LlmSettings(model="glm", provider=provider))
