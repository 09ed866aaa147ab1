"""A voice that fails hands over to the embedded one, and no word is lost."""

import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.speech_services import PATIENT, gpt_sovits, write_reference
from tts_engine import Speech, Voice
from tts_engine.checks import check_voice
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.external.gpt_sovits import GptSovitsVoice
from tts_engine.external.http_client import ServiceTimeouts
from tts_engine.fallback import FallbackVoice

FIRST, SECOND = "请您携带身份证原件，", "到政务大厅三号窗口办理。"
SENTENCE = FIRST + SECOND


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("voice") / "reference.wav")


@pytest.fixture(scope="module")
def spare() -> Voice:
    return EspeakVoice()


def clone(url: str, reference: Path) -> GptSovitsVoice:
    options: dict[str, Any] = PATIENT
    return GptSovitsVoice(
        reference_audio=str(reference), reference_text="请您带好身份证", url=url, **options
    )


def hasty(url: str, reference: Path) -> GptSovitsVoice:
    """As :func:`clone`, but it gives a service less time than that holds a stuck request."""
    return GptSovitsVoice(
        reference_audio=str(reference),
        reference_text="请您带好身份证",
        url=url,
        first_sound_s=5,
        stall_s=1,
    )


def words(pieces: list[Speech], voice: str) -> str:
    return "".join(piece.text for piece in pieces if piece.voice == voice)


def test_while_the_voice_works_the_spare_one_is_silent(reference: Path, spare: Voice) -> None:
    with gpt_sovits() as service:
        voice = FallbackVoice(clone(service.url, reference), spare)
        check_voice(voice, SENTENCE)
        assert words(list(voice.speak(SENTENCE)), "") == SENTENCE


@pytest.mark.parametrize("fault", ["report", "gone", "refused", "web page"])
def test_a_failure_before_the_first_sound_gives_the_sentence_to_the_spare_voice(
    reference: Path, spare: Voice, fault: str
) -> None:
    with gpt_sovits(faults={0: fault}) as service:
        voice = FallbackVoice(clone(service.url, reference), spare)
        pieces = list(voice.speak(SENTENCE))
    assert words(pieces, "") == ""
    assert words(pieces, "espeak") == SENTENCE
    assert {piece.sample_rate for piece in pieces} == {voice.sample_rate} == {32_000}
    assert any(piece.phonemes for piece in pieces)


@pytest.mark.parametrize(("fault", "spared"), [("hung", SENTENCE), ("stalled", SECOND)])
def test_a_service_that_says_nothing_more_is_not_waited_for(
    reference: Path, spare: Voice, fault: str, spared: str
) -> None:
    faulty = {0 if spared == SENTENCE else 1: fault}
    with gpt_sovits(faults=faulty) as service:
        voice = FallbackVoice(hasty(service.url, reference), spare)
        assert words(list(voice.speak(SENTENCE)), "espeak") == spared
        assert service.n_at_once == 1, "the service still holds its request"


def test_by_default_a_visitor_waits_less_than_a_second() -> None:
    patience = ServiceTimeouts()
    assert patience.connect_s <= patience.first_sound_s < 1
    assert patience.stall_s < 1


def test_a_failure_between_clauses_repeats_none_and_loses_none(
    reference: Path, spare: Voice
) -> None:
    with gpt_sovits(faults={1: "gone"}) as service:
        pieces = list(FallbackVoice(clone(service.url, reference), spare).speak(SENTENCE))
    assert words(pieces, "") == FIRST
    assert words(pieces, "espeak") == SECOND


def test_a_clause_that_broke_off_is_begun_again_by_the_spare_voice(
    reference: Path, spare: Voice
) -> None:
    with gpt_sovits(faults={1: "truncated"}) as service:
        pieces = list(FallbackVoice(clone(service.url, reference), spare).speak(SENTENCE))
    assert words(pieces, "") == FIRST
    assert words(pieces, "espeak") == SECOND
    samples = np.concatenate([piece.samples for piece in pieces])
    assert np.abs(np.diff(samples)).max() < 0.45  # the break makes no click


def test_a_voice_that_failed_rests_and_is_asked_again(reference: Path, spare: Voice) -> None:
    now = 0.0
    with gpt_sovits(faults={0: "gone"}) as service:
        voice = FallbackVoice(clone(service.url, reference), spare, rest_s=30, clock=lambda: now)
        assert words(list(voice.speak(SENTENCE)), "espeak") == SENTENCE
        assert words(list(voice.speak(SENTENCE)), "espeak") == SENTENCE
        assert len(service.requests) == 1
        now = 31.0
        assert words(list(voice.speak(SENTENCE)), "") == SENTENCE


def test_the_warning_names_the_voices_and_never_the_words(
    reference: Path, spare: Voice, log: pytest.LogCaptureFixture
) -> None:
    with gpt_sovits(faults={0: "refused"}) as service:
        list(FallbackVoice(clone(service.url, reference), spare).speak(SENTENCE))
    (warning,) = [record for record in log.records if record.levelno == logging.WARNING]
    said = warning.getMessage()
    assert "GptSovitsVoice" in said and "espeak" in said
    assert "身份证" not in log.text


class SilentVoice:
    """A voice that answers with silence."""

    sample_rate = 24_000

    def speak(self, text: str) -> Generator[Speech, None, None]:
        yield Speech(np.zeros(24_000, np.float32), self.sample_rate, text)


class Mute:
    """A voice that refuses every text."""

    sample_rate = 24_000

    def speak(self, text: str) -> Generator[Speech, None, None]:
        raise ValueError("not this text")
        yield


@pytest.mark.parametrize("broken", [SilentVoice(), Mute()])
def test_silence_for_words_is_a_failure_too(broken: Voice, spare: Voice) -> None:
    voice = FallbackVoice(broken, spare)
    pieces = list(voice.speak(SENTENCE))
    assert words(pieces, "espeak") == SENTENCE
    assert all(piece.voice for piece in pieces)


def test_when_nothing_can_be_spoken_it_says_so(spare: Voice) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        list(FallbackVoice(Mute(), spare).speak("😀"))
