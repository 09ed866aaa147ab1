"""Training of the generator with L1, sync and adversarial losses.

As in Wav2Lip's ``wav2lip_train.py`` and ``hq_wav2lip_train.py`` (Prajwal et al., "A Lip Sync Expert
Is All You Need", 2020).
"""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import pad

from ..wav2lip import weights
from ..wav2lip.discriminators import (
    QualityDiscriminator,
    SyncExpert384,
    stack_lower_halves,
    sync_loss,
    sync_probability,
)
from ..wav2lip.model import Wav2Lip384
from . import device
from .data import BatchPrefetcher, ClipSampler, Sample, TrainingClip, TrainingData
from .low_resolution import (
    LowResolutionHook,
    low_resolution_loss,
    low_resolution_lower_half,
    low_resolution_residual,
    project_to_rgb,
)
from .samples import generator_training_windows, generator_window
from .settings import MEL_WINDOW_FRAMES, GeneratorSettings, TrainingError
from .task import RunProgress, TrainableNetwork, TrainingLosses, ValidationScores

if TYPE_CHECKING:
    from accelerate import Accelerator

PLATEAU_RATIO = 0.98  # validation L1 has settled if it was not below this part of its best ...
PLATEAU_VALIDATIONS = 3  # ... in so many validations in a row
FIRST_GENERATED_ROW = 384 // 2  # the network generates the lower half

WindowFigures = tuple[int, float, float, float, float, float]
"""Number of a window, then its figures in the order of ``GeneratorTask.figures``."""


