"""Which mouth belongs to each picture."""

import doctest

import numpy as np
import pytest

from avatar_engine.viseme import avatar, coarticulation
from avatar_engine.viseme.coarticulation import (
    VISEMES,
    VisemeBlend,
    blend_at,
    blends_by_loudness,
    phoneme_visemes,
    viseme_segments,
)
from tts_engine import Phoneme, Speech
from tts_engine.espeak.voice import EspeakVoice

FPS = 25


def mouths(phonemes: list[Phoneme], seconds: float) -> list[VisemeBlend]:
    held = viseme_segments(phonemes, seconds, FPS)
    return [blend_at(held, (i + 0.5) / FPS) for i in range(round(seconds * FPS))]


@pytest.mark.parametrize("module", [coarticulation, avatar])
def test_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "shapes"),
    [
        ("pʰ", ["PP"]),
        ("m", ["PP"]),
        ("f", ["FF"]),
        ("ʈʂʰ", ["CH"]),
        ("tɕ", ["CH"]),
        ("ts", ["SS"]),
        ("x", ["kk"]),
        ("ŋ", ["kk"]),
        ("au", ["aa", "U"]),
        ("y", ["U"]),
        ("ai", ["aa", "I"]),
        ("θ", ["TH"]),
    ],
)
def test_a_sound_has_the_shape_a_speaker_would_make(symbol: str, shapes: list[str]) -> None:
    assert phoneme_visemes(symbol) == shapes


def test_every_symbol_the_voice_can_utter_has_a_shape() -> None:
    text = (
        "爸爸跑步买饭，第一天办理居住证，请到窗口取号。身份证需要四十元，儿童去学校，"
        "女儿选择绿色出行，熊猫用翁。Please bring your passport to the exit and entry office."
    )
    symbols = {p.symbol for s in EspeakVoice().speak(text) for p in s.phonemes}
    assert len(symbols) > 30
    assert not [symbol for symbol in symbols if not phoneme_visemes(symbol)]


@pytest.mark.parametrize("start", np.arange(0.1, 0.14, 0.004))
def test_lips_close_on_p_however_short_it_is_and_wherever_it_falls(start: float) -> None:
    word = [Phoneme("a", 0.0), Phoneme("p", start), Phoneme("a", start + 0.012)]
    assert any(m.start == m.end == "PP" for m in mouths(word, 0.4))


def test_the_mouth_is_shut_in_silence() -> None:
    pause = [Phoneme("a", 0.0), Phoneme("", 0.3), Phoneme("a", 1.0)]
    shut = [m.is_closed for m in mouths(pause, 1.3)]
    assert all(shut[11:22])  # 0.44 s to 0.88 s
    assert not any(shut[2:6])


def test_the_mouth_moves_before_the_sound_is_heard() -> None:
    word = [Phoneme("", 0.0), Phoneme("a", 0.5)]
    assert not blend_at(viseme_segments(word, 1.0, FPS), 0.48).is_closed


def test_the_mouth_never_jumps_between_unlike_shapes() -> None:
    sentence = [Phoneme(s, i * 0.12) for i, s in enumerate(["", "n", "i", "x", "au", "m", "a", ""])]
    held = viseme_segments(sentence, 1.2, FPS)
    times = np.arange(0, 1.2, 0.002)

    def weights(mouth: VisemeBlend) -> np.ndarray:
        row = np.zeros(len(VISEMES))
        row[VISEMES.index(mouth.start)] += 1 - mouth.progress
        row[VISEMES.index(mouth.end)] += mouth.progress
        return row

    rows = np.array([weights(blend_at(held, t)) for t in times])
    assert np.abs(np.diff(rows, axis=0)).max() < 0.25  # of full, in 2 ms


def test_without_phonemes_the_louder_the_wider() -> None:
    rate = 16_000
    loud = 0.2 * np.sin(np.arange(rate // 2) * 0.1)
    sound = np.concatenate([np.zeros(rate // 2), 0.05 * loud, loud]).astype(np.float32)
    progress = [m.progress for m in blends_by_loudness(Speech(sound[: rate * 36 // 25], rate), FPS)]
    assert progress[5] == 0 < progress[18] < progress[30]
