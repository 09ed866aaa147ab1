"""What the networks hear is what the original's hear."""

import subprocess
import sys

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from avatar_engine.wav2lip.mel import (
    HOP_LENGTH,
    SAMPLES_PER_FRAME,
    mel_columns,
    mel_windows,
    melspectrogram,
    samples_for_columns,
    window_start,
)


def original(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The chain of the original's ``audio.py`` and ``hparams.py``, step by step."""
    emphasised = signal.lfilter([1, -0.97], [1], samples)
    spectrum = librosa.stft(  # librosa 0.7, which it asks for, mirrored without being told
        y=emphasised, n_fft=800, hop_length=200, win_length=800, pad_mode="reflect"
    )
    basis = librosa.filters.mel(sr=16000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    mel = np.dot(basis, np.abs(spectrum))
    min_level = np.exp(-100 / 20 * np.log(10))
    decibels = 20 * np.log10(np.maximum(min_level, mel)) - 20
    return np.asarray(np.clip((2 * 4.0) * ((decibels - -100) / 100) - 4.0, -4.0, 4.0))


def speechlike(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Harmonics that glide, bursts of noise, a loud passage that clips, and pauses."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * 16_000)) / 16_000
    pitch = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.7 * t)) / 16_000
    voice = sum(np.sin(k * pitch) / k for k in range(1, 30))
    loudness = np.clip(np.sin(2 * np.pi * 1.3 * t), 0, None) ** 2
    noise = random.normal(size=len(t)) * (np.sin(2 * np.pi * 2.1 * t) > 0.8)
    return np.clip(0.9 * loudness * voice + 0.1 * noise, -1, 1).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.0651, 1.0, 3.21])
