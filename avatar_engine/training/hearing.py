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

from ..coarticulation import VISEMES
from ..rehearsal.lines import Line
from ..rehearsal.mixture import Mixtures, mixtures
from ..wav2lip import weights
from ..wav2lip.expert import Expert384
from ..wav2lip.generator import Wav2Lip384
from ..wav2lip.mel import FPS, GENERATOR_LEAD, SAMPLE_RATE, SILENCE, Mel, melspectrogram, windows
from .settings import SPAN

BATCH = 64
RATE = 1e-3
HELD_OUT = 20  # one line in so many is only tested with
_GAIN = 0.6  # mel units, 12.5 dB each, by which a sound is made louder or softer at most
_TILT = 0.5  # mel units between the lowest and the highest band
_FLOOR = (SILENCE, -2.2)  # under which a noise covers everything
_TESTED = 4000  # windows


@dataclass(frozen=True, slots=True)
class Heard:
    """How well an encoder names the mouths of lines it was not taught."""

    named: float
    """Share of frames whose leading viseme is the right one."""
    error: float
    """Mean absolute error of the shares of all visemes."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    mel: Mel
    mouths: Mixtures


def teach(
    network: Wav2Lip384 | Expert384,
    lines: Iterator[Line],
    minutes: float,
    steps: int,
    seed: int,
    told: Callable[[int, float], None],
) -> Heard:
    """Teach the audio encoder of a network; the rest of it stays as it is.

    Args:
        network: The generator's encoder learns the mouth of one frame, the expert's those of
            the five that its window lasts.
        lines: Of which so many ``minutes`` are taken.
        steps: Of 64 windows.
        told: Receives the number of steps done and the mean of the last losses.
    """
    lead, n_frames = (GENERATOR_LEAD, 1) if isinstance(network, Wav2Lip384) else (0, SPAN)
    lessons = _lessons(lines, minutes)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    tested, taught = lessons[::HELD_OUT], [x for i, x in enumerate(lessons) if i % HELD_OUT]
    encoder = network.audio_encoder
    size = encoder(torch.zeros(2, 1, 80, 16)).shape[1]
    mouth = nn.Linear(size, n_frames * len(VISEMES))
    learnt = [*encoder.parameters(), *mouth.parameters()]
    optimizer = torch.optim.AdamW(learnt, RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    encoder.train()
    mean = 0.0
    for step in range(steps):
        mels, due = _draw(taught, rng, BATCH, lead, n_frames)
        loss = _loss(_shares(encoder, mouth, _disturbed(mels, rng), n_frames), due)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        mean += (loss.item() - mean) / min(step + 1, 100)
        told(step + 1, mean)
    encoder.eval()
    mels, due = _draw(tested, np.random.default_rng(0), _TESTED, lead, n_frames)
    with torch.inference_mode():
        shares = _shares(encoder, mouth, torch.from_numpy(mels), n_frames).softmax(-1)
    named = (shares.argmax(-1) == due.argmax(-1)).float().mean().item()
    return Heard(named, (shares - due).abs().mean().item())


def save(network: Wav2Lip384 | Expert384, out: Path) -> None:
    """Write the whole network: the setting ``start`` of a training run takes it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.save(network, out)


def _lessons(lines: Iterator[Line], minutes: float) -> list[_Lesson]:
    made, seconds = [], 0.0
    while seconds < minutes * 60:
        line = next(lines)
        seconds += line.seconds
        mouths = mixtures(line.phonemes, line.samples, SAMPLE_RATE, FPS)
        made.append(_Lesson(melspectrogram(line.samples), mouths))
    return made


def _draw(
    lessons: Sequence[_Lesson], rng: np.random.Generator, n: int, lead: int, n_frames: int
) -> tuple[NDArray[np.float32], Tensor]:
    """Mel windows (n, 1, 80, 16) and the mouths that belong to them (n, n_frames, 15)."""
    mels, due = [], []
    for index in rng.integers(len(lessons), size=n):
        lesson = lessons[index]
        frame = int(rng.integers(len(lesson.mouths) - n_frames + 1))
        mels.append(windows(lesson.mel, [frame - lead]))
        due.append(lesson.mouths[frame : frame + n_frames])
    return np.concatenate(mels), torch.from_numpy(np.stack(due))


def _disturbed(mels: NDArray[np.float32], rng: np.random.Generator) -> Tensor:
    """The same in other rooms: louder or softer, darker or brighter, over a noise or none."""
    n, bands = len(mels), mels.shape[2]
    moved = mels + rng.uniform(-_GAIN, _GAIN, (n, 1, 1, 1))
    moved += rng.uniform(-_TILT, _TILT, (n, 1, 1, 1)) * np.linspace(-0.5, 0.5, bands)[:, None]
    noise = rng.uniform(*_FLOOR, (n, 1, 1, 1)) + rng.normal(0, 0.1, mels.shape)
    noisy = rng.random((n, 1, 1, 1)) < 0.5
    heard = np.where(noisy, np.maximum(moved, noise), np.where(mels > SILENCE, moved, SILENCE))
    return torch.from_numpy(np.clip(heard, SILENCE, -SILENCE).astype(np.float32))


def _shares(encoder: nn.Module, mouth: nn.Module, mels: Tensor, n_frames: int) -> Tensor:
    """Logits (n, n_frames, 15)."""
    logits: Tensor = mouth(encoder(mels).flatten(1))
    return logits.view(len(mels), n_frames, len(VISEMES))


def _loss(logits: Tensor, due: Tensor) -> Tensor:
    """Cross-entropy with shares for labels."""
    return -(due * logits.log_softmax(-1)).sum(-1).mean()
