"""Ears first: an audio encoder learns from speech alone which mouths it hears.

What a network must learn from pictures is dear: a step of the generator costs a hundred
times what its audio encoder does. But when lines are made (``rehearsal.lines``), it is
known which mouth belongs to each moment, without a picture being drawn. So the encoder is
taught to name the mouth, from hours of speech in minutes, and training begins with it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..viseme.coarticulation import VISEMES
from ..wav2lip import weights
from ..wav2lip.discriminators import SyncExpert384
from ..wav2lip.mel import (
    FPS,
    GENERATOR_LEAD,
    SAMPLE_RATE,
    SILENCE,
    Mel,
    mel_windows,
    melspectrogram,
)
from ..wav2lip.model import Wav2Lip384
from .settings import MEL_WINDOW_FRAMES
from .synthetic.mouth_shapes import VisemeWeights, viseme_weights
from .synthetic.utterances import SyntheticUtterance

BATCH_SIZE = 64
LEARNING_RATE = 1e-3
HELD_OUT_EVERY = 20  # one line in so many is only tested with
_MAX_GAIN = 0.6  # mel units, 12.5 dB each, by which a sound is made louder or softer at most
_MAX_TILT = 0.5  # mel units between the lowest and the highest band
_NOISE_FLOOR = (SILENCE, -2.2)  # under which a noise covers everything
_TEST_WINDOWS = 4000  # windows


@dataclass(frozen=True, slots=True)
class VisemeAccuracy:
    """How well an encoder names the mouths of lines it was not taught."""

    named: float
    """Share of frames whose leading viseme is the right one."""
    error: float
    """Mean absolute error of the shares of all visemes."""


@dataclass(frozen=True, slots=True)
class _LabelledUtterance:
    mel: Mel
    mouths: VisemeWeights


def pretrain_audio_encoder(
    network: Wav2Lip384 | SyncExpert384,
    lines: Iterator[SyntheticUtterance],
    minutes: float,
    steps: int,
    seed: int,
    told: Callable[[int, float], None],
) -> VisemeAccuracy:
    """Teach the audio encoder of a network; the rest of it stays as it is.

    Args:
        network: The generator's encoder learns the mouth of one frame, the expert's those of
            the five that its window lasts.
        lines: Of which so many ``minutes`` are taken.
        steps: Of 64 windows.
        told: Receives the number of steps done and the mean of the last losses.
    """
    lead, n_frames = (
        (GENERATOR_LEAD, 1) if isinstance(network, Wav2Lip384) else (0, MEL_WINDOW_FRAMES)
    )
    lessons = _label_utterances(lines, minutes)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    tested, taught = (
        lessons[::HELD_OUT_EVERY],
        [x for i, x in enumerate(lessons) if i % HELD_OUT_EVERY],
    )
    encoder = network.audio_encoder
    size = encoder(torch.zeros(2, 1, 80, 16)).shape[1]
    mouth = nn.Linear(size, n_frames * len(VISEMES))
    learnt = [*encoder.parameters(), *mouth.parameters()]
    optimizer = torch.optim.AdamW(learnt, LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.1)
    encoder.train()
    mean = 0.0
    for step in range(steps):
        mels, due = _sample_windows(taught, rng, BATCH_SIZE, lead, n_frames)
        loss = _soft_cross_entropy(
            _viseme_logits(encoder, mouth, _augment_mels(mels, rng), n_frames), due
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        mean += (loss.item() - mean) / min(step + 1, 100)
        told(step + 1, mean)
    encoder.eval()
    mels, due = _sample_windows(tested, np.random.default_rng(0), _TEST_WINDOWS, lead, n_frames)
    with torch.inference_mode():
        shares = _viseme_logits(encoder, mouth, torch.from_numpy(mels), n_frames).softmax(-1)
    named = (shares.argmax(-1) == due.argmax(-1)).float().mean().item()
    return VisemeAccuracy(named, (shares - due).abs().mean().item())


def save_pretrained(network: Wav2Lip384 | SyncExpert384, out: Path) -> None:
    """Write the whole network: the setting ``start`` of a training run takes it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.save_weights(network, out)


def _label_utterances(
    lines: Iterator[SyntheticUtterance], minutes: float
) -> list[_LabelledUtterance]:
    made, seconds = [], 0.0
    while seconds < minutes * 60:
        line = next(lines)
        seconds += line.seconds
        mouths = viseme_weights(line.phonemes, line.samples, SAMPLE_RATE, FPS)
        made.append(_LabelledUtterance(melspectrogram(line.samples), mouths))
    return made


def _sample_windows(
    lessons: Sequence[_LabelledUtterance],
    rng: np.random.Generator,
    n: int,
    lead: int,
    n_frames: int,
) -> tuple[NDArray[np.float32], Tensor]:
    """Mel windows (n, 1, 80, 16) and the mouths that belong to them (n, n_frames, 15)."""
    mels, due = [], []
    for index in rng.integers(len(lessons), size=n):
        lesson = lessons[index]
        frame = int(rng.integers(len(lesson.mouths) - n_frames + 1))
        mels.append(mel_windows(lesson.mel, [frame - lead]))
        due.append(lesson.mouths[frame : frame + n_frames])
    return np.concatenate(mels), torch.from_numpy(np.stack(due))


def _augment_mels(mels: NDArray[np.float32], rng: np.random.Generator) -> Tensor:
    """The same in other rooms: louder or softer, darker or brighter, over a noise or none."""
    n, bands = len(mels), mels.shape[2]
    moved = mels + rng.uniform(-_MAX_GAIN, _MAX_GAIN, (n, 1, 1, 1))
    moved += (
        rng.uniform(-_MAX_TILT, _MAX_TILT, (n, 1, 1, 1)) * np.linspace(-0.5, 0.5, bands)[:, None]
    )
    noise = rng.uniform(*_NOISE_FLOOR, (n, 1, 1, 1)) + rng.normal(0, 0.1, mels.shape)
    noisy = rng.random((n, 1, 1, 1)) < 0.5
    heard = np.where(noisy, np.maximum(moved, noise), np.where(mels > SILENCE, moved, SILENCE))
    return torch.from_numpy(np.clip(heard, SILENCE, -SILENCE).astype(np.float32))


def _viseme_logits(encoder: nn.Module, mouth: nn.Module, mels: Tensor, n_frames: int) -> Tensor:
    """Logits (n, n_frames, 15)."""
    logits: Tensor = mouth(encoder(mels).flatten(1))
    return logits.view(len(mels), n_frames, len(VISEMES))


def _soft_cross_entropy(logits: Tensor, due: Tensor) -> Tensor:
    """Cross-entropy with shares for labels."""
    return -(due * logits.log_softmax(-1)).sum(-1).mean()
