"""Learning the envelope: at first near the real one, then also such that a critic is deceived.

A distance alone is least for the mean of all ways to say a thing, which sounds muffled.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..features import N_BANDS
from ..networks import AcousticModel
from .batches import FASTEST, SLOWEST, FrameBatch, frame_batch, word_batch
from .losses import PatchDiscriminator, adversarial_loss, discriminator_loss
from .preparation import Utterance

_BATCH = 16
_NEIGHBOURS = 160  # by length, so that little is padded
_RATE, _CRITIC_RATE = 1.5e-3, 4e-4
_CRITIC_FROM = 0.5  # of the stage
_DECEIT = 0.12
_PACED = 0.5  # share of words at another pace


class AcousticTrainer:
    """Trains an acoustic model on words.

    Args:
        model: The model; learns the envelope's mean and deviation first.
        utterances: All of the speaker's.
    """

    def __init__(self, model: AcousticModel, utterances: list[Utterance]) -> None:
        self._model = model
        self._critic = PatchDiscriminator()
        self._optimizer = torch.optim.AdamW(model.parameters(), _RATE, betas=(0.9, 0.98))
        self._critic_optimizer = torch.optim.AdamW(
            self._critic.parameters(), _CRITIC_RATE, betas=(0.8, 0.99)
        )
        by_length = sorted(utterances, key=lambda u: u.recording.n_frames)
        self._learnt = [u for u in by_length if not u.recording.held_out]
        self._held_out = [u for u in by_length if u.recording.held_out]
        self._n_steps = 0
        frames = np.concatenate([u.features.envelope for u in self._learnt[::10]])
        model.mean.copy_(torch.from_numpy(frames.mean(0)))
        model.deviation.copy_(torch.from_numpy(frames.std(0) + 0.1))

    def step(self, progress: float, rate: float) -> dict[str, float]:
        rng = np.random.default_rng((2, self._n_steps))
        self._n_steps += 1
        anchor = int(rng.integers(len(self._learnt)))
        first = max(0, min(anchor - _NEIGHBOURS // 2, len(self._learnt) - _NEIGHBOURS))
        near = self._learnt[first : first + _NEIGHBOURS]
        chosen = [near[i] for i in rng.choice(len(near), min(_BATCH, len(near)), replace=False)]
        paces = np.exp(rng.uniform(np.log(FASTEST), np.log(SLOWEST), len(chosen)))
        paces = np.where(rng.random(len(chosen)) < _PACED, paces, 1.0)
        self._model.train()
        frames, made, losses = self._losses(chosen, paces)
        loss = losses["envelope"] + 0.5 * losses["change"] + 0.2 * losses["voicing"]
        if progress >= _CRITIC_FROM:
            losses |= self._deceit(frames, made, rate)
            loss = loss + _DECEIT * losses["deceit"]
        for group in self._optimizer.param_groups:
            group["lr"] = _RATE * rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    def evaluate(self) -> dict[str, float]:
        self._model.eval()
        with torch.no_grad():
            losses = self._losses(self._held_out, np.ones(len(self._held_out)))[2]
        return {name: value.item() for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        return {
            "model": self._model.state_dict(),
            "critic": self._critic.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "critic_optimizer": self._critic_optimizer.state_dict(),
            "n_steps": self._n_steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._critic.load_state_dict(state["critic"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._critic_optimizer.load_state_dict(state["critic_optimizer"])
        self._n_steps = state["n_steps"]

    def _losses(
        self, utterances: list[Utterance], paces: NDArray[np.float64]
    ) -> tuple[FrameBatch, Tensor, dict[str, Tensor]]:
        """Return the real frames, the made envelope and the losses."""
        frames = frame_batch(utterances, paces)
        start = self._model.frames(word_batch(utterances), frames.owner, frames.facts)
        made, logits = self._model.decode(start, frames.mask)
        real = (frames.envelope - self._model.mean) / self._model.deviation
        error = (made - real) * frames.mask
        n_values = frames.mask.sum() * N_BANDS
        voicing = nn.functional.binary_cross_entropy_with_logits(
            logits, frames.voicing, reduction="none"
        )
        losses = {
            "envelope": error.abs().sum() / n_values,
            "change": (error[:, 1:] - error[:, :-1]).abs().sum() / n_values,
            "voicing": (voicing * frames.mask[..., 0]).sum() / frames.mask.sum(),
        }
        return frames, made, losses

    def _deceit(self, frames: FrameBatch, made: Tensor, rate: float) -> dict[str, Tensor]:
        """Teach the critic, and return both its loss and the model's."""
        shortest = int(frames.mask.sum(1).min())
        real = (frames.envelope - self._model.mean) / self._model.deviation
        real_picture = real[:, :shortest].transpose(1, 2)
        made_picture = made[:, :shortest].transpose(1, 2)
        doubt = discriminator_loss(self._critic(real_picture), self._critic(made_picture.detach()))
        for group in self._critic_optimizer.param_groups:
            group["lr"] = _CRITIC_RATE * rate
        self._critic_optimizer.zero_grad()
        doubt.backward()  # type: ignore[no-untyped-call]
        self._critic_optimizer.step()
        self._critic.requires_grad_(False)
        deceit = adversarial_loss(self._critic(real_picture), self._critic(made_picture))
        self._critic.requires_grad_(True)
        return {"critic": doubt.detach(), "deceit": deceit}
