"""The fallback voice speaks, knows its phonemes, and can be shared and stopped."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from tts_engine import Speech, Voice
from tts_engine.audio.loudness import integrated_loudness
from tts_engine.checks import check_voice
from tts_engine.espeak.voice import EspeakVoice

SENTENCE = "请您携带身份证原件，到政务大厅3号窗口办理，或下载APP，拨打12345咨询。"


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    return EspeakVoice()


def level(samples: np.ndarray) -> float:
    """Root mean square of the sounding part, dBFS."""
    loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    return float(20 * np.log10(np.sqrt(np.mean(loud**2))))


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("text", ["您好，请问您要办理什么业务？", SENTENCE, "Welcome. Please sit."])
def test_it_keeps_the_contract(gender: str, text: str) -> None:
    voice: Voice = EspeakVoice(gender=gender)  # type: ignore[arg-type]
    check_voice(voice, text)


@pytest.mark.parametrize("text", ["", " \n", "😀", "……", "*** ---"])
def test_nothing_to_say_is_an_error_that_says_so(voice: EspeakVoice, text: str) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        list(voice.speak(text))


@pytest.mark.parametrize("text", [SENTENCE, "😀您好朋友，😀，请坐下来。😀", "Call 12345, please."])
def test_the_pieces_carry_the_whole_text(voice: EspeakVoice, text: str) -> None:
    pieces = list(voice.speak(text))
    assert "".join(piece.text for piece in pieces) == text
    assert len(pieces) > 1


def test_each_sound_has_its_phoneme_and_each_pause_is_silent(voice: EspeakVoice) -> None:
    for piece in voice.speak(SENTENCE):
        phonemes = piece.phonemes
        assert phonemes[0].start == 0
        assert phonemes[-1].symbol == ""
        pause = piece.samples[round(phonemes[-1].start * piece.sample_rate) + 1 :]
        assert 0.15 < len(pause) / piece.sample_rate < 0.4
        assert not pause.any()
        ends = [phoneme.start for phoneme in phonemes[1:]]
        for phoneme, end in zip(phonemes, ends, strict=False):
            assert end - phoneme.start < 0.5, phoneme
            if phoneme.symbol in {"a", "i", "ai", "au", "ə"} and end - phoneme.start > 0.04:
                start = round(phoneme.start * piece.sample_rate)
                sound = piece.samples[start : round(end * piece.sample_rate)]
                assert np.sqrt(np.mean(sound**2)) > 0.01, phoneme


def test_lips_can_close_for_bilabials(voice: EspeakVoice) -> None:
    symbols = [p.symbol for piece in voice.speak("爸妈跑") for p in piece.phonemes]
    assert symbols == ["p", "a", "m", "a", "pʰ", "au"]


def test_symbols_carry_no_tone_stress_or_length(voice: EspeakVoice) -> None:
    text = "兄弟很穷，女儿去重庆吃日式四川菜。Government services are easy to use."
    symbols = {p.symbol for piece in voice.speak(text) for p in piece.phonemes}
    assert {"ɕ", "tɕʰ", "ʈʂʰ", "ʐ", "ɻ̩", "ɹ̩", "y", "ɚ"} <= symbols
    assert not any(set(symbol) & set("ˈˌː012345()_:.-") for symbol in symbols), symbols


def test_mandarin_and_english_are_equally_loud(voice: EspeakVoice) -> None:
    (mandarin,) = voice.speak("请您携带好本人的身份证原件")
    (english,) = voice.speak("Please bring the original of your passport")
    assert level(mandarin.samples) == pytest.approx(-20, abs=2.5)
    assert level(english.samples) == pytest.approx(-20, abs=2.5)


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("english", ["Work Permit", "English version"])
def test_english_inside_mandarin_keeps_the_level(gender: str, english: str) -> None:
    voice = EspeakVoice(gender=gender)  # type: ignore[arg-type]
    before, word, after = voice.speak(f"申请材料包括，{english}，一共需要三份。")
    around = np.concatenate([before.samples, after.samples])
    difference = integrated_loudness(word.samples, 22050) - integrated_loudness(around, 22050)
    assert abs(difference) < 2


def test_the_woman_speaks_higher_than_the_man() -> None:
    def pitch(gender: str) -> float:
        voice = EspeakVoice(gender=gender)  # type: ignore[arg-type]
        (piece,) = voice.speak("拉拉拉拉拉拉")
        middle = piece.samples[len(piece.samples) // 4 :][:8192]
        echo = np.correlate(middle, middle, "full")[len(middle) - 1 :]
        shortest, longest = piece.sample_rate // 320, piece.sample_rate // 70
        return piece.sample_rate / (shortest + int(echo[shortest:longest].argmax()))

    assert pitch("female") > 1.4 * pitch("male")


def test_letters_of_an_acronym_are_named(voice: EspeakVoice) -> None:
    symbols = [p.symbol for piece in voice.speak("下载APP") for p in piece.phonemes]
    assert symbols[-6:].count("p") == 2
    assert "eɪ" in symbols


def bands(piece: Speech) -> np.ndarray:
    """Loudness by time and frequency, which the library repeats; its wave it does not."""
    windows = np.lib.stride_tricks.sliding_window_view(piece.samples, 1024)[::512]
    power = np.abs(np.fft.rfft(windows * np.hanning(1024)))[:, :480] ** 2
    loudness: np.ndarray = np.log10(power.reshape(len(windows), 24, 20).sum(2) + 1e-3)
    return loudness


def same_sound(one: Speech, other: Speech) -> bool:
    if [p.symbol for p in one.phonemes] != [p.symbol for p in other.phonemes]:
        return False
    # Where silence ends depends on the wave: up to 12 ms were seen.
    if any(
        abs(p.start - q.start) > 0.02 for p, q in zip(one.phonemes, other.phonemes, strict=True)
    ):
        return False
    first, second = bands(one), bands(other)
    n_windows = min(len(first), len(second))
    return bool(np.corrcoef(first[:n_windows].ravel(), second[:n_windows].ravel())[0, 1] > 0.9)


def test_two_threads_get_what_each_asked_for() -> None:
    woman, man = EspeakVoice(gender="female"), EspeakVoice(gender="male")

    def say(voice: EspeakVoice) -> list[list[Speech]]:
        return [list(voice.speak(SENTENCE)) for _ in range(5)]

    alone = say(woman), say(man)
    with ThreadPoolExecutor(2) as pool:
        together = tuple(pool.map(say, (woman, man)))
    for expected, got in zip(alone, together, strict=True):
        for pieces in got:
            # The library never speaks twice quite alike: one of five times it has to fit.
            assert any(len(pieces) == len(once) for once in expected)
            assert any(all(map(same_sound, once, pieces)) for once in expected)
    assert not any(
        same_sound(one, other) for one, other in zip(alone[0][0], alone[1][0], strict=False)
    )


def test_after_an_interruption_the_next_sentence_is_unharmed(voice: EspeakVoice) -> None:
    (before,) = voice.speak("请您稍等一下。")
    stopped = voice.speak(SENTENCE)
    next(stopped)
    stopped.close()
    assert list(stopped) == []
    (after,) = voice.speak("请您稍等一下。")
    assert same_sound(before, after)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gender": "robot"}, "female or male"),
        ({"voice": "zh"}, "cmn"),
        ({"voice": "cmn+nobody"}, "variants are"),
        ({"pitch": 120}, "0 to 99"),
        ({"rate": 10}, "80 to 450"),
    ],
)
def test_wrong_options_are_refused_with_the_right_ones(
    options: dict[str, str | int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EspeakVoice(**options)  # type: ignore[arg-type]


def test_a_contract_breaker_is_caught() -> None:
    class LoudVoice:
        sample_rate = 16_000

        def speak(self, text: str):  # type: ignore[no-untyped-def]
            if not text.strip():
                raise ValueError("blank")
            yield Speech(np.full(100, 2, np.float32), self.sample_rate, text)

    with pytest.raises(AssertionError, match="within"):
        check_voice(LoudVoice())


def test_the_command_line_writes_a_wav_file(tmp_path: Path) -> None:
    output = tmp_path / "hello.wav"
    command = [sys.executable, "-m", "tts_engine", "say", "您好。请坐下来。", "-o", str(output)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
    samples, sample_rate = soundfile.read(output)
    assert sample_rate == 22050
    assert len(samples) > sample_rate
    refused = subprocess.run(
        [*command[:4], "😀", "-o", str(output)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "nothing to speak" in refused.stderr
