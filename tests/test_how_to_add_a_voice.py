"""A voice is one class in a file of its own; docs/how-to-add-a-voice.md is followed here."""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml

from agent.build import build
from agent.settings import PluginSettings, Settings
from tests.speech_services import SpeechService, custom
from tts_engine import VoiceCapabilities, voice_capabilities
from tts_engine.checks import check_loudness, check_voice

PAGE = (Path(__file__).parent.parent / "docs" / "how-to-add-a-voice.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the page, in a folder where Python finds them."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []
    for program in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        named = re.match(r"# (\w+)\.py\n", program)
        assert named, "every program of the page says its file's name"
        (tmp_path / f"{named[1]}.py").write_text(program, "utf-8")
        names.append(named[1])
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


def voice_setting() -> PluginSettings:
    [setting] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    return PluginSettings.model_validate(yaml.safe_load(setting)["tts"])


def pitch(samples: np.ndarray, sample_rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum.argmax() * sample_rate / len(samples))


def test_the_voice_of_the_page_passes_its_own_test(folder: Path) -> None:
    import test_beep_voice  # type: ignore[import-not-found]

    test_beep_voice.test_the_voice_keeps_the_contract()


@pytest.mark.parametrize(("presenter", "hertz"), [("suit", 110), ("blouse", 220)])
def test_the_whole_system_speaks_with_it_as_the_presenter_does(
    folder: Path, settings: Settings, presenter: str, hertz: float
) -> None:
    stages = build(settings.model_copy(update={"tts": voice_setting(), "presenter": presenter}))
    speech = next(iter(stages.voice.speak("您好，请坐。")))
    assert speech.voice == "", "no spare voice speaks"
    assert np.abs(speech.samples).max() == pytest.approx(0.2, abs=0.01)
    assert pitch(speech.samples, speech.sample_rate) == pytest.approx(hertz, abs=5)
    assert len(list(stages.session().say("您好，请坐。"))) > 2


def test_a_voice_written_for_version_0_1_declares_nothing_and_has_the_presenters_gender(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    [program] = re.findall(r"```python\n(# beep_voice.*?)```", PAGE, re.S)
    old = "".join(line for line in program.splitlines(True) if "capabilities =" not in line)
    (tmp_path / "old_voice.py").write_text(old.replace(", VoiceCapabilities", ""), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    chosen = PluginSettings(name="old_voice:BeepVoice")
    with pytest.warns(DeprecationWarning, match="BeepVoice should declare: .*chooses_gender=True"):
        voice = build(settings.model_copy(update={"tts": chosen, "presenter": "suit"})).voice
    [speech] = voice.speak("您好。")
    assert pitch(speech.samples, speech.sample_rate) == pytest.approx(110, abs=5)
    assert voice_capabilities(voice) == VoiceCapabilities(), "of what takes nothing"
    sys.modules.pop("old_voice")


def test_the_service_of_the_page_becomes_a_whole_voice(folder: Path) -> None:
    from my_service import MyServiceVoice  # type: ignore[import-not-found]

    with custom(SpeechService()) as service:
        voice = MyServiceVoice(url=service.url)
        check_voice(voice)
        check_loudness(voice)
    assert {"words": "请带上户口簿，"} in service.requests, "it is asked clause by clause"


def test_the_page_names_every_capability_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", PAGE, re.M))
    defaults = VoiceCapabilities()
    assert rows == {
        field.name: "none" if value == frozenset() else str(value)
        for field in fields(VoiceCapabilities)
        for value in [getattr(defaults, field.name)]
    }


class _Declares:
    """A voice that promises what it does not keep."""

    sample_rate = 16_000

    def __init__(self, capabilities: object) -> None:
        self.capabilities = capabilities

    def speak(self, text: str) -> Iterator[object]:
        from tts_engine import Speech

        if not text.strip():
            raise ValueError("nothing to speak")
        yield Speech(np.full(16_000, 0.1, np.float32), self.sample_rate, text)


@pytest.mark.parametrize(
    ("declared", "broken"),
    [
        (VoiceCapabilities(knows_phonemes=True), "knows phonemes gives them"),
        (VoiceCapabilities(chooses_gender=True), "can be told: gender"),
        (VoiceCapabilities(takes_speed=True), "can be told: speed"),
        (VoiceCapabilities(reference_seconds=(3, 10)), "can be told: language, reference_audio"),
        (VoiceCapabilities(folder_paths=frozenset({"model"})), "can be told: model"),
        ({"chooses_gender": True}, "are VoiceCapabilities"),
    ],
)
def test_the_check_notices_a_declaration_that_is_not_true(declared: object, broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check_voice(_Declares(declared))  # type: ignore[arg-type]
