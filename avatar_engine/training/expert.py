"""Training of the lip-sync expert (a SyncNet), and how well it tells pairs in sync from others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from ..wav2lip.discriminators import SyncExpert384, sync_loss, sync_probability
from . import device, low_resolution
from .data import BatchPrefetcher, ClipSampler, Sample, TrainingClip, TrainingData
from .samples import (
    choose_validation_pairs,
    expert_training_pair,
    expert_validation_pair,
    low_resolution_pairs,
)
from .settings import ExpertSettings, TrainingError
from .task import RunProgress, TrainableNetwork, TrainingLosses, ValidationScores

DEFAULT_THRESHOLD = 0.5  # the threshold that training itself has

Scores = NDArray[np.float64]
SyncLabels = NDArray[np.bool_]


def balanced_accuracy(cosines: Scores, in_sync: SyncLabels, threshold: float) -> float:
    """Balanced accuracy, 0 to 1: the mean of the accuracies on pairs in sync and on others."""
    accepted = cosines > threshold
    return float((accepted[in_sync].mean() + (~accepted[~in_sync]).mean()) / 2)


def best_threshold(cosines: Scores, in_sync: SyncLabels) -> float:
    """The threshold with the best balanced accuracy on these pairs."""
    values = np.unique(cosines)
    tried = np.concatenate([(values[1:] + values[:-1]) / 2, [DEFAULT_THRESHOLD]])
    return float(max(tried, key=lambda threshold: balanced_accuracy(cosines, in_sync, threshold)))


if TYPE_CHECKING:
    from accelerate import Accelerator

TEMPERATURE = (
    0.05  # of the contrastive loss; cosines of a pretrained audio encoder lie close together
)
TRAINING_DOMAIN = ""  # stands for a domain's name: the pairs that the threshold is chosen on

ValidationPair = tuple[str, TrainingClip, int, int]
"""Domain, clip, and where sound and lips begin."""


class ExpertTask:
    """The expert's ``LipsyncTask``.

    Raises:
        LipSyncWeightsError, TrainingError: The weights to start with do not fit.
    """

    kind = "expert"
    losses = ["coarse", "eyes", "sync"]  # noqa: RUF012
    figures = ["accuracy", "accuracy_at_half", "auroc", "threshold"]  # noqa: RUF012

    def __init__(
        self, settings: ExpertSettings, data: TrainingData, accelerator: "Accelerator"
    ) -> None:
        self._settings, self._accelerator = settings, accelerator
        self._device = accelerator.device
        for name in ("eyes_steps", "coarse_steps"):
            if getattr(settings, name) and accelerator.num_processes > 1:
                raise TrainingError(f"{name} is for one process; with several, set it to 0")
        torch.manual_seed(settings.seed)
        learner = TrainableNetwork(
            "expert",
            SyncExpert384(settings.width, settings.n_frames),
            accelerator,
            channels_last=settings.channels_last,
            ema=settings.ema,
        )
        if settings.start:
            learner.start(Path(settings.start))
        self.learners = [learner]
        weights = {domain.name: domain.weight for domain in settings.data}
        sampler = ClipSampler(data.training, weights)

        pair = partial(expert_training_pair, sampler, wrong_sounds=settings.wrong_sounds)
        windows = partial(low_resolution_pairs, sampler, count=settings.coarse_sounds)

        def batches(draw: Callable[..., Sample]) -> BatchPrefetcher:
            draw = partial(draw, augment=settings.augment, gain_db=settings.gain_db)
            return BatchPrefetcher(draw, settings.seed, accelerator.process_index, settings.workers)

        self._batches, self._low_resolution_batches = batches(pair), batches(windows)
        if settings.coarse_steps:
            some = self._batches.get(0, settings.batch, settings.n_frames)
            low_resolution.initialize_as_downsampler(
                cast(SyncExpert384, learner.network), self._inputs(some)[1]
            )
            learner.best.load_state_dict(learner.network.state_dict())
        self._pairs = self._validation(TRAINING_DOMAIN, sampler) + [
            pair
            for name, clips in data.held_out.items()
            for pair in self._validation(name, ClipSampler({name: clips}, {name: 1.0}))
        ]

    def step(self, progress: RunProgress, rate: float) -> tuple[TrainingLosses, int]:
        """A batch of pairs, or of small pictures."""
        learner, settings = self.learners[0], self._settings
        network = cast(SyncExpert384, learner.network)
        face_encoder_only = progress.step < settings.eyes_steps
        network.audio_encoder.requires_grad_(not face_encoder_only).train(not face_encoder_only)
        with self._accelerator.autocast():
            if progress.step < settings.coarse_steps:
                name, size = "coarse", settings.coarse_batch
                loss = self._low_resolution_loss(network, progress.step)
            else:
                name, size = "eyes" if face_encoder_only else "sync", settings.batch
                loss = self._loss(progress.step, face_encoder_only=face_encoder_only)
        learner.step(loss, progress.step, rate)
        return {name: loss.detach()}, size * self._accelerator.num_processes

    def _low_resolution_loss(self, network: SyncExpert384, step: int) -> Tensor:
        n_clips = self._settings.coarse_batch // self._settings.coarse_sounds
        batch = self._low_resolution_batches.get(step, n_clips, self._settings.n_frames)
        mels, mouths = self._inputs({**batch, "mouths": np.concatenate(batch["mouths"])})
        sounds = normalize(network.audio_encoder(mels).flatten(1))
        lips = low_resolution.embed_low_resolution(network, mouths)
        sounds, lips = (found.view(n_clips, -1, found.shape[1]) for found in (sounds, lips))
        cosines = (lips @ sounds.mT).float().flatten(0, 1)
        own = torch.arange(lips.shape[1], device=cosines.device).repeat(n_clips)
        return _contrastive_loss(cosines, own)

    def _loss(self, step: int, *, face_encoder_only: bool) -> Tensor:
        batch = self._batches.get(step, self._settings.batch, self._settings.n_frames)
        sounds, lips = self.learners[0].distributed(*self._inputs(batch))
        in_sync = device.to_device(batch["in_sync"], self._device)
        lips = lips.repeat_interleave(in_sync.shape[1], dim=0)
        cosines = sync_probability(sounds, lips).view_as(in_sync)
        if face_encoder_only:
            return _contrastive_loss(cosines, torch.zeros_like(in_sync[:, 0], dtype=torch.long))
        if self._settings.wrong_sounds:  # together they weigh as much as the right one
            return (sync_loss(cosines[:, :1], 1.0) + sync_loss(cosines[:, 1:], 0.0)) / 2
        return sync_loss(cosines, in_sync)

    def validate(self, progress: RunProgress) -> ValidationScores:
        """Balanced accuracy at the threshold that is best in training and at .5, and AUROC."""
        cosines = self._cosines()
        asked = np.array([pair[0] for pair in self._pairs])
        in_sync = np.array([mel_start == start for _, _, mel_start, start in self._pairs])

        def of(name: str) -> tuple[Scores, SyncLabels]:
            return cosines[asked == name], in_sync[asked == name]

        threshold = best_threshold(*of(TRAINING_DOMAIN))
        domains = {
            name: {
                "accuracy": balanced_accuracy(*of(name), threshold),
                "accuracy_at_half": balanced_accuracy(*of(name), DEFAULT_THRESHOLD),
                "auroc": float(roc_auc_score(in_sync[asked == name], cosines[asked == name])),
                "threshold": threshold,
            }
            for name in dict.fromkeys(asked)
            if name != TRAINING_DOMAIN
        }
        mean = float(np.mean([figures["accuracy"] for figures in domains.values()]))
        return ValidationScores(mean, {str(name): figures for name, figures in domains.items()})

    def may_stop(self, progress: RunProgress) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Stop reading ahead."""
        self._batches.close()
        self._low_resolution_batches.close()

    def _validation(self, name: str, sampler: ClipSampler) -> list[ValidationPair]:
        n_frames, count = self._settings.n_frames, self._settings.validation
        return [(name, *pair) for pair in choose_validation_pairs(sampler, n_frames, count, seed=0)]

    @torch.inference_mode()
    def _cosines(self) -> Scores:
        """Of all validation pairs; the processes share them."""
        learner, accelerator = self.learners[0], self._accelerator
        learner.synchronize_buffers()
        network = learner.best.eval()
        mine = range(accelerator.process_index, len(self._pairs), accelerator.num_processes)
        found: list[object] = []
        for first in range(0, len(mine), self._settings.batch):
            some = mine[first : first + self._settings.batch]
            samples = [
                expert_validation_pair(*self._pairs[i][1:], self._settings.n_frames) for i in some
            ]
            batch = {name: np.stack([s[name] for s in samples]) for name in samples[0]}
            with accelerator.autocast():
                values = sync_probability(*network(*self._inputs(batch))).tolist()
            found.extend(zip(some, values, strict=True))
        learner.network.train()
        cosines = np.empty(len(self._pairs))
        for i, value in cast(list[tuple[int, float]], device.gather_results(found, accelerator)):
            cosines[i] = value
        return cosines

    def _inputs(self, batch: Sample) -> tuple[Tensor, Tensor]:
        """Mel windows (B n_sounds, 1, 80, 16), and stacked mouths (B, 3 n_frames, 192, 384)."""
        lips = device.to_float_faces(device.to_device(batch["mouths"], self._device))
        sounds = device.to_device(batch["mels"], self._device).flatten(0, 1)
        return sounds, lips.flatten(1, 2)


def _contrastive_loss(cosines: Tensor, own: Tensor) -> Tensor:
    """InfoNCE (van den Oord et al. 2018) of the own sounds, (B,), among (B, n_sounds) cosines.

    Not how alike a pair is, as in sync_loss, but which is the most alike: lips learn it from
    fewer pictures.
    """
    return cross_entropy(cosines / TEMPERATURE, own)
