"""Every voice is equally loud, whatever comes in and however it is cut."""

from collections.abc import Generator

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_engine import Phoneme, Speech
from tts_engine.audio.filters import (
    AudioFilter,
    EdgeFade,
    Resampler,
    filter_speech,
    resample_speech,
)
from tts_engine.audio.loudness import (
    TRUE_PEAK_CEILING,
    LoudnessHistory,
    LoudnessNormalizer,
    TruePeakLimiter,
    integrated_loudness,
    true_peak,
)
from tts_engine.checks import check_loudness
from tts_engine.espeak.voice import EspeakVoice

RATE = 24_000


@pytest.fixture(scope="module")
def passage() -> np.ndarray:
    """Ten seconds of speech."""
    voice = EspeakVoice()
    text = (
        "身份证丢失后，您可以到就近的派出所申请补领，",
        "需要带户口簿，工本费四十元，二十个工作日内可以领取。",
    )
    speech = (piece for sentence in text for piece in voice.speak(sentence))
    return np.concatenate([piece.samples for piece in resample_speech(speech, RATE)])


def through(filter: AudioFilter, samples: np.ndarray, cuts: list[int]) -> np.ndarray:
    pieces = [filter.push(piece) for piece in np.split(samples, sorted(cuts))]
    return np.concatenate([*pieces, filter.flush()])


@pytest.mark.parametrize("rate", [16_000, 22_050, 32_000, 48_000])
def test_loudness_is_measured_as_the_standard_says(passage: np.ndarray, rate: int) -> None:
    pieces = resample_speech((piece for piece in [Speech(passage, RATE)]), rate)
    samples = np.concatenate([piece.samples for piece in pieces])
    expected = pyloudnorm.Meter(rate).integrated_loudness(samples)
    assert integrated_loudness(samples, rate) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("gain_db", [-20, -12, 0, 6])
def test_a_voice_never_heard_before_comes_out_at_minus_19(
    passage: np.ndarray, gain_db: float
) -> None:
    loud = np.clip(passage * 10 ** (gain_db / 20), -1, 1).astype(np.float32)
    levelled = through(LoudnessNormalizer(RATE, LoudnessHistory()), loud, [])
    assert len(levelled) == len(loud)
    measured = pyloudnorm.Meter(RATE).integrated_loudness(levelled)
    assert measured == pytest.approx(-19, abs=1)
    assert 20 * np.log10(true_peak(levelled)) < -1


def test_from_its_second_sentence_on_a_voice_is_right_from_the_first_sample(
    passage: np.ndarray,
) -> None:
    known = LoudnessHistory()
    quiet = (passage * 0.1).astype(np.float32)
    through(LoudnessNormalizer(RATE, known), quiet, [])
    second = LoudnessNormalizer(RATE, known)
    assert len(second.push(quiet[: RATE // 5])) > RATE // 10, "nothing is held back"
    levelled = through(LoudnessNormalizer(RATE, known), quiet, [])
    start = pyloudnorm.Meter(RATE).integrated_loudness(levelled[: 2 * RATE])
    whole = pyloudnorm.Meter(RATE).integrated_loudness(passage[: 2 * RATE])
    assert start == pytest.approx(whole, abs=1)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 3 * RATE), max_size=20))
@pytest.mark.parametrize("known", [True, False])
def test_a_stream_and_a_whole_give_the_same_samples(
    passage: np.ndarray, cuts: list[int], known: bool
) -> None:
    loudness = [LoudnessHistory(), LoudnessHistory()]
    for each in loudness if known else []:
        each.learn([0.001] * 50)
    loud = passage[: 3 * RATE] * 3
    whole = through(LoudnessNormalizer(RATE, loudness[0]), loud, [])
    assert np.array_equal(through(LoudnessNormalizer(RATE, loudness[1]), loud, cuts), whole)
    assert loudness[0].recall() == loudness[1].recall()


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, RATE), max_size=9), seed=st.integers(0, 99))
def test_no_peak_passes_the_limiter_and_what_is_below_stays(cuts: list[int], seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.5, RATE).astype(np.float32)
    noise[: RATE // 2] *= 0.01
    limited = through(TruePeakLimiter(RATE), noise, cuts)
    assert len(limited) == len(noise)
    assert 20 * np.log10(true_peak(limited)) < -1
    assert np.array_equal(limited[: RATE // 3], noise[: RATE // 3])
    assert np.abs(limited).max() > 0.6 * TRUE_PEAK_CEILING


@pytest.mark.parametrize("n", [0, 1, 100, 959, 960, 961, 5_000])
def test_a_short_sound_keeps_its_length(n: int) -> None:
    tone = np.sin(np.arange(n) / 20).astype(np.float32)
    for filter in (
        LoudnessNormalizer(RATE, LoudnessHistory()),
        TruePeakLimiter(RATE),
        EdgeFade(120),
    ):
        assert len(through(filter, tone, [n // 3])) == n
    assert np.isfinite(through(LoudnessNormalizer(RATE, LoudnessHistory()), tone, [])).all()


def test_silence_stays_silence() -> None:
    silence = np.zeros(RATE, np.float32)
    assert not through(LoudnessNormalizer(RATE, LoudnessHistory()), silence, [500]).any()
    assert integrated_loudness(silence, RATE) == -np.inf


def test_edges_start_and_end_in_silence_however_short() -> None:
    for n in (50, 200, 1_000):
        faded = through(EdgeFade(120), np.ones(n, np.float32), [n // 2])
        assert faded[0] == 0
        assert abs(faded[-1]) < 0.02


def test_words_and_phonemes_stay_with_their_sound() -> None:
    def speech() -> Generator[Speech]:
        for i, start in enumerate((0.0, 0.25, 0.5)):
            phonemes = (Phoneme(str(i), 0.1), Phoneme(f"{i}'", 0.2499))
            yield Speech(np.full(RATE // 4, 0.1, np.float32), RATE, f"{start} ", phonemes)

    pieces = list(filter_speech(speech(), Resampler(RATE, 32_000), 32_000))
    assert "".join(piece.text for piece in pieces) == "0.0 0.25 0.5 "
    seconds, starts = 0.0, []
    for piece in pieces:
        assert all(0 <= phoneme.start < piece.seconds for phoneme in piece.phonemes)
        starts += [seconds + phoneme.start for phoneme in piece.phonemes]
        seconds += piece.seconds
    assert seconds == pytest.approx(0.75)
    assert starts == pytest.approx([0.1, 0.2499, 0.35, 0.4999, 0.6, 0.7499], abs=1e-3)


@pytest.mark.parametrize("gender", ["female", "male"])
def test_the_embedded_voice_is_as_loud_as_the_others(gender: str) -> None:
    voice = EspeakVoice(gender=gender)  # type: ignore[arg-type]
    check_loudness(voice)
    pieces = list(voice.speak("请您携带身份证原件到政务大厅办理。Please bring your passport."))
    samples = np.concatenate([piece.samples for piece in pieces])
    measured = pyloudnorm.Meter(voice.sample_rate).integrated_loudness(samples)
    assert measured == pytest.approx(-19, abs=1)


def test_a_voice_that_shouts_is_caught() -> None:
    class Shouting:
        sample_rate = RATE

        def speak(self, text: str):  # type: ignore[no-untyped-def]
            yield Speech(np.sin(np.arange(RATE) / 5).astype(np.float32), RATE, text)

    with pytest.raises(AssertionError, match="LUFS"):
        check_loudness(Shouting())
