"""Training of the prosody model: durations, pauses and pitch contours, with L1 losses."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..networks import N_PITCH_POINTS
from ..sentence_prosody import SentenceProsodyModel, sentence_batch
from .preparation import Utterance

_BATCH_SIZE = 24  # sentences
_LEARNING_RATE = 2e-3


class ProsodyTrainer:
    """Trains a prosody model on sentences.

    Args:
        model: The model.
        utterances: All of the speaker's.
    """

    def __init__(self, model: SentenceProsodyModel, utterances: list[Utterance]) -> None:
        self._model = model
        self._optimizer = torch.optim.AdamW(model.parameters(), _LEARNING_RATE, weight_decay=0.05)
        self._training = [u for u in utterances if not u.recording.held_out]
        self._held_out = [u for u in utterances if u.recording.held_out]
        self._n_steps = 0

    def step(self, progress: float, rate: float) -> dict[str, float]:
        rng = np.random.default_rng((1, self._n_steps))
        self._n_steps += 1
        chosen = rng.choice(
            len(self._training), min(_BATCH_SIZE, len(self._training)), replace=False
        )
        self._model.train()
        duration, pitch = self._losses([self._training[i] for i in chosen])
        for group in self._optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * rate
        self._optimizer.zero_grad()
        (duration + pitch / 2).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        return {"log_duration": duration.item(), "pitch_st": pitch.item()}

    def evaluate(self) -> dict[str, float]:
        self._model.eval()
        with torch.no_grad():
            duration, pitch = self._losses(self._held_out)
        return {"log_duration": duration.item(), "pitch_st": pitch.item()}

    def state(self) -> dict[str, Any]:
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "n_steps": self._n_steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._n_steps = state["n_steps"]

    def _losses(self, utterances: list[Utterance]) -> tuple[Tensor, Tensor]:
        """Return the mean errors of log duration and of pitch in semitones."""
        found, contours = self._model(sentence_batch([u.sentence for u in utterances]))
        durations = _pad([torch.from_numpy(u.durations.astype(np.float32)) for u in utterances])
        # The pauses at the ends are as long as somebody cut them.
        inside = _pad([_inside(len(u.durations)) for u in utterances])
        error = (found - durations.log1p()).abs()
        duration = (error * inside).sum() / inside.sum()
        targets, weights = map(_pad, zip(*map(_contours, utterances), strict=True))
        pitch = ((contours - targets).abs() * weights).sum() / weights.sum().clamp_min(1)
        return duration, pitch


def _pad(parts: Any) -> Tensor:
    return pad_sequence(list(parts), batch_first=True)


def _inside(n_phones: int) -> Tensor:
    inside = torch.ones(n_phones)
    inside[[0, -1]] = 0
    return inside


def _contours(utterance: Utterance) -> tuple[Tensor, Tensor]:
    """Each phone's pitch contour, and 1 where it is known, (n_phones, N_PITCH_POINTS) each."""
    features = utterance.features
    ends = np.cumsum(utterance.durations)
    part = (np.arange(N_PITCH_POINTS) + 0.5) / N_PITCH_POINTS
    place = (ends - utterance.durations)[:, None] + part * utterance.durations[:, None] - 0.5
    place = np.clip(place, 0, len(features.semitones) - 1)
    frames = np.arange(len(features.semitones))
    contour = np.interp(place, frames, features.semitones)
    known = features.voicing[np.round(place).astype(np.intp)]
    known = known * np.array([[phone.is_final] for phone in utterance.sentence.phones])
    return torch.from_numpy(contour).float(), torch.from_numpy(known).float()
