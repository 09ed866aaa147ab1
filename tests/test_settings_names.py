"""Settings that name what is not there are refused before anything slow is loaded."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from agent.__main__ import main
from agent.plugins import PluginError, check_names
from agent.serving import process
from agent.settings import LlmSettings, PluginSettings, Settings, SettingsError

SLOW = ("torch", "transformers", "chromadb", "text2vec", "openvino", "streamlit")


@pytest.mark.parametrize("kind", ["store", "retriever", "tts", "avatar"])
@pytest.mark.parametrize("name", ["nobody", "no_such_module:Thing"])
def test_an_unknown_backend_is_refused_by_name(kind: str, name: str) -> None:
    settings = Settings().model_copy(update={kind: PluginSettings(name=name)})
    with pytest.raises(PluginError, match=r"nobody|no_such_module"):
        check_names(settings)


def test_a_language_model_in_a_file_that_is_not_there_is_refused() -> None:
    named = LlmSettings(model="glm", provider="no_such_module:open_model")
    with pytest.raises(PluginError, match="no_such_module"):
        check_names(Settings(llm=named))


def test_an_unknown_presenter_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'blouse'\?.*suit"):
        check_names(Settings(presenter="blous"))


def test_what_ships_passes(tmp_path: Path) -> None:
    check_names(Settings())
    check_names(Settings(presenter="blouse", tts=PluginSettings(name="neural")))


def test_a_plugin_that_is_a_file_on_the_path_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parrot_voice.py").write_text("class ParrotVoice: ...\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    check_names(Settings(tts=PluginSettings(name="parrot_voice:ParrotVoice")))


@pytest.mark.parametrize(
    ("command", "key", "name"),
    [
        (["serve"], "ZHENGWEN_TTS__NAME", "choir"),
        (["run"], "ZHENGWEN_AVATAR__NAME", "puppet"),
        (["serve"], "ZHENGWEN_PRESENTER", "nobody"),
        (["ask", "你好"], "ZHENGWEN_STORE__NAME", "drawer"),
        (["say", "你好", "-o", "a.mp4"], "ZHENGWEN_RETRIEVER__NAME", "oracle"),
    ],
)
def test_a_command_refuses_it_without_loading_anything_slow(
    command: list[str], key: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, name)
    monkeypatch.setenv("ZHENGWEN_DATA_DIR", str(tmp_path / "var"))
    code = (
        "import sys; from agent.__main__ import main; code = main(sys.argv[1:]);"
        f"print(code, [name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 []\n"
    assert repr(name) in done.stderr
    assert not (tmp_path / "var").exists()


def fail_to_load(*_: object) -> None:
    raise AssertionError("something slow was about to be loaded")


@pytest.fixture
def nothing_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading anything fails, and so does starting a process that would."""
    loaders = ModuleType("agent.build")
    for name in ("build", "build_responder", "build_retriever", "build_store", "make_store"):
        setattr(loaders, name, fail_to_load)
    monkeypatch.setitem(sys.modules, "agent.build", loaders)
    monkeypatch.setattr(process, "run_server_and_page", fail_to_load)


@pytest.mark.usefixtures("nothing_loads")
@pytest.mark.parametrize(
    "command",
    [
        ["serve"], ["run"], ["ask", "你好"], ["ask", "你好", "-o", "a.mp4"],
        ["say", "你好", "-o", "a.mp4"], ["prerender"], ["api"], ["mcp"],
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("key", ["TTS__NAME", "AVATAR__NAME", "PRESENTER"])
def test_no_command_begins_to_load_what_is_named_wrong(
    command: list[str],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"ZHENGWEN_{key}", "nobody")
    assert main(command) == 1
    assert "'nobody'" in capsys.readouterr().err