class GeneratorTask:
    """The generator's ``LipsyncTask``.

    Raises:
        LipSyncWeightsError, TrainingError: The expert, or the weights to start with, do not fit.
    """

    kind = "generator"
    losses = ["coarse", "l1", "sync", "gan", "quality"]  # noqa: RUF012
    figures = ["l1", "mouth_l1", "mouth_psnr", "sync", "sync_of_real"]  # noqa: RUF012

    def __init__(
        self, settings: GeneratorSettings, data: TrainingData, accelerator: "Accelerator"
    ) -> None:
        self._settings, self._accelerator = settings, accelerator
        self._device = accelerator.device
        self._expert = (
            _load_frozen_expert(settings.expert, self._device) if settings.expert else None
        )
        if self._expert:
            least = 2 * settings.sounds_per_face * self._expert.n_frames
            if settings.batch < least:
                raise TrainingError(
                    f"{settings.expert} looks at {self._expert.n_frames} frames together: batch, "
                    f"which counts pictures, must be {least} at least"
                )
        if settings.coarse_steps and accelerator.num_processes > 1:
            raise TrainingError("coarse_steps is for one process; with several, set it to 0")
        torch.manual_seed(settings.seed)
        betas = (0.5, 0.999) if settings.gan_weight else (0.9, 0.999)  # as in the original
        learner = TrainableNetwork(
            "generator", Wav2Lip384(settings.width), accelerator,
            channels_last=settings.channels_last, betas=betas, ema=settings.ema,
        )  # fmt: skip
        if settings.start:
            learner.start(settings.start)
        self.learners = [learner]
        if settings.coarse_weight:
            self._low_resolution_hook = LowResolutionHook(cast(Wav2Lip384, learner.network))
        if settings.gan_weight:
            discriminator = QualityDiscriminator(Wav2Lip384.size)
            self.learners.append(
                TrainableNetwork(
                    "quality",
                    discriminator,
                    accelerator,
                    channels_last=settings.channels_last,
                    betas=betas,
                )
            )
        sampler = ClipSampler(
            data.training, {domain.name: domain.weight for domain in settings.data}
        )

        def draw(rng: np.random.Generator, frames: int) -> Sample:
            return generator_training_windows(
                sampler, rng, frames, n_windows=settings.sounds_per_face,
                augment=settings.augment, gain_db=settings.gain_db,
            )  # fmt: skip

        self._batches = BatchPrefetcher(
            draw, settings.seed, accelerator.process_index, settings.workers
        )
        self._windows = [
            (name, *_validation_window(ClipSampler({name: clips}, {name: 1.0}), i))
            for i in range(settings.validation)
            for name, clips in data.held_out.items()
        ]

    def step(self, progress: RunProgress, rate: float) -> tuple[TrainingLosses, int]:
        """A batch of windows. The losses' weights are those of the original."""
        learner, settings = self.learners[0], self._settings
        sync_weight = self._sync_weight(progress)
        if sync_weight and self._expert:
            n_frames = max(settings.frames_per_window, self._expert.n_frames)
        else:
            n_frames = settings.frames_per_window
        size = settings.batch // n_frames // settings.sounds_per_face
        batch = self._batches.get(progress.step, size, n_frames)
        losses: TrainingLosses = {}
        if progress.step < settings.coarse_steps:
            losses["coarse"] = self._low_resolution_loss(batch)
            learner.step(losses["coarse"], progress.step, rate)
            return {"coarse": losses["coarse"].detach()}, settings.batch
        with self._accelerator.autocast():
            targets, inputs, mels, expert_mels = self._inputs(batch)
            generated = self._generate(
                learner.distributed, inputs, mels, targets, _first_with_same_face(batch)
            )
            losses["l1"] = self._l1(generated, targets)
            total = (1 - sync_weight - settings.gan_weight) * losses["l1"]
            if settings.coarse_weight:
                references = inputs[:, 3:]
                residual = low_resolution_residual(targets, references)
                decoder_loss = low_resolution_loss(
                    project_to_rgb(self._low_resolution_hook.maps).float(), residual
                )
                output_loss = low_resolution_loss(
                    low_resolution_residual(generated, references), residual
                )
                losses["coarse"] = (decoder_loss + output_loss) / 2
                total = total + settings.coarse_weight * losses["coarse"]
            if sync_weight and self._expert:
                losses["sync"] = sync_loss(
                    self._sync_probability(generated, expert_mels, n_frames), 1.0
                )
                total = total + sync_weight * losses["sync"]
            if settings.gan_weight:
                losses["gan"] = sync_loss(
                    self._discriminator_score(generated), 1.0
                )  # the same cross-entropy
                total = total + settings.gan_weight * losses["gan"]
        learner.step(total, progress.step, rate)
        if settings.gan_weight:
            losses["quality"] = self._train_discriminator(
                generated.detach(), targets, progress.step, rate
            )
        n_samples = len(targets) * self._accelerator.num_processes
        return {name: loss.detach() for name, loss in losses.items()}, n_samples

    def validate(self, progress: RunProgress) -> ValidationScores:
        """L1, L1 and PSNR of the lower half, and the sync loss of generated and of real lips."""
        found = sorted(self._measure())
        domains: dict[str, dict[str, float]] = {}
        for name in dict.fromkeys(name for name, _, _ in self._windows):
            rows = [row[1:] for row in found if self._windows[row[0]][0] == name]
            means = np.mean(rows, axis=0).tolist()
            domains[name] = dict(zip(self.figures, means, strict=True))
            if not self._expert:
                del domains[name]["sync"], domains[name]["sync_of_real"]
        # With the sync loss's final weight throughout, so that scores compare.
        weight = self._settings.sync_weight if self._expert else 0.0
        l1 = float(np.mean([figures["l1"] for figures in domains.values()]))
        sync = float(np.mean([figures.get("sync", 0.0) for figures in domains.values()]))
        detect_plateau(progress, l1)
        picture = self._pictures() if self._accelerator.is_main_process else None
        return ValidationScores(-((1 - weight) * l1 + weight * sync), domains, picture)

    def may_stop(self, progress: RunProgress) -> bool:
        """Not before the sync loss has its weight."""
        return not self._expert or bool(self._sync_weight(progress))

    def close(self) -> None:
        """Stop reading ahead."""
        self._batches.close()

    def _sync_weight(self, progress: RunProgress) -> float:
        """The weight of the sync loss in this step, 0 to 1."""
        settings = self._settings
        if not self._expert:
            return 0.0
        if settings.sync_from == "auto":
            has_begun = bool(progress.task.get("settled"))
        else:
            has_begun = progress.step >= settings.sync_from
        return settings.sync_weight if has_begun else 0.0

    def _low_resolution_loss(self, batch: Sample) -> Tensor:
        with self._accelerator.autocast():
            targets, inputs, mels, _ = self._inputs(batch)
            network = cast(Wav2Lip384, self.learners[0].network)
            generated = low_resolution_lower_half(network, mels).float()
            return low_resolution_loss(generated, low_resolution_residual(targets, inputs[:, 3:]))

    def _l1(self, generated: Tensor, targets: Tensor) -> Tensor:
        off = (generated - targets).abs()
        weight = self._settings.mouth_weight
        upper, lower = (
            off[..., :FIRST_GENERATED_ROW, :].mean(),
            off[..., FIRST_GENERATED_ROW:, :].mean(),
        )
        return (upper + weight * lower) / (1 + weight)

    def _sync_probability(self, generated: Tensor, expert_mels: Tensor, n_frames: int) -> Tensor:
        """The expert's cosine, (B,), of each window of (B n_frames, 3, H, W) faces, 0 to 1."""
        assert self._expert
        frames = generated.reshape(-1, n_frames, *generated.shape[1:])[:, : self._expert.n_frames]
        return sync_probability(*self._expert(expert_mels, stack_lower_halves(frames)))

    def _discriminator_score(self, generated: Tensor) -> Tensor:
        """The quality discriminator's probability, (B,), that faces are real; it learns nothing."""
        discriminator = self.learners[1].network
        fixed = {name: tensor.detach() for name, tensor in discriminator.named_parameters()}
        return cast(Tensor, functional_call(discriminator, fixed, (generated,)))

    def _train_discriminator(
        self, generated: Tensor, real: Tensor, step: int, rate: float
    ) -> Tensor:
        learner = self.learners[1]
        with self._accelerator.autocast():
            says = learner.distributed(torch.cat([real, generated]))
            is_real = (torch.arange(len(says), device=says.device) < len(real)).float()
            loss = sync_loss(says, is_real)
        learner.step(loss, step, rate)
        return loss.detach()

    @torch.inference_mode()
    def _measure(self) -> list[WindowFigures]:
        """The figures of all validation windows; the processes share them."""
        learner, accelerator = self.learners[0], self._accelerator
        learner.synchronize_buffers()
        mine = range(accelerator.process_index, len(self._windows), accelerator.num_processes)
        at_once = max(1, self._settings.batch // MEL_WINDOW_FRAMES)
        found: list[object] = []
        for first in range(0, len(mine), at_once):
            some = mine[first : first + at_once]
            targets, inputs, mels, expert_mels = self._inputs(self._held_out(some))
            with accelerator.autocast():
                generated = self._generate(learner.best.eval(), inputs, mels, targets)
                off = (generated - targets).reshape(-1, MEL_WINDOW_FRAMES, *targets.shape[1:])
                lower = off[..., FIRST_GENERATED_ROW:, :]
                figures = [
                    off.abs().mean((1, 2, 3, 4)),
                    lower.abs().mean((1, 2, 3, 4)),
                    -10 * (lower**2).mean((2, 3, 4)).clamp_min(1e-10).log10().mean(1),
                    *(self._sync_losses(faces, expert_mels) for faces in (generated, targets)),
                ]
            values = torch.stack(figures, 1).tolist()
            found.extend((i, *row) for i, row in zip(some, values, strict=True))
        learner.network.train()
        return cast(list[WindowFigures], device.gather_results(found, accelerator))

    def _sync_losses(self, faces: Tensor, expert_mels: Tensor) -> Tensor:
        """The sync loss of each window, (B,)."""
        if not self._expert:
            return torch.zeros(len(expert_mels), device=expert_mels.device)
        return (
            -self._sync_probability(faces, expert_mels, MEL_WINDOW_FRAMES)
            .float()
            .clamp_min(1e-6)
            .log()
        )

    @torch.inference_mode()
    def _pictures(self) -> NDArray[np.uint8]:
        """Rows: input, reference, target, generated, as in the papers; a column for each window."""
        learner = self.learners[0]
        samples = min(self._settings.samples, len(self._windows))
        columns = []
        for i in range(samples):
            targets, inputs, mels, _ = self._inputs(self._held_out([i]))
            with self._accelerator.autocast():
                generated = self._generate(learner.best.eval(), inputs, mels, targets)
            middle = MEL_WINDOW_FRAMES // 2
            rows = inputs[middle, :3], inputs[middle, 3:], targets[middle], generated[middle]
            columns.append(torch.cat(rows, dim=1))
        learner.network.train()
        picture = (torch.cat(columns, dim=2) * 255 + 0.5).clamp(0, 255).byte()
        return cast(NDArray[np.uint8], picture.permute(1, 2, 0).cpu().numpy())

    def _held_out(self, numbers: "range | list[int]") -> Sample:
        samples = [
            generator_window(
                *self._windows[i][1:], MEL_WINDOW_FRAMES, np.random.default_rng((0, i))
            )
            for i in numbers
        ]
        return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}

    def _inputs(self, batch: Sample) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Targets (B, 3, H, W), inputs (B, 6, H, W), mels (B, 1, 80, 16), and the expert's mels."""
        targets, references = (
            device.to_float_faces(device.to_device(batch[name], self._device)).flatten(0, 1)
            for name in ("targets", "references")
        )
        masked = pad(targets[..., :FIRST_GENERATED_ROW, :], (0, 0, 0, FIRST_GENERATED_ROW))
        mels = device.to_device(batch["mels"], self._device).flatten(0, 1)
        expert_mels = device.to_device(batch["expert_mels"], self._device).flatten(0, 1)
        return targets, torch.cat([masked, references], 1), mels, expert_mels

    def _generate(
        self,
        network: nn.Module,
        inputs: Tensor,
        mels: Tensor,
        targets: Tensor,
        face_index: NDArray[np.intp] | None = None,
    ) -> Tensor:
        """Complete faces, (B, 3, H, W); with ``lower_half`` the upper half is the target's.

        Args:
            face_index: (B,) The first of the faces that are the same as each.
        """
        numbers = None
        if face_index is not None:
            inputs, numbers = self._unique_faces(inputs, face_index)
        half = self._settings.lower_half
        generated: Tensor = network(mels, inputs, numbers, lower_half=half).float()
        return (
            torch.cat([targets[..., :FIRST_GENERATED_ROW, :], generated], 2) if half else generated
        )

    def _unique_faces(self, inputs: Tensor, face_index: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Every face once, and for each picture the number of its face."""
        kept, numbers = np.unique(face_index, return_inverse=True)
        return (
            inputs[torch.from_numpy(kept).to(self._device)],
            torch.from_numpy(numbers).to(self._device),
        )


def _first_with_same_face(batch: Sample) -> NDArray[np.intp]:
    """For each picture of a batch the first one with the same face."""
    first = batch["face_index"].astype(np.intp)
    n_samples, n_pictures = first.shape
    return np.ravel(first + n_pictures * np.arange(n_samples)[:, None])


def detect_plateau(progress: RunProgress, l1: float) -> None:
    """Note a validation's L1 in ``progress.task``; ``settled`` is 1 once it falls no more."""
    task = progress.task
    if l1 < PLATEAU_RATIO * task.get("l1", float("inf")):
        task |= {"l1": l1, "unchanged": 0}
        return
    task["unchanged"] += 1
    if task["unchanged"] >= PLATEAU_VALIDATIONS and not task.get("settled"):
        task["settled"] = 1
        progress.stale = 0  # from here on it is another loss that falls


def _load_frozen_expert(path: Path, device: torch.device) -> SyncExpert384:
    """An expert in evaluation mode whose weights are fixed; its batch statistics are, too."""
    return weights.load_weights(path, SyncExpert384).requires_grad_(False).to(device)


def _validation_window(sampler: ClipSampler, number: int) -> tuple[TrainingClip, int]:
    """The same window each time, one that is not silent."""
    return sampler.sample_audible(np.random.default_rng((0, number)))
