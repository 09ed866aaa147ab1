"""GPT-SoVITS over its HTTP service: what it promises, and everything it does instead."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.speech_services import PATIENT, SpeechService, gpt_sovits, write_reference
from tts_engine.checks import check_loudness, check_voice
from tts_engine.external.gpt_sovits import GptSovitsVoice

SENTENCE = "请您携带身份证原件，到政务大厅3号窗口办理。"
CLAUSE = "请到政务大厅办理业务。"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("voice") / "reference.wav")


def voice_of(service: SpeechService, reference: Path, **options: Any) -> GptSovitsVoice:
    told = {
        "reference_audio": str(reference),
        "reference_text": "请您带好身份证",
        **PATIENT,
        **options,
    }
    return GptSovitsVoice(url=service.url, **told)


def sound(voice: GptSovitsVoice, text: str) -> np.ndarray:
    return np.concatenate([piece.samples for piece in voice.speak(text)])


@pytest.mark.parametrize("service_hz", [32_000, 24_000, 48_000])  # v2, v3, v4
@pytest.mark.parametrize("highest_mode", [3, 1, 0])
def test_it_keeps_the_contract_with_every_version(
    reference: Path, service_hz: int, highest_mode: int
) -> None:
    with gpt_sovits(sample_rate=service_hz, highest_mode=highest_mode) as service:
        check_voice(voice_of(service, reference), SENTENCE)
        modes = [request["streaming_mode"] for request in service.requests]
        assert modes[-1] == min(2, highest_mode)
        assert len(set(modes)) == len(range(modes[-1], 3)), "a mode it does not know is tried once"


def test_it_is_as_loud_as_every_voice(reference: Path) -> None:
    with gpt_sovits() as service:
        check_loudness(voice_of(service, reference))


def test_the_service_is_asked_for_normalised_clauses_and_nothing_is_left_to_it(
    reference: Path,
) -> None:
    with gpt_sovits() as service:
        list(voice_of(service, reference, speed=1.2).speak(SENTENCE))
        list(voice_of(service, reference).speak("Please call us."))
    first, second, third = service.requests
    assert (first["text"], second["text"]) == (
        "请您携带身份证原件，",
        "到政务大厅三号窗口办理。",
    )
    assert first["ref_audio_path"] == str(reference)
    assert first["prompt_text"] == "请您带好身份证"
    assert (first["text_lang"], third["text_lang"]) == ("zh", "en")
    assert first["text_split_method"] == "cut0"
    assert first["speed_factor"] == 1.2
    assert first["seed"] == second["seed"] >= 0


def test_sound_leaves_before_the_service_is_done(reference: Path) -> None:
    with gpt_sovits(faults={0: "gated"}, chunk_bytes=30_000) as service:
        voice = voice_of(service, reference)
        pieces = voice.speak(CLAUSE)
        assert len(next(pieces).samples)
        assert not service.gate.is_set()
        service.gate.set()
        assert sum(piece.seconds for piece in pieces) > 1


@pytest.mark.parametrize("chunk_bytes", [333, 4_096, 1_000_000])
def test_however_the_bytes_are_cut_the_samples_are_the_same(
    reference: Path, chunk_bytes: int
) -> None:
    with gpt_sovits(sample_rate=24_000) as usual:
        expected = sound(voice_of(usual, reference), SENTENCE)
    with gpt_sovits(sample_rate=24_000, chunk_bytes=chunk_bytes) as service:
        assert np.array_equal(sound(voice_of(service, reference), SENTENCE), expected)


def test_the_wrapped_peak_is_put_right_and_joins_do_not_click(reference: Path) -> None:
    with gpt_sovits() as service:
        samples = sound(voice_of(service, reference), SENTENCE)
    assert np.abs(np.diff(samples)).max() < 0.45  # a wrapped peak jumps by twice the peak


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("report", ConnectionError, "silence"),
        ("late report", ConnectionError, "how it reports that it failed"),
        ("truncated", ConnectionError, "broke off"),
        ("short", ConnectionError, "before the words can be over"),
        ("endless", ConnectionError, "longer than the words can take"),
        ("stalled", TimeoutError, "silent for too long"),
        ("hung", TimeoutError, "silent for too long"),
        ("gone", ConnectionError, "broke off"),
        ("refused", ConnectionError, "answered 400"),
        ("web page", ConnectionError, "not WAV"),
    ],
)
def test_a_failure_is_noticed_and_the_next_sentence_is_unharmed(
    reference: Path, fault: str, error: type[Exception], message: str
) -> None:
    with gpt_sovits(faults={0: fault}) as service:
        voice = voice_of(service, reference, first_sound_s=0.3, stall_s=0.3)
        with pytest.raises(error, match=message) as caught:
            list(voice.speak(CLAUSE))
        assert "政务" not in str(caught.value), "the visitor's words stay out of messages"
        service.gate.set()
        assert len(sound(voice, CLAUSE)) > voice.sample_rate


def test_a_service_that_is_not_there_is_said_to_be_so(reference: Path) -> None:
    with gpt_sovits() as service:
        pass
    with pytest.raises(ConnectionError, match="is the service running"):
        list(voice_of(service, reference).speak(CLAUSE))


def test_a_sound_that_breaks_off_fades(reference: Path) -> None:
    with gpt_sovits(faults={1: "truncated"}) as service:
        voice = voice_of(service, reference)
        sound(voice, CLAUSE)  # its loudness is known from here on: nothing is held back
        samples = []
        with pytest.raises(ConnectionError):
            for piece in voice.speak(CLAUSE):
                samples.append(piece.samples)
    heard = np.concatenate(samples)
    assert 0.2 < len(heard) / voice.sample_rate < 2
    assert abs(heard[-1]) < 0.01


def test_a_short_text_is_not_the_reference_clip(reference: Path) -> None:
    with gpt_sovits() as service:
        voice = voice_of(service, reference)
        assert len(sound(voice, "好的。")) / voice.sample_rate < 1.5


def test_an_echo_is_tried_again_and_never_heard(reference: Path) -> None:
    with gpt_sovits(faults={0: "echo", 2: "echo", 3: "echo", 4: "echo"}) as service:
        voice = voice_of(service, reference)
        assert len(sound(voice, "好的。")) / voice.sample_rate < 1.5
        assert service.requests[0]["seed"] != service.requests[1]["seed"]
        pieces = []
        with pytest.raises(ConnectionError, match="reference clip"):
            for piece in voice.speak("是的。"):
                pieces.append(piece)
        assert not pieces


def test_requests_never_overlap(reference: Path) -> None:
    with gpt_sovits(faults=dict.fromkeys(range(9), "slow"), chunk_bytes=4_000) as service:
        voices = [voice_of(service, reference), voice_of(service, reference)]
        with ThreadPoolExecutor(4) as pool:
            heard = list(pool.map(lambda i: sound(voices[i % 2], CLAUSE), range(4)))
        assert service.most_at_once == 1
        assert all(len(samples) > voices[0].sample_rate for samples in heard)


def test_a_slow_listener_keeps_nobody_waiting(reference: Path) -> None:
    with gpt_sovits(chunk_bytes=2_000) as service:
        voice = voice_of(service, reference)
        slow = voice.speak(CLAUSE)
        next(slow)
        assert len(sound(voice, CLAUSE)) > voice.sample_rate
        assert list(slow)


def test_after_an_interruption_the_next_request_waits_until_the_service_is_done(
    reference: Path,
) -> None:
    with gpt_sovits(faults={1: "gated"}, chunk_bytes=8_000) as service:
        voice = voice_of(service, reference)
        sound(voice, CLAUSE)
        stopped = voice.speak(CLAUSE)
        next(stopped)
        stopped.close()
        other = threading.Thread(target=lambda: sound(voice, CLAUSE))
        other.start()
        time.sleep(0.1)
        assert len(service.requests) == 2
        service.gate.set()
        other.join(10)
        assert len(service.requests) == 3
        assert service.most_at_once == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "fr"}, "zh, yue, en, auto"),
        ({"sample_rate": 11_025}, "22050"),
        ({"speed": 3.0}, "0.5 to 2"),
        ({"url": "127.0.0.1:9880"}, "http://"),
        ({"reference_text": " "}, "what is said in the clip"),
        ({"reference_audio": "nowhere.wav"}, "nowhere.wav cannot be read"),
    ],
)
def test_wrong_options_are_refused_with_the_right_ones(
    reference: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        GptSovitsVoice(**{"reference_audio": str(reference), "reference_text": "您好", **options})


def test_a_clip_that_the_service_would_refuse_is_refused_at_once(tmp_path: Path) -> None:
    clip = write_reference(tmp_path / "short.wav", 1.5)
    with pytest.raises(ValueError, match="cut it to between 3 and 10 s"):
        GptSovitsVoice(reference_audio=str(clip), reference_text="您好")
