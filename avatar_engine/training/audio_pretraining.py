"""Pretraining of the audio encoder: visemes from mel windows, without pictures.

A step of the generator costs a hundred times what its audio encoder does. But of an utterance
made by a voice with known phonemes (``synthetic.utterances``) the viseme of every frame is
known without a picture being drawn. So the encoder learns to classify the viseme from hours of
speech, in minutes, and training of the whole network begins with it.

This does not use ``loop.TrainingLoop``: it is over in minutes, so it needs no checkpoints, and has
no clips, whose domains that loop validates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

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

BATCH_SIZE = 64  # mel windows
LEARNING_RATE = 1e-3
HELD_OUT_EVERY = 20  # every 20th utterance is kept for testing
_MAX_GAIN = 0.6  # mel units of 12.5 dB each; the most by which a window becomes louder or softer
_MAX_TILT = 0.5  # mel units between the lowest and the highest band
_NOISE_FLOOR = (SILENCE, -2.2)  # mel units; range of the level of noise that is mixed in
_MAX_TEST_WINDOWS = 4000


@dataclass(frozen=True, slots=True)
class VisemeAccuracy:
    """How well an encoder classifies the visemes of utterances that it was not trained on."""

    named: float
    """Share of frames whose leading viseme is the right one, 0 to 1."""
    error: float
    """Mean absolute error of the weights of all visemes, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _LabelledUtterance:
    mel: Mel
    visemes: VisemeWeights


def pretrain_audio_encoder(
    network: Wav2Lip384 | SyncExpert384,
    utterances: Iterator[SyntheticUtterance],
    minutes: float,
    steps: int,
    seed: int,
    report: Callable[[int, float], None],
) -> VisemeAccuracy:
    """Train the audio encoder of a network; the rest of the network stays as it is.

    Args:
        network: The generator's encoder learns the visemes of one frame, the expert's those of
            the five frames that its window lasts.
        utterances: Taken until they last ``minutes``.
        minutes: Of speech.
        steps: Optimizer steps of 64 mel windows each.
        seed: Of the initial weights of the classifier, the sampling and the augmentation.
        report: Receives the number of steps done and the mean loss of the last 100.
    """
    is_generator = isinstance(network, Wav2Lip384)
    lead, n_frames = (GENERATOR_LEAD, 1) if is_generator else (0, MEL_WINDOW_FRAMES)
    labelled = _label_utterances(utterances, minutes)
    held_out = labelled[::HELD_OUT_EVERY]
    training = [one for i, one in enumerate(labelled) if i % HELD_OUT_EVERY]
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    encoder = network.audio_encoder
    n_channels = encoder(torch.zeros(2, 1, 80, 16)).shape[1]
    classifier = nn.Linear(n_channels, n_frames * len(VISEMES))
    parameters = [*encoder.parameters(), *classifier.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.1)
    encoder.train()
    mean_loss = 0.0
    for step in range(steps):
        places = _sample_places(training, rng, BATCH_SIZE, n_frames)
        mels, visemes = _windows_at(places, lead, n_frames)
        logits = _viseme_logits(encoder, classifier, _augment_mels(mels, rng), n_frames)
        loss = cross_entropy(logits.flatten(0, 1), visemes.flatten(0, 1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        mean_loss += (loss.item() - mean_loss) / min(step + 1, 100)
        report(step + 1, mean_loss)
    encoder.eval()
    return _measure(encoder, classifier, held_out, lead, n_frames)


def save_pretrained(network: Wav2Lip384 | SyncExpert384, out: Path) -> None:
    """Write the whole network: the setting ``start`` of a training run takes it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.save_weights(network, out)


def _label_utterances(
    utterances: Iterator[SyntheticUtterance], minutes: float
) -> list[_LabelledUtterance]:
    labelled, seconds = [], 0.0
    while seconds < minutes * 60:
        utterance = next(utterances)
        seconds += utterance.seconds
        visemes = viseme_weights(utterance.phonemes, utterance.samples, SAMPLE_RATE, FPS)
        labelled.append(_LabelledUtterance(melspectrogram(utterance.samples), visemes))
    return labelled


_Places = Sequence[tuple[_LabelledUtterance, int]]
"""Utterances, and the first frame of a window in each."""


def _sample_places(
    labelled: Sequence[_LabelledUtterance], rng: np.random.Generator, n: int, n_frames: int
) -> _Places:
    chosen = (labelled[index] for index in rng.integers(len(labelled), size=n))
    return [(one, int(rng.integers(len(one.visemes) - n_frames + 1))) for one in chosen]


def _windows_at(places: _Places, lead: int, n_frames: int) -> tuple[NDArray[np.float32], Tensor]:
    """Mel windows (n, 1, 80, 16), and the viseme weights of their frames (n, n_frames, 15)."""
    mels = [mel_windows(one.mel, [frame - lead]) for one, frame in places]
    visemes = [one.visemes[frame : frame + n_frames] for one, frame in places]
    return np.concatenate(mels), torch.from_numpy(np.stack(visemes))


def _measure(
    encoder: nn.Module,
    classifier: nn.Module,
    held_out: Sequence[_LabelledUtterance],
    lead: int,
    n_frames: int,
) -> VisemeAccuracy:
    """On every window of the held-out utterances, or on 4,000 of them."""
    places: _Places = [
        (one, frame) for one in held_out for frame in range(len(one.visemes) - n_frames + 1)
    ]
    if len(places) > _MAX_TEST_WINDOWS:
        chosen = np.random.default_rng(0).choice(len(places), _MAX_TEST_WINDOWS, replace=False)
        places = [places[i] for i in chosen]
    mels, visemes = _windows_at(places, lead, n_frames)
    with torch.inference_mode():
        found = _viseme_logits(encoder, classifier, torch.from_numpy(mels), n_frames).softmax(-1)
    named = (found.argmax(-1) == visemes.argmax(-1)).float().mean().item()
    return VisemeAccuracy(named, (found - visemes).abs().mean().item())


def _augment_mels(mels: NDArray[np.float32], rng: np.random.Generator) -> Tensor:
    """As other rooms and microphones give it: level and tilt changed, half of them noisy."""
    n, bands = len(mels), mels.shape[2]
    gain = rng.uniform(-_MAX_GAIN, _MAX_GAIN, (n, 1, 1, 1))
    tilt = rng.uniform(-_MAX_TILT, _MAX_TILT, (n, 1, 1, 1)) * np.linspace(-0.5, 0.5, bands)[:, None]
    changed = mels + gain + tilt
    noise = rng.uniform(*_NOISE_FLOOR, (n, 1, 1, 1)) + rng.normal(0, 0.1, mels.shape)
    is_noisy = rng.random((n, 1, 1, 1)) < 0.5
    quiet = np.where(mels > SILENCE, changed, SILENCE)  # silence stays silent at any gain
    augmented = np.where(is_noisy, np.maximum(changed, noise), quiet)
    return torch.from_numpy(np.clip(augmented, SILENCE, -SILENCE).astype(np.float32))


def _viseme_logits(
    encoder: nn.Module, classifier: nn.Module, mels: Tensor, n_frames: int
) -> Tensor:
    """(n, n_frames, 15)."""
    logits: Tensor = classifier(encoder(mels).flatten(1))
    return logits.view(len(mels), n_frames, len(VISEMES))
