"""How far a synthetic word is from a recorded one: its spectrum and its melody.

* Mel-cepstral distortion (Kubichek, "Mel-cepstral distance measure for objective speech
  quality assessment", PACRIM 1993): 10/ln 10 · sqrt(2 · sum over d of (c_d - c'_d)^2) dB, here
  of mel cepstra 1 to 24 (the level, 0, left out), averaged over the frames that dynamic time
  warping pairs (MCD-DTW: Battenberg et al., "Location-relative attention mechanisms for robust
  long-form speech synthesis", ICASSP 2020).
* F0 error: root mean square over pairs of frames that are voiced in both, in semitones. Each
  speaker's median over all words is taken away first: a lower voice is not a wrong melody.
* Voicing decision error (Nakatani et al., "A method for fundamental frequency estimation and
  voicing decision", Speech Communication 2008): the share of pairs voiced in only one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from .recordings import SAMPLE_RATE, Samples

HOP = 160
"""Samples: 10 ms."""
N_CEPSTRA = 24
PITCH_WINDOW = 640
"""Samples: 40 ms; in longer ones a falling tone has no period."""

_WINDOW = 400  # samples
_N_BANDS = 80
_N_FFT = 1024
_FLOOR = 1e-3  # of the peak: 60 dB below it nobody hears a difference
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 500.0
_RESOLUTION = 0.2  # semitones

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpeechSimilarity:
    """Over all words; frames weigh the same."""

    mcd_db: float
    f0_rmse_semitones: float
    """NaN when no frame is voiced in both."""
    voicing_error: float
    """0 to 1."""
    words_found: float
    """The share of words, 0 to 1, to which among all recordings their own is the nearest."""


def mel_cepstra(samples: Samples) -> Array:
    """Return mel cepstra 1 to 24, scaled so that Kubichek's formula gives dB.

    Args:
        samples: At 16 kHz.

    Returns:
        (n_frames, 24), one for each 10 ms.
    """
    spectrum = librosa.stft(samples, n_fft=_N_FFT, hop_length=HOP, win_length=_WINDOW)
    logs = np.log(np.maximum(_bands() @ np.abs(spectrum), _FLOOR * np.abs(spectrum).max()))
    # So that ln|H| = c_0 + sum of c_d cos(d w), which is what the formula takes.
    found: Array = dct(logs.T, type=2, axis=1)[:, 1 : N_CEPSTRA + 1] / _N_BANDS
    return found


def pitch(samples: Samples, *, doubt: float = 0.01) -> Array:
    """Return the pitch of each frame, semitones above 1 Hz; NaN where there is no voice.

    By probabilistic YIN (Mauch and Dixon, ICASSP 2014).

    Args:
        samples: At 16 kHz.
        doubt: How probable voice is in a frame without a clear period; more finds more of a
            creaky voice, and some pitch where there is none.
    """
    if len(samples) < PITCH_WINDOW:
        samples = np.pad(samples, (0, PITCH_WINDOW - len(samples)))
    hertz, _, _ = librosa.pyin(
        samples, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ, sr=SAMPLE_RATE, hop_length=HOP,
        frame_length=PITCH_WINDOW, resolution=_RESOLUTION, no_trough_prob=doubt,
    )  # fmt: skip
    return 12 * np.log2(np.asarray(hertz, np.float64))


def compare(recorded: Sequence[Samples], spoken: Sequence[Samples]) -> SpeechSimilarity:
    """Compare the same words in two voices, pair by pair.

    Args:
        recorded: Each at 16 kHz without silence around it.
        spoken: The same words in the same order.
    """
    distortions, firsts, seconds = [], [], []
    for one, other in zip(recorded, spoken, strict=True):
        wanted, made = mel_cepstra(one), mel_cepstra(other)
        _, path = librosa.sequence.dtw(wanted.T, made.T)
        at, to = path[:, 0], path[:, 1]
        differences = np.square(wanted[at] - made[to]).sum(axis=1)
        distortions.append(10 / np.log(10) * np.sqrt(2 * differences))
        first, second = pitch(one), pitch(other)
        firsts.append(first[np.minimum(at, len(first) - 1)])
        seconds.append(second[np.minimum(to, len(second) - 1)])
    melody, copy = np.concatenate(firsts), np.concatenate(seconds)
    voiced, copied = np.isfinite(melody), np.isfinite(copy)
    both = voiced & copied
    error = np.nan
    if both.any():
        drawn = melody - np.median(melody[voiced]), copy - np.median(copy[copied])
        error = np.sqrt(np.mean(np.square(drawn[0][both] - drawn[1][both])))
    return SpeechSimilarity(
        mcd_db=float(np.mean(np.concatenate(distortions))),
        f0_rmse_semitones=float(error),
        voicing_error=float(np.mean(voiced != copied)),
        words_found=_found([*map(mel_cepstra, recorded)], [*map(mel_cepstra, spoken)]),
    )


def _found(recorded: Sequence[Array], spoken: Sequence[Array]) -> float:
    """How often a word leads back to its own recording: in place of a listener who knows them all.

    By the cost of the best alignment of cepstra 1 to 12, each of zero mean and unit spread over a
    word, so that neither timbre nor level tells.
    """
    known, said = ([_standardised(word[:, :12]) for word in words] for words in (recorded, spoken))
    right = 0
    for i, word in enumerate(said):
        costs = []
        for other in known:
            total, path = librosa.sequence.dtw(word.T, other.T)
            costs.append(total[-1, -1] / len(path))
        right += int(np.argmin(costs)) == i
    return right / len(said)


def _standardised(cepstrum: Array) -> Array:
    centred: Array = cepstrum - cepstrum.mean(axis=0)
    standardised: Array = centred / (centred.std(axis=0) + 1e-9)
    return standardised


@cache
def _bands() -> Array:
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=_N_FFT, n_mels=_N_BANDS, norm=None)
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), np.float64)
