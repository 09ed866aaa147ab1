"""Learning to sound: short spectra near the real ones, then also such that critics are deceived."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..excitation import harmonic_excitation
from ..features import HOP
from ..vocoder import Vocoder
from .corpus import SpeechCorpus
from .losses import (
    PatchDiscriminator,
    adversarial_loss,
    discriminator_loss,
    multi_resolution_stft_loss,
    stft_magnitude,
)
from .preparation import Utterance

_BATCH = 8
_SEGMENT = 40  # frames
_RATE, _CRITIC_RATE = 1e-3, 3e-4
_CRITIC_FROM = 0.6  # of the stage
_DECEIT = 0.1
_CRITIC_SPECTRA = ((1024, 256), (256, 64))  # window and hop, samples
_MADE = 0.6  # share of envelopes from the acoustic model, when there are any

Array = NDArray[np.float32]


class VocoderTrainer:
    """Trains a vocoder on pieces of words.

    Args:
        vocoder: The vocoder.
        utterances: All of the speaker's.
        corpus: Their sound.
        made: Envelopes of the utterances by an acoustic model, at the recorded times and
            pitch, if the vocoder is to learn to live with them.
    """

    def __init__(
        self,
        vocoder: Vocoder,
        utterances: list[Utterance],
        corpus: SpeechCorpus,
        made: list[Array] | None = None,
    ) -> None:
        self._vocoder, self._corpus = vocoder, corpus
        self._critics = nn.ModuleList(PatchDiscriminator() for _ in _CRITIC_SPECTRA)
        self._optimizer = torch.optim.AdamW(vocoder.parameters(), _RATE, betas=(0.9, 0.98))
        self._critic_optimizer = torch.optim.AdamW(
            self._critics.parameters(), _CRITIC_RATE, betas=(0.8, 0.99)
        )
        envelopes = made or [u.features.envelope for u in utterances]
        pairs = [
            (u, envelope)
            for u, envelope in zip(utterances, envelopes, strict=True)
            if u.recording.n_frames >= _SEGMENT
        ]
        self._learnt = [pair for pair in pairs if not pair[0].recording.held_out]
        self._held_out = [pair for pair in pairs if pair[0].recording.held_out]
        weights = np.array([u.recording.n_frames for u, _ in self._learnt], np.float64)
        self._weights = weights / weights.sum()
        self._n_steps = 0

    def step(self, progress: float, rate: float) -> dict[str, float]:
        rng = np.random.default_rng((3, self._n_steps))
        self._n_steps += 1
        chosen = rng.choice(len(self._learnt), _BATCH, p=self._weights)
        real, made = self._sounds([self._learnt[i] for i in chosen], rng)
        losses = {"spectral": multi_resolution_stft_loss(made, real)}
        loss = losses["spectral"]
        if progress >= _CRITIC_FROM:
            losses |= self._deceit(real, made, rate)
            loss = loss + _DECEIT * losses["deceit"]
        for group in self._optimizer.param_groups:
            group["lr"] = _RATE * rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._vocoder.parameters(), 5.0)
        self._optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    def evaluate(self) -> dict[str, float]:
        rng = np.random.default_rng(4)
        with torch.no_grad():
            real, made = self._sounds(self._held_out[:64], rng)
            return {"spectral": multi_resolution_stft_loss(made, real).item()}

    def state(self) -> dict[str, Any]:
        return {
            "model": self._vocoder.state_dict(),
            "critics": self._critics.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "critic_optimizer": self._critic_optimizer.state_dict(),
            "n_steps": self._n_steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._vocoder.load_state_dict(state["model"])
        self._critics.load_state_dict(state["critics"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._critic_optimizer.load_state_dict(state["critic_optimizer"])
        self._n_steps = state["n_steps"]

    def _sounds(
        self, pairs: list[tuple[Utterance, Array]], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return pieces of words as recorded and as made, shape (n, _SEGMENT * HOP) each."""
        real, envelopes, semitones, voicing = [], [], [], []
        for utterance, made in pairs:
            first = int(rng.integers(utterance.recording.n_frames - _SEGMENT + 1))
            part = slice(first, first + _SEGMENT)
            features = utterance.features
            envelope = made if rng.random() < _MADE else features.envelope
            samples = self._corpus.samples(utterance.recording)
            real.append(samples[first * HOP : (first + _SEGMENT) * HOP])
            envelopes.append(envelope[part])
            semitones.append(features.semitones[part])
            voicing.append(features.voicing[part])
        curve = np.stack(semitones)
        source = harmonic_excitation(curve, rng.uniform(-np.pi, np.pi))
        noise = rng.standard_normal(source.shape, np.float32)
        arrays = (np.stack(envelopes), curve, np.stack(voicing), source, noise)
        return torch.from_numpy(np.stack(real)), self._vocoder(*map(torch.from_numpy, arrays))

    def _deceit(self, real: Tensor, made: Tensor, rate: float) -> dict[str, Tensor]:
        """Teach the critics, and return both their loss and the vocoder's."""
        pictures = [
            tuple((stft_magnitude(samples, window, hop) + 1e-3).log() for samples in (real, made))
            for window, hop in _CRITIC_SPECTRA
        ]
        pairs = list(zip(self._critics, pictures, strict=True))
        doubt = torch.stack([discriminator_loss(c(r), c(m.detach())) for c, (r, m) in pairs]).mean()
        for group in self._critic_optimizer.param_groups:
            group["lr"] = _CRITIC_RATE * rate
        self._critic_optimizer.zero_grad()
        doubt.backward()  # type: ignore[no-untyped-call]
        self._critic_optimizer.step()
        self._critics.requires_grad_(False)
        deceit = torch.stack([adversarial_loss(c(r), c(m)) for c, (r, m) in pairs]).mean()
        self._critics.requires_grad_(True)
        return {"critic": doubt.detach(), "deceit": deceit}
