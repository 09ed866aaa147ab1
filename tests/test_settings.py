"""Settings: a type that says no, in words."""

from pathlib import Path

import pytest

from agent.settings import Settings, SettingsError, read_settings

DATA = Path(__file__).parent / "data"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "zhengwen.yaml"
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_everything_has_a_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings(environment={})
    assert settings.server.port == 8765
    assert settings.presenter_folder.is_dir()


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "server: {port: 9000}\npresenter: blouse\n"), {})
    assert (settings.server.port, settings.presenter) == (9000, "blouse")
    assert settings.server.host == "127.0.0.1"


def test_the_environment_has_the_last_word(tmp_path: Path) -> None:
    path = written(tmp_path, "server: {port: 9000, host: 0.0.0.0}")
    settings = read_settings(path, {"ZHENGWEN_SERVER__PORT": "9100", "PATH": "/bin"})
    assert (settings.server.port, settings.server.host) == (9100, "0.0.0.0")


def test_the_environment_changes_single_values_of_a_group(tmp_path: Path) -> None:
    path = written(tmp_path, "tts: {name: neural, options: {rate: 1.1}}\navatar: null\n")
    variables = {
        "ZHENGWEN_TTS__OPTIONS__PITCH": "2",
        "ZHENGWEN_AVATAR__NAME": "wav2lip384",
        "ZHENGWEN_SERVER__ORIGINS": "[https://a.cn, https://b.cn]",
    }
    settings = read_settings(path, variables)
    assert settings.tts is not None
    assert settings.tts.options == {"rate": 1.1, "pitch": 2}
    assert settings.avatar.name == "wav2lip384"
    assert settings.server.origins == ("https://a.cn", "https://b.cn")
    assert type(settings) is Settings


def test_a_variable_cannot_be_a_value_and_a_group() -> None:
    variables = {"ZHENGWEN_PRESENTER": "suit", "ZHENGWEN_PRESENTER__NAME": "suit"}
    with pytest.raises(SettingsError, match="'presenter' is a single value"):
        read_settings(environment=variables)


@pytest.mark.parametrize("text", ["hunter2hunter2: [", "page: {staff_password: hunter2"])
def test_an_error_quotes_nothing_of_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(written(tmp_path, text), {})
    assert "hunter2" not in str(refused.value)


def test_a_settings_file_of_version_0_1_is_still_good() -> None:
    settings = read_settings(DATA / "settings-0.1.yaml", {})
    assert settings.llm is not None and settings.judge is not None
    assert settings.llm.max_requests == 8
    assert settings.api.port == 8080


def test_a_misspelt_key_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'presentr'.*did you mean 'presenter'"):
        read_settings(written(tmp_path, "presentr: suit"), {})


def test_a_misspelt_key_in_a_group_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'server.prot'.*did you mean 'server.port'"):
        read_settings(written(tmp_path, "server: {prot: 1}"), {})


def test_a_misspelt_variable_is_refused_too() -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'server\.port'"):
        read_settings(environment={"ZHENGWEN_SERVER__PROT": "1"})


def test_a_value_of_the_wrong_kind_is_refused_with_the_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"server\.port"):
        read_settings(written(tmp_path, "server: {port: eighty}"), {})


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        read_settings(Path("nowhere.yaml"), {})


@pytest.mark.parametrize("text", ["server: [", "- a\n- b\n", "1: a\n", "\x00"])
def test_what_is_not_a_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="settings file"):
        read_settings(written(tmp_path, text), {})
