"""A voice as a folder, and the commands that use it."""

import json
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]
import yaml

from tests.speech_services import PATIENT, gpt_sovits, write_reference
from tts_engine.__main__ import main
from tts_engine.checks import check_voice
from tts_engine.voice_folder import VoiceFolderError, open_voice, read_card

CARD = {
    "name": "林老师",
    "engine": "gpt_sovits",
    "reference": {"audio": "reference.wav", "text": "请您带好身份证原件", "language": "zh"},
    "speed": 1.1,
    "licence": "本单位内部使用",
    "consent": "林某，2026年3月1日书面同意，存档案室",
}


def folder_with(folder: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_reference(folder / "reference.wav")
    values = {key: value for key, value in (CARD | changes).items() if value is not None}
    (folder / "voice.yaml").write_text(yaml.safe_dump(values, allow_unicode=True), "utf-8")
    return folder


def test_a_folder_becomes_a_voice(tmp_path: Path) -> None:
    with gpt_sovits() as service:
        folder = folder_with(tmp_path, options={"url": service.url, **PATIENT})
        check_voice(open_voice(folder))
    asked = service.requests[0]
    assert asked["ref_audio_path"] == str(tmp_path / "reference.wav")
    assert (asked["prompt_text"], asked["speed_factor"]) == ("请您带好身份证原件", 1.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"consent": None}, "'consent' is missing"),
        ({"licence": ""}, "licence"),
        ({"reference": None}, "gpt_sovits needs the key 'reference'"),
        ({"engine": "openai_speech"}, "'reference' is for .*; openai_speech does not"),
        ({"engine": "folder"}, "no engine 'folder'"),
        ({"engine": "gpt-sovits"}, "engine: .*'gpt_sovits'"),
        ({"speeed": 1}, "unknown key 'speeed'; known here: .*speed"),
        ({"speed": 5}, "speed: .*less than or equal to 2"),
        ({"reference": {"audio": "gone.wav", "text": "您好"}}, "gone.wav cannot be read"),
        ({"reference": {"audio": "voice.yaml", "text": "您好"}}, "voice.yaml cannot be read"),
        ({"options": {"urll": "x"}}, "gpt_sovits refuses this: .*urll"),
        ({"options": {"url": "x"}}, "must look like http"),
    ],
)
def test_a_wrong_card_is_refused_with_file_key_and_remedy(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = folder_with(tmp_path, **changes)
    with pytest.raises(VoiceFolderError, match=message) as caught:
        open_voice(folder)
    assert str(folder / "voice.yaml") in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "只有一句话"])
def test_a_card_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "voice.yaml").write_text(text, "utf-8")
    with pytest.raises(VoiceFolderError, match=r"voice\.yaml"):
        read_card(tmp_path)
    with pytest.raises(VoiceFolderError, match=r"docs/voices\.md"):
        read_card(tmp_path / "nowhere")


def test_engines_without_a_clip_are_described_by_the_same_card(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, engine="espeak", reference=None, options={"gender": "male"})
    check_voice(open_voice(folder))


def test_say_speaks_with_the_voice_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "hello.wav"
    with gpt_sovits() as service:
        folder = folder_with(tmp_path / "lin", options={"url": service.url, **PATIENT})
        assert main(["say", "您好，请坐下来。", "--voice", str(folder), "-o", str(output)]) == 0
    assert soundfile.info(output).samplerate == 32_000
    assert main(["say", "您好。", "--voice", str(folder), "-o", str(output)]) == 1
    assert "is the service running" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("voice", "reason"),
    [("gpt_sovits", "gpt_sovits needs options"), ("nobody", "voice.yaml cannot be read")],
)
def test_say_speaks_with_an_engine_by_its_name_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], voice: str, reason: str
) -> None:
    arguments = ["say", "您好。", "-o", str(tmp_path / "hello.wav"), "--voice"]
    assert main([*arguments, "espeak"]) == 0
    assert main([*arguments, voice]) == 1
    assert reason in capsys.readouterr().err


def test_normalize_shows_how_a_text_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["normalize", "请到3号窗口。"]) == 0
    assert capsys.readouterr().out == "请到三号窗口。\n"


def test_voices_lists_engines_folders_and_what_is_wrong_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_with(tmp_path / "lin")
    folder_with(tmp_path / "wang", consent=None)
    assert main(["voices", "--folder", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert "tts_engine.external.gpt_sovits:GptSovitsVoice" in listed
    assert "林某，2026年3月1日书面同意" in listed
    assert "'consent' is missing" in listed
    assert main(["voices", "--folder", str(tmp_path), "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert read["voices"][str(tmp_path / "lin")]["name"] == "林老师"
    assert "espeak" in read["engines"]
