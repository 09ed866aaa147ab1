"""Training of the vocoder: a multi-resolution STFT loss, later an adversarial loss as well."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..features import HOP
from ..vocoder import Vocoder, harmonic_excitation
from .corpus import SpeechCorpus
from .losses import (
    PatchDiscriminator,
    adversarial_loss,
    discriminator_loss,
    multi_resolution_stft_loss,
    stft_magnitude,
)
from .preparation import Utterance

_BATCH_SIZE = 8  # segments of sentences
_SEGMENT = 40  # frames
_LEARNING_RATE, _DISCRIMINATOR_LEARNING_RATE = 1e-3, 3e-4
_ADVERSARIAL_START = 0.6  # part of the stage after which the adversarial loss has weight
_ADVERSARIAL_WEIGHT = 0.1  # next to 1 for the STFT loss
_DISCRIMINATOR_STFTS = ((1024, 256), (256, 64))  # window and hop of each, samples
_PREDICTED_SHARE = 0.6  # share of envelopes from the acoustic model, when there are any

Array = NDArray[np.float32]


class VocoderTrainer:
    """Trains a vocoder on segments of 40 frames (0.46 s) of recorded sentences.

    Args:
        vocoder: The vocoder.
        utterances: All of the speaker's.
        corpus: Their waveforms.
        reference_hz: What the semitones of their pitch are above.
        predicted_envelopes: The acoustic model's, (n_frames, N_BANDS) of each utterance, at the
            recorded durations and pitch; None to train on recorded envelopes alone. With them
            the vocoder learns to make up for the acoustic model's errors.
    """

    def __init__(
        self,
        vocoder: Vocoder,
        utterances: list[Utterance],
        corpus: SpeechCorpus,
        reference_hz: float,
        predicted_envelopes: list[Array] | None = None,
    ) -> None:
        self._vocoder, self._corpus, self._reference_hz = vocoder, corpus, reference_hz
        self._discriminators = nn.ModuleList(PatchDiscriminator() for _ in _DISCRIMINATOR_STFTS)
        self._optimizer = torch.optim.AdamW(vocoder.parameters(), _LEARNING_RATE, betas=(0.9, 0.98))
        self._discriminator_optimizer = torch.optim.AdamW(
            self._discriminators.parameters(), _DISCRIMINATOR_LEARNING_RATE, betas=(0.8, 0.99)
        )
        envelopes = predicted_envelopes or [u.features.envelope for u in utterances]
        pairs = [
            (u, envelope)
            for u, envelope in zip(utterances, envelopes, strict=True)
            if u.recording.n_frames >= _SEGMENT
        ]
        self._training = [pair for pair in pairs if not pair[0].recording.held_out]
        self._held_out = [pair for pair in pairs if pair[0].recording.held_out]
        weights = np.array([u.recording.n_frames for u, _ in self._training], np.float64)
        self._weights = weights / weights.sum()
        self._n_steps = 0

    def step(self, progress: float, rate: float) -> dict[str, float]:
        rng = np.random.default_rng((3, self._n_steps))
        self._n_steps += 1
        chosen = rng.choice(len(self._training), _BATCH_SIZE, p=self._weights)
        real, synthesized = self._segments([self._training[i] for i in chosen], rng)
        losses = {"spectral": multi_resolution_stft_loss(synthesized, real)}
        loss = losses["spectral"]
        if progress >= _ADVERSARIAL_START:
            losses |= self._adversarial_losses(real, synthesized, rate)
            loss = loss + _ADVERSARIAL_WEIGHT * losses["adversarial"]
        for group in self._optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._vocoder.parameters(), 5.0)
        self._optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    def evaluate(self) -> dict[str, float]:
        rng = np.random.default_rng(4)
        with torch.no_grad():
            real, synthesized = self._segments(self._held_out[:64], rng)
            return {"spectral": multi_resolution_stft_loss(synthesized, real).item()}

    def state(self) -> dict[str, Any]:
        return {  # the keys of checkpoints since 0.1, so that old ones can be gone on from
            "model": self._vocoder.state_dict(),
            "critics": self._discriminators.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "critic_optimizer": self._discriminator_optimizer.state_dict(),
            "n_steps": self._n_steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._vocoder.load_state_dict(state["model"])
        self._discriminators.load_state_dict(state["critics"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._discriminator_optimizer.load_state_dict(state["critic_optimizer"])
        self._n_steps = state["n_steps"]

    def _segments(
        self, pairs: list[tuple[Utterance, Array]], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Segments as recorded and as synthesized, shape (n, _SEGMENT * HOP) each, in [-1, 1]."""
        real, envelopes, semitones, voicing = [], [], [], []
        for utterance, predicted in pairs:
            first = int(rng.integers(utterance.recording.n_frames - _SEGMENT + 1))
            part = slice(first, first + _SEGMENT)
            features = utterance.features
            envelope = predicted if rng.random() < _PREDICTED_SHARE else features.envelope
            samples = self._corpus.samples(utterance.recording)
            real.append(samples[first * HOP : (first + _SEGMENT) * HOP])
            envelopes.append(envelope[part])
            semitones.append(features.semitones[part])
            voicing.append(features.voicing[part])
        curve = np.stack(semitones)
        source = harmonic_excitation(curve, self._reference_hz, rng.uniform(-np.pi, np.pi))
        noise = rng.standard_normal(source.shape, np.float32)
        arrays = (np.stack(envelopes), curve, np.stack(voicing), source, noise)
        return torch.from_numpy(np.stack(real)), self._vocoder(*map(torch.from_numpy, arrays))

    def _adversarial_losses(
        self, real: Tensor, synthesized: Tensor, rate: float
    ) -> dict[str, Tensor]:
        """Train the discriminators one step; their loss, and the vocoder's adversarial loss."""
        log_spectra = [
            tuple(
                (stft_magnitude(samples, window, hop) + 1e-3).log()
                for samples in (real, synthesized)
            )
            for window, hop in _DISCRIMINATOR_STFTS
        ]
        pairs = list(zip(self._discriminators, log_spectra, strict=True))
        own_loss = torch.stack(
            [discriminator_loss(c(r), c(m.detach())) for c, (r, m) in pairs]
        ).mean()
        for group in self._discriminator_optimizer.param_groups:
            group["lr"] = _DISCRIMINATOR_LEARNING_RATE * rate
        self._discriminator_optimizer.zero_grad()
        own_loss.backward()  # type: ignore[no-untyped-call]
        self._discriminator_optimizer.step()
        self._discriminators.requires_grad_(False)
        adversarial = torch.stack([adversarial_loss(c(r), c(m)) for c, (r, m) in pairs]).mean()
        self._discriminators.requires_grad_(True)
        return {"discriminator": own_loss.detach(), "adversarial": adversarial}
