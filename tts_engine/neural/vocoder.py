"""A source-filter vocoder: pulses and noise, each through a filter that a network predicts.

The network only corrects the filters that the envelope already gives, and adds to the
minimum phase of the one for pulses; so before training it already is a plain vocoder.
Filtering is a product of short spectra (window 512, hop 128), two of them to a frame.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .features import HOP, N_BANDS, SAMPLE_RATE, interpolation
from .networks import ConvNeXtBlock

_FFT = 512
_STEP = HOP // 2
_N_BINS = _FFT // 2 + 1
_OVERLAP = _FFT // _STEP
_MARGIN = (_FFT - _STEP) // 2
_REACH = 3
_MIN_GAIN = 0.01  # of pulses in an unvoiced frame; a tenth of that of noise in a voiced one
_ENVELOPE_MEAN, _ENVELOPE_DEVIATION = -9.0, 3.0  # roughly; the same for every speaker
_MAX_FREQUENCY = 0.49  # of the sample rate; no harmonic above


class Vocoder(nn.Module):
    """Makes sound; no sample depends on frames further away than ``reach``.

    Args:
        width: Channels.
        n_blocks: Blocks that look at frames.
    """

    window: Tensor
    bands_to_bins: Tensor
    fold: Tensor

    def __init__(self, width: int = 224, n_blocks: int = 5) -> None:
        super().__init__()
        self.reach = _REACH * n_blocks + 2  # and the windows that overlap a frame
        self.embed = nn.Linear(N_BANDS + 2, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, _REACH) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 2 * 3 * _N_BINS)
        nn.init.normal_(self.out.weight, std=1e-3)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("window", torch.hann_window(_FFT), persistent=False)
        matrix = torch.from_numpy(interpolation(_N_BINS))
        self.register_buffer("bands_to_bins", matrix, persistent=False)
        fold = torch.zeros(_FFT)
        fold[0] = fold[_FFT // 2] = 1
        fold[1 : _FFT // 2] = 2
        self.register_buffer("fold", fold, persistent=False)

    def forward(
        self, envelope: Tensor, semitones: Tensor, voicing: Tensor, pulses: Tensor, noise: Tensor
    ) -> Tensor:
        """Return the waveform, shape (n, n_frames * HOP).

        Args:
            envelope: As in :class:`~.features.AcousticFeatures`, shape (n, n_frames, N_BANDS).
            semitones: Shape (n, n_frames).
            voicing: Shape (n, n_frames).
            pulses: Of the source at this pitch, shape (n, n_frames * HOP).
            noise: Of the source, shape (n, n_frames * HOP).
        """
        through_voice, through_noise = self._filters(envelope, semitones, voicing)
        spectrum = self._spectra(pulses) * through_voice + self._spectra(noise) * through_noise
        frames = torch.fft.irfft(spectrum, _FFT) * self.window
        # Four windows overlap; their squares add up to 3 / 2.
        parts = frames.unflatten(-1, (_OVERLAP, _STEP))
        shifted = [
            nn.functional.pad(parts[:, :, i], (0, 0, i, _OVERLAP - 1 - i)) for i in range(_OVERLAP)
        ]
        samples = torch.stack(shifted).sum(0).flatten(1) / 1.5
        return torch.as_tensor(samples[:, _MARGIN:-_MARGIN])

    def _filters(
        self, envelope: Tensor, semitones: Tensor, voicing: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the spectra of both filters, shape (n, 2 * n_frames, _N_BINS), complex."""
        scaled = (envelope - _ENVELOPE_MEAN) / _ENVELOPE_DEVIATION
        x = self.embed(torch.cat([scaled, semitones[..., None] / 6, voicing[..., None]], -1))
        for block in self.blocks:
            x = block(x)
        predicted = self.out(self.norm(x)).unflatten(-1, (2, 3 * _N_BINS)).flatten(1, 2)
        voice, noise, phase = predicted.chunk(3, -1)
        plain = _halves(envelope @ self.bands_to_bins) / 2  # power to amplitude
        voiced = _halves(voicing[..., None])
        voice = plain + 4 * voice + torch.log(_MIN_GAIN + (1 - _MIN_GAIN) * voiced)
        noise = plain + 4 * noise + torch.log(1 - (1 - 10 * _MIN_GAIN) * voiced)
        cepstrum = torch.fft.irfft(voice, _FFT) * self.fold
        minimum = torch.fft.rfft(cepstrum)
        angle = minimum.imag + math.pi * torch.tanh(phase)
        return torch.polar(torch.exp(voice), angle), torch.exp(noise).to(torch.complex64)

    def _spectra(self, samples: Tensor) -> Tensor:
        padded = nn.functional.pad(samples, (_MARGIN, _MARGIN))
        return torch.as_tensor(torch.fft.rfft(padded.unfold(-1, _FFT, _STEP) * self.window))


def _halves(frames: Tensor) -> Tensor:
    """Return values in the middle of each half frame, shape (n, 2 * n_frames, ...)."""
    before = torch.cat([frames[:, :1], frames[:, :-1]], 1)
    after = torch.cat([frames[:, 1:], frames[:, -1:]], 1)
    first, second = 0.75 * frames + 0.25 * before, 0.75 * frames + 0.25 * after
    return torch.stack([first, second], 2).flatten(1, 2)


def harmonic_excitation(
    semitones: NDArray[np.float32], reference_hz: float, phase: float = 0.0
) -> NDArray[np.float32]:
    """Return band-limited pulses at the pitch: all harmonics in phase, of power density 1.

    Args:
        semitones: Pitch of each frame above the reference, shape (..., n_frames).
        reference_hz: The reference, Hz.
        phase: Where in its period the first sample lies, radians.

    Returns:
        Shape (..., n_frames * HOP).
    """
    hertz = reference_hz * 2 ** (_per_sample(semitones) / 12)
    angle = phase + np.cumsum(2 * np.pi * hertz / SAMPLE_RATE, -1)
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    n_harmonics = np.floor(_MAX_FREQUENCY * SAMPLE_RATE / hertz)
    # The sum of cosines in closed form, whose limit at 0 is the number of them.
    half = np.sin(angle / 2)
    safe = np.where(np.abs(half) < 1e-6, 1.0, half)
    summed = (np.sin((n_harmonics + 0.5) * angle) / safe - 1) / 2
    summed = np.where(np.abs(half) < 1e-6, n_harmonics, summed)
    return (summed * np.sqrt(4 * hertz / SAMPLE_RATE)).astype(np.float32)


def noise_excitation(n_frames: int, seed: int = 0) -> NDArray[np.float32]:
    """Return white noise of variance 1, the same for a seed, shape (n_frames * HOP,)."""
    return np.random.default_rng(seed).standard_normal(n_frames * HOP, np.float32)


def _per_sample(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Interpolate between the frames' middles; hold the ends."""
    n_frames = frames.shape[-1]
    place = np.clip((np.arange(n_frames * HOP) + 0.5) / HOP - 0.5, 0, n_frames - 1)
    index = np.minimum(place.astype(np.intp), max(0, n_frames - 2))
    share = place - index
    following = np.minimum(index + 1, n_frames - 1)
    return frames[..., index] * (1 - share) + frames[..., following] * share
