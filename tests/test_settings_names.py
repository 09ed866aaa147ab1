"""Settings that name what is not there are refused before anything slow is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.plugins import PluginError, check_names
from agent.settings import PluginSettings, Settings, SettingsError

SLOW = ("torch", "transformers", "chromadb", "text2vec", "openvino", "streamlit")


@pytest.mark.parametrize("kind", ["store", "retriever", "tts", "avatar"])
@pytest.mark.parametrize("name", ["nobody", "no_such_module:Thing"])
def test_an_unknown_backend_is_refused_by_name(kind: str, name: str) -> None:
    settings = Settings().model_copy(update={kind: PluginSettings(name=name)})
    with pytest.raises(PluginError, match=r"nobody|no_such_module"):
        check_names(settings)


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
