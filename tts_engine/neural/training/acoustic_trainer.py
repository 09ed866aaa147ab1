"""Training of the acoustic model: an L1 loss, and in the second half an adversarial loss too.

The L1 loss alone is least for the mean of all ways to say something, which sounds muffled: the
discriminator tells such an average from a recording.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..features import N_BANDS
from ..networks import AcousticModel
from .batches import FASTEST, SLOWEST, FrameBatch, frame_batch, utterance_phones
from .losses import PatchDiscriminator, adversarial_loss, discriminator_loss
from .preparation import Utterance

_BATCH_SIZE = 12  # parts of sentences
_SEGMENT = 128  # frames
_LEARNING_RATE, _DISCRIMINATOR_LEARNING_RATE = 1.5e-3, 4e-4
_ADVERSARIAL_START = 0.5  # part of the stage after which the adversarial loss has weight
_ADVERSARIAL_WEIGHT = 0.12  # next to 1 for the L1 loss of the envelope
_STRETCHED_SHARE = 0.3  # share of sentences whose durations are changed


class AcousticTrainer:
    """Trains an acoustic model on parts of sentences.

    Args:
        model: The model; learns the envelope's mean and deviation first.
        utterances: All of the speaker's.
    """

    def __init__(self, model: AcousticModel, utterances: list[Utterance]) -> None:
        self._model = model
        self._discriminator = PatchDiscriminator()
        self._optimizer = torch.optim.AdamW(model.parameters(), _LEARNING_RATE, betas=(0.9, 0.98))
        self._discriminator_optimizer = torch.optim.AdamW(
            self._discriminator.parameters(), _DISCRIMINATOR_LEARNING_RATE, betas=(0.8, 0.99)
        )
        self._training = [u for u in utterances if not u.recording.held_out]
        self._held_out = [u for u in utterances if u.recording.held_out]
        self._n_steps = 0
        frames = np.concatenate([u.features.envelope for u in self._training[::10]])
        model.mean.copy_(torch.from_numpy(frames.mean(0)))
        model.deviation.copy_(torch.from_numpy(frames.std(0) + 0.1))

    def step(self, progress: float, rate: float) -> dict[str, float]:
        rng = np.random.default_rng((2, self._n_steps))
        self._n_steps += 1
        chosen = [
            self._training[i]
            for i in rng.choice(
                len(self._training), min(_BATCH_SIZE, len(self._training)), replace=False
            )
        ]
        paces = np.exp(rng.uniform(np.log(FASTEST), np.log(SLOWEST), len(chosen)))
        paces = np.where(rng.random(len(chosen)) < _STRETCHED_SHARE, paces, 1.0)
        self._model.train()
        frames, predicted, losses = self._losses(chosen, paces, rng)
        loss = losses["envelope"] + 0.5 * losses["change"] + 0.2 * losses["voicing"]
        if progress >= _ADVERSARIAL_START:
            losses |= self._adversarial_losses(frames, predicted, rate)
            loss = loss + _ADVERSARIAL_WEIGHT * losses["adversarial"]
        for group in self._optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * rate
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
        return {  # the keys of checkpoints since 0.1, so that old ones can be gone on from
            "model": self._model.state_dict(),
            "critic": self._discriminator.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "critic_optimizer": self._discriminator_optimizer.state_dict(),
            "n_steps": self._n_steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._discriminator.load_state_dict(state["critic"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._discriminator_optimizer.load_state_dict(state["critic_optimizer"])
        self._n_steps = state["n_steps"]

    def _losses(
        self,
        utterances: list[Utterance],
        paces: NDArray[np.float64],
        rng: np.random.Generator | None = None,
    ) -> tuple[FrameBatch, Tensor, dict[str, Tensor]]:
        """The recorded frames, the predicted envelope in deviations from its mean, and the losses.

        The envelope is of shape (n, n_frames, N_BANDS).
        """
        frames = frame_batch(utterances, paces, rng, _SEGMENT)
        start = self._model.frames(utterance_phones(utterances), frames.owner, frames.facts)
        predicted, logits = self._model.decode(start, frames.mask)
        real = (frames.envelope - self._model.mean) / self._model.deviation
        error = (predicted - real) * frames.mask
        n_values = frames.mask.sum() * N_BANDS
        voicing = nn.functional.binary_cross_entropy_with_logits(
            logits, frames.voicing, reduction="none"
        )
        losses = {
            "envelope": error.abs().sum() / n_values,
            "change": (error[:, 1:] - error[:, :-1]).abs().sum() / n_values,
            "voicing": (voicing * frames.mask[..., 0]).sum() / frames.mask.sum(),
        }
        return frames, predicted, losses

    def _adversarial_losses(
        self, frames: FrameBatch, predicted: Tensor, rate: float
    ) -> dict[str, Tensor]:
        """Train the discriminator one step; its loss, and the model's adversarial loss.

        Only frames up to the end of the shortest part are compared: no padding is judged.
        """
        shortest = int(frames.mask.sum(1).min())
        real = (frames.envelope - self._model.mean) / self._model.deviation
        real_patch_input = real[:, :shortest].transpose(1, 2)
        predicted_patch_input = predicted[:, :shortest].transpose(1, 2)
        own_loss = discriminator_loss(
            self._discriminator(real_patch_input),
            self._discriminator(predicted_patch_input.detach()),
        )
        for group in self._discriminator_optimizer.param_groups:
            group["lr"] = _DISCRIMINATOR_LEARNING_RATE * rate
        self._discriminator_optimizer.zero_grad()
        own_loss.backward()  # type: ignore[no-untyped-call]
        self._discriminator_optimizer.step()
        self._discriminator.requires_grad_(False)
        adversarial = adversarial_loss(
            self._discriminator(real_patch_input), self._discriminator(predicted_patch_input)
        )
        self._discriminator.requires_grad_(True)
        return {"discriminator": own_loss.detach(), "adversarial": adversarial}
