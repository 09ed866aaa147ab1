"""Training of the generator, as in Wav2Lip's ``wav2lip_train.py`` and ``hq_wav2lip_train.py``."""

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

PLATEAU_RATIO = (
    0.98  # validation L1 falls no more if it is not below this part of its best so far ...
)
PLATEAU_VALIDATIONS = 3  # ... in so many validations
FIRST_DRAWN_ROW = 384 // 2  # the first row that is drawn

WindowFigures = tuple[int, float, float, float, float, float]
"""Number of a window, then its figures in the order of ``GeneratorTask.figures``."""


class GeneratorTask:
    """See ``Task``.

    Raises:
        WeightsError, TrainingError: The expert, or the weights to start with, do not fit.
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
            self._watched = LowResolutionHook(cast(Wav2Lip384, learner.network))
        if settings.gan_weight:
            judge = QualityDiscriminator(Wav2Lip384.size)
            self.learners.append(
                TrainableNetwork(
                    "quality", judge, accelerator, channels_last=settings.channels_last, betas=betas
                )
            )
        drawing = ClipSampler(
            data.training, {domain.name: domain.weight for domain in settings.data}
        )

        def draw(rng: np.random.Generator, frames: int) -> Sample:
            return generator_training_windows(
                drawing, rng, frames, n_windows=settings.sounds_per_face,
                augment=settings.augment, gain_db=settings.gain_db,
            )  # fmt: skip

        self._batches = BatchPrefetcher(
            draw, settings.seed, accelerator.process_index, settings.workers
        )
        self._windows = [
            (name, *_validation_window(ClipSampler({name: takes}, {name: 1.0}), i))
            for i in range(settings.validation)
            for name, takes in data.held_out.items()
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
            losses["coarse"] = self._coarse(batch)
            learner.step(losses["coarse"], progress.step, rate)
            return {"coarse": losses["coarse"].detach()}, settings.batch
        with self._accelerator.autocast():
            targets, inputs, mels, heard = self._inputs(batch)
            drawn = self._drawn(
                learner.distributed, inputs, mels, targets, _first_with_same_face(batch)
            )
            losses["l1"] = self._l1(drawn, targets)
            total = (1 - sync_weight - settings.gan_weight) * losses["l1"]
            if settings.coarse_weight:
                references = inputs[:, 3:]
                due = low_resolution_residual(targets, references)
                on_the_way = low_resolution_loss(project_to_rgb(self._watched.maps).float(), due)
                in_the_end = low_resolution_loss(low_resolution_residual(drawn, references), due)
                losses["coarse"] = (on_the_way + in_the_end) / 2
                total = total + settings.coarse_weight * losses["coarse"]
            if sync_weight and self._expert:
                losses["sync"] = sync_loss(self._in_sync(drawn, heard, n_frames), 1.0)
                total = total + sync_weight * losses["sync"]
            if settings.gan_weight:
                losses["gan"] = sync_loss(self._realness(drawn), 1.0)  # the same cross-entropy
                total = total + settings.gan_weight * losses["gan"]
        learner.step(total, progress.step, rate)
        if settings.gan_weight:
            losses["quality"] = self._train_judge(drawn.detach(), targets, progress.step, rate)
        n_samples = len(targets) * self._accelerator.num_processes
        return {name: loss.detach() for name, loss in losses.items()}, n_samples

    def validate(self, progress: RunProgress) -> ValidationScores:
        """L1, mouth L1 and PSNR, and what the expert says of drawn and of real lips."""
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
        """Of the step at hand."""
        settings = self._settings
        if not self._expert:
            return 0.0
        if settings.sync_from == "auto":
            begun = bool(progress.task.get("settled"))
        else:
            begun = progress.step >= settings.sync_from
        return settings.sync_weight if begun else 0.0

    def _coarse(self, batch: Sample) -> Tensor:
        with self._accelerator.autocast():
            targets, inputs, mels, _ = self._inputs(batch)
            network = cast(Wav2Lip384, self.learners[0].network)
            drawn = low_resolution_lower_half(network, mels).float()
            return low_resolution_loss(drawn, low_resolution_residual(targets, inputs[:, 3:]))

    def _l1(self, drawn: Tensor, targets: Tensor) -> Tensor:
        off = (drawn - targets).abs()
        weight = self._settings.mouth_weight
        upper, lower = off[..., :FIRST_DRAWN_ROW, :].mean(), off[..., FIRST_DRAWN_ROW:, :].mean()
        return (upper + weight * lower) / (1 + weight)

    def _in_sync(self, drawn: Tensor, heard: Tensor, n_frames: int) -> Tensor:
        """How probably the expert takes (B n_frames, 3, H, W) windows for real, (B,)."""
        assert self._expert
        frames = drawn.reshape(-1, n_frames, *drawn.shape[1:])[:, : self._expert.n_frames]
        return sync_probability(*self._expert(heard, stack_lower_halves(frames)))

    def _realness(self, drawn: Tensor) -> Tensor:
        """What the quality discriminator says, which learns nothing from it."""
        judge = self.learners[1].network
        fixed = {name: tensor.detach() for name, tensor in judge.named_parameters()}
        return cast(Tensor, functional_call(judge, fixed, (drawn,)))

    def _train_judge(self, drawn: Tensor, real: Tensor, step: int, rate: float) -> Tensor:
        learner = self.learners[1]
        with self._accelerator.autocast():
            says = learner.distributed(torch.cat([real, drawn]))
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
            targets, inputs, mels, heard = self._inputs(self._held_out(some))
            with accelerator.autocast():
                drawn = self._drawn(learner.best.eval(), inputs, mels, targets)
                off = (drawn - targets).reshape(-1, MEL_WINDOW_FRAMES, *targets.shape[1:])
                lower = off[..., FIRST_DRAWN_ROW:, :]
                figures = [
                    off.abs().mean((1, 2, 3, 4)),
                    lower.abs().mean((1, 2, 3, 4)),
                    -10 * (lower**2).mean((2, 3, 4)).clamp_min(1e-10).log10().mean(1),
                    *(self._judged(faces, heard) for faces in (drawn, targets)),
                ]
            values = torch.stack(figures, 1).tolist()
            found.extend((i, *row) for i, row in zip(some, values, strict=True))
        learner.network.train()
        return cast(list[WindowFigures], device.gather_results(found, accelerator))

    def _judged(self, faces: Tensor, heard: Tensor) -> Tensor:
        """The sync loss of each window, (B,)."""
        if not self._expert:
            return torch.zeros(len(heard), device=heard.device)
        return -self._in_sync(faces, heard, MEL_WINDOW_FRAMES).float().clamp_min(1e-6).log()

    @torch.inference_mode()
    def _pictures(self) -> NDArray[np.uint8]:
        """Rows: input, reference, target, drawn, as in the papers; a column for each window."""
        learner = self.learners[0]
        samples = min(self._settings.samples, len(self._windows))
        columns = []
        for i in range(samples):
            targets, inputs, mels, _ = self._inputs(self._held_out([i]))
            with self._accelerator.autocast():
                drawn = self._drawn(learner.best.eval(), inputs, mels, targets)
            middle = MEL_WINDOW_FRAMES // 2
            rows = inputs[middle, :3], inputs[middle, 3:], targets[middle], drawn[middle]
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
        """Targets, faces as the generator is given them, its sounds, and the expert's."""
        targets, references = (
            device.to_float_faces(device.to_device(batch[name], self._device)).flatten(0, 1)
            for name in ("targets", "references")
        )
        masked = pad(targets[..., :FIRST_DRAWN_ROW, :], (0, 0, 0, FIRST_DRAWN_ROW))
        mels = device.to_device(batch["mels"], self._device).flatten(0, 1)
        heard = device.to_device(batch["heard"], self._device).flatten(0, 1)
        return targets, torch.cat([masked, references], 1), mels, heard

    def _drawn(
        self,
        network: nn.Module,
        inputs: Tensor,
        mels: Tensor,
        targets: Tensor,
        which: NDArray[np.intp] | None = None,
    ) -> Tensor:
        """The faces as they are shown: drawn by the network, or their lower halves alone.

        Args:
            which: (B,) The first of the faces that are the same as each.
        """
        numbers = None
        if which is not None:
            inputs, numbers = self._once(inputs, which)
        half = self._settings.lower_half
        drawn: Tensor = network(mels, inputs, numbers, lower_half=half).float()
        return torch.cat([targets[..., :FIRST_DRAWN_ROW, :], drawn], 2) if half else drawn

    def _once(self, inputs: Tensor, which: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Every face once, and for each picture the number of its face."""
        kept, numbers = np.unique(which, return_inverse=True)
        return (
            inputs[torch.from_numpy(kept).to(self._device)],
            torch.from_numpy(numbers).to(self._device),
        )


def _first_with_same_face(batch: Sample) -> NDArray[np.intp]:
    """For each picture of a batch the first one with the same face."""
    which = batch["which"].astype(np.intp)
    n_samples, n_pictures = which.shape
    return np.ravel(which + n_pictures * np.arange(n_samples)[:, None])


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
    """An expert that judges and does not learn: its norms, too, stay as they are."""
    return weights.load_weights(path, SyncExpert384).requires_grad_(False).to(device)


def _validation_window(drawing: ClipSampler, number: int) -> tuple[TrainingClip, int]:
    """The same each time; where something is heard."""
    return drawing.audible(np.random.default_rng((0, number)))
