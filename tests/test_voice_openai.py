"""A voice behind an OpenAI-compatible speech endpoint."""

from typing import Any

import numpy as np
import pytest

from tests.speech_services import PATIENT, SpeechService, openai
from tts_engine.checks import check_loudness, check_voice
from tts_engine.external.openai_speech import OpenAISpeechVoice

SENTENCE = "请您携带身份证原件，到政务大厅3号窗口办理。"
CLAUSE = "请到政务大厅办理业务。"


def voice_of(service: SpeechService, **options: Any) -> OpenAISpeechVoice:
    told = {"model": "tts-1", "voice": "alloy", **PATIENT, **options}
    return OpenAISpeechVoice(url=service.url, **told)


@pytest.mark.parametrize("form", ["wav", "pcm"])
@pytest.mark.parametrize("sample_rate", [24_000, 32_000])
def test_it_keeps_the_contract(form: Any, sample_rate: int) -> None:
    with openai() as service:
        voice = voice_of(service, format=form, sample_rate=sample_rate)
        check_voice(voice, SENTENCE)
        check_loudness(voice)


def test_the_request_is_what_the_endpoint_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "secret")
    with openai() as service:
        list(voice_of(service, api_key_env="SPEECH_KEY", speed=1.1).speak(CLAUSE))
    assert service.requests == [
        {
            "model": "tts-1",
            "voice": "alloy",
            "response_format": "wav",
            "speed": 1.1,
            "input": CLAUSE,
        }
    ]
    assert service.headers[0]["Authorization"] == "Bearer secret"


def test_the_quiet_around_a_clause_is_ours_not_the_services() -> None:
    with openai() as service:
        voice = voice_of(service)
        samples = np.concatenate([piece.samples for piece in voice.speak(CLAUSE)])
    sounding = np.flatnonzero(np.abs(samples) > 0.01)
    assert sounding[0] < 0.1 * voice.sample_rate
    assert (len(samples) - sounding[-1]) / voice.sample_rate == pytest.approx(0.35, abs=0.06)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("refused", ConnectionError, "answered 400"),
        ("mp3", ConnectionError, "not WAV"),
        ("silent", ConnectionError, "silence"),
        ("truncated", ConnectionError, "broke off"),
        ("stalled", TimeoutError, "silent for too long"),
    ],
)
@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_a_failure_is_noticed(form: Any, fault: str, error: type[Exception], message: str) -> None:
    with openai(faults={0: fault}) as service:
        with pytest.raises(error, match=message) as caught:
            list(voice_of(service, format=form, stall_s=0.3).speak(CLAUSE))
        assert "政务" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "mp3"}, "wav or pcm"),
        ({"speed": 9.0}, "4"),
        ({"api_key_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
        ({"url": "ftp://example.com"}, "must look like"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OpenAISpeechVoice(**{"model": "m", "voice": "v", **options})