def test_the_spectrogram_is_the_originals(seconds: float) -> None:
    sound = speechlike(seconds)
    ours, theirs = melspectrogram(sound), original(sound)
    assert ours.shape == theirs.shape == (80, 1 + len(sound) // 200)
    assert np.abs(ours - theirs).max() < 1e-4
    assert ours.dtype == np.float32
    if seconds > 1:
        assert ours.max() > 1.5 and ours.min() == -4  # the comparison saw loud and quiet


def test_sound_that_is_far_too_loud_is_clipped_as_the_original_clips_it() -> None:
    sound = speechlike(0.5) * 1000
    ours = melspectrogram(sound)
    assert ours.max() == 4
    assert np.abs(ours - original(sound)).max() < 1e-4


def test_silence_is_the_lowest_value_and_a_number() -> None:
    assert (melspectrogram(np.zeros(16_000, np.float32)) == -4).all()


@pytest.mark.parametrize("n_samples", [0, 1, 399, 639])
def test_sound_shorter_than_a_frame_is_followed_by_silence(n_samples: int) -> None:
    sound = speechlike(1.0)[4_000 : 4_000 + n_samples]
    padded = np.concatenate([sound, np.zeros(640 - n_samples, np.float32)])
    mel = melspectrogram(sound)
    assert mel.shape == (80, 4)
    assert np.isfinite(mel).all()
    assert np.array_equal(mel, melspectrogram(padded))


def test_pieces_make_the_columns_of_the_whole() -> None:
    sound = speechlike(2.0)
    whole = melspectrogram(sound)
    complete = (len(sound) - 400) // HOP_LENGTH + 1  # columns that do not reach over the end
    for first, stop in [(0, 1), (0, 16), (1, 2), (2, 9), (3, 4), (50, 66), (140, complete)]:
        begin, end = samples_for_columns(first, stop)
        exactly = mel_columns(sound[begin:end], first, stop, start=begin)
        generously = mel_columns(sound[max(0, begin - 77) :], first, stop, start=max(0, begin - 77))
        assert np.abs(exactly - whole[:, first:stop]).max() < 1e-5, (first, stop)
        assert np.array_equal(exactly, generously)


def test_a_sound_that_arrives_in_pieces_ends_up_the_same() -> None:
    sound = speechlike(1.3, seed=1)
    random = np.random.default_rng(2)
    heard, made = 0, [np.empty((80, 0), np.float32)]
    first = 0
    while heard < len(sound):
        heard = min(len(sound), heard + int(random.integers(1, 3_000)))
        stop = max(first, (heard - 400) // HOP_LENGTH + 1)
        made.append(mel_columns(sound[:heard], first, stop))
        first = stop
    together = np.concatenate(made, axis=1)
    assert together.shape[1] == (len(sound) - 400) // HOP_LENGTH + 1
    assert np.abs(together - melspectrogram(sound)[:, : together.shape[1]]).max() < 1e-5


def test_a_part_that_lacks_samples_is_refused_with_the_numbers() -> None:
    sound = speechlike(1.0)
    begin, end = samples_for_columns(20, 36)
    with pytest.raises(ValueError, match="samples 3600 to 7399, but only 3601 to"):
        mel_columns(sound[begin + 1 : end], 20, 36, start=begin + 1)
    with pytest.raises(ValueError, match="only 3600 to 7398"):
        mel_columns(sound[begin : end - 1], 20, 36, start=begin)


def test_no_columns_need_no_samples() -> None:
    assert mel_columns(np.empty(0, np.float32), 0, 0).shape == (80, 0)


@pytest.mark.parametrize("sound", [np.zeros((2, 100)), np.array([0.0, np.nan]), np.array([np.inf])])
def test_what_is_not_a_mono_sound_is_refused(sound: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match=r"mono|not numbers"):
        melspectrogram(sound)


def test_a_frame_is_three_and_a_fifth_columns() -> None:
    assert [window_start(frame) for frame in range(6)] == [0, 3, 6, 9, 12, 16]
    assert window_start(25 * 3600) == 80 * 3600  # no drift after an hour
    differing = [f for f in range(2_000) if window_start(f) != int(80.0 * (f / 25.0))]
    assert len(differing) < 20, "only where the original's division falls short of an integer"


def test_windows_begin_with_their_frame_and_are_silent_outside_the_sound() -> None:
    mel = melspectrogram(speechlike(1.0))  # 81 columns
    cut = mel_windows(mel, range(-6, 30))
    assert cut.shape == (36, 1, 80, 16)
    assert np.array_equal(cut[6 + 5, 0], mel[:, 16:32])
    assert np.array_equal(cut[6 + 24, 0, :, :5], mel[:, 76:81])
    assert (cut[6 + 24, 0, :, 5:] == -4).all()
    assert (cut[0] == -4).all() and (cut[-1] == -4).all()
    assert (cut[5, 0, :, :4] == -4).all()
    assert np.array_equal(cut[5, 0, :, 4:], mel[:, :12])  # frame -1 begins 4 columns early
    later = mel_windows(mel[:, 30:], [10, 12], first_column=30)
    assert np.array_equal(later, mel_windows(mel, [10, 12]))


def test_the_window_of_a_frame_hears_what_samples_for_says() -> None:
    sound = speechlike(1.0, seed=3)
    frame = 7
    first = window_start(frame)
    begin, end = samples_for_columns(first, first + 16)
    assert end - frame * SAMPLES_PER_FRAME <= 3_400
    deaf = sound.copy()
    deaf[end:] = 0
    deaf[:begin] = 0
    ours = mel_windows(melspectrogram(deaf), [frame])
    assert np.array_equal(ours, mel_windows(melspectrogram(sound), [frame]))
    deaf[end - 60] += 0.5  # the window has faded out at its very edge
    assert not np.array_equal(mel_windows(melspectrogram(deaf), [frame]), ours)


def test_neither_the_front_end_nor_the_package_above_it_waits_for_torch_or_numba() -> None:
    check = (
        "import sys, numpy, avatar_engine, avatar_engine.wav2lip.mel as mel;"
        "mel.melspectrogram(numpy.zeros(640));"
        "print({'torch', 'numba', 'librosa'} & sys.modules.keys() or 'light')"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout.strip() == "light", done.stdout + done.stderr
