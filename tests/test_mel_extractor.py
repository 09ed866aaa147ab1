"""What the generator hears while a sentence is still being spoken."""

import numpy as np
import pytest

from avatar_engine.wav2lip.mel import GENERATOR_LEAD, MelExtractor, mel_windows, melspectrogram


def sound(seconds: float, rate: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    t = np.arange(int(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 200 * t) * (np.sin(3 * t) > 0)
    return (tone + rng.normal(0, 0.01, len(t))).astype(np.float32)


def heard(samples: np.ndarray, rate: int, pieces: list[int]) -> np.ndarray:
    """The windows of all frames when the sound comes in pieces of so many samples."""
    extractor, made, at, n = MelExtractor(rate), [], 0, 0
    n_frames = len(samples) * 25 // rate
    for size in [*pieces, len(samples)]:
        extractor.add(samples[at : at + size], last=at + size >= len(samples))
        at += size
        ready = min(extractor.n_ready, n_frames)
        if ready > n:
            made.append(extractor.windows(n, ready))
            n = ready
        if at >= len(samples):
            break
    assert n == n_frames
    return np.concatenate(made)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_pieces_sound_like_the_whole(rate: int) -> None:
    samples = sound(2.0, rate)
    whole = heard(samples, rate, [])
    for pieces in ([rate // 25] * 60, [100, 7_000, 20_000, 1], [rate, rate]):
        assert np.abs(heard(samples, rate, pieces) - whole).max() < 1e-4


def test_windows_are_those_of_training() -> None:
    samples = sound(2.0, 16_000)
    mel = melspectrogram(np.pad(samples, (0, 16_000)))
    trained = mel_windows(mel, range(-GENERATOR_LEAD, 50 - GENERATOR_LEAD))
    assert np.abs(heard(samples, 16_000, [900] * 40) - trained).max() < 1e-4


def test_a_frame_waits_for_little_more_than_a_tenth_of_a_second() -> None:
    extractor, n_heard = MelExtractor(16_000), 0
    samples = sound(1.0, 16_000)
    while extractor.n_ready < 5:
        extractor.add(samples[n_heard : n_heard + 80])
        n_heard += 80
    assert n_heard / 16_000 - 5 / 25 < 0.12
