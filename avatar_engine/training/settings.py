"""The settings of a training run, read from a YAML file."""

import difflib
from math import cos, pi
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ..wav2lip.mel import FPS, HOP_LENGTH, MEL_WINDOW, SAMPLE_RATE

MEL_WINDOW_FRAMES = MEL_WINDOW * HOP_LENGTH * FPS // SAMPLE_RATE
"""Video frames that a mel window lasts: five."""

PositiveCount = Annotated[int, Field(ge=1)]
UnitFraction = Annotated[float, Field(ge=0, lt=1)]


class _TrainingModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClipDomain(_TrainingModel):
    """One kind of clips, whose scores are reported apart."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    clips: Annotated[list[Path], Field(min_length=1)]
    """Folders that ``prepare`` wrote."""
    weight: Annotated[float, Field(ge=0)] = 1.0
    """Its share of what is drawn, next to the weights of the others."""
    held_out: UnitFraction | Literal["all"] = 0.1
    """The part of its sentences that only validation sees."""


class TrainingSettings(_TrainingModel):
    """What expert and generator have in common."""

    out: Path
    data: Annotated[list[ClipDomain], Field(min_length=1)]
    width: Annotated[int, Field(ge=32, le=512)] = 512
    start: Path | None = None
    """Weights to begin with, of the same network and width."""
    seed: Annotated[int, Field(ge=0)] = 0

    steps: PositiveCount
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps in which the learning rate rises to its height."""
    ema: UnitFraction = 0.0
    """How much of the running mean of the weights each step keeps; 0 for no mean."""
    gain_db: Annotated[float, Field(ge=0, le=20)] = 6.0
    """The most by which a sound is made louder or softer, dB."""

    validate_every: PositiveCount = 1000
    """Steps."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Validations without a better score after which training stops; 0 for never."""
    max_hours: Annotated[float, Field(gt=0)] | None = None
    report_every: PositiveCount = 50
    """Steps."""
    checkpoint_every: PositiveCount = 1000
    """Steps."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    channels_last: bool = True
    """Colours lie beside each other in memory: a fifth faster, on processors too."""
    workers: Annotated[int, Field(ge=0)] = 2
    """Threads that read pictures, per process."""

    @model_validator(mode="after")
    def _domains(self) -> Self:
        names = [domain.name for domain in self.data]
        if len(set(names)) < len(names):
            raise ValueError(f"two domains have the same name: {', '.join(sorted(names))}")
        if not any(domain.held_out for domain in self.data):
            raise ValueError("nothing is held out, so nothing could be measured: set held_out")
        if not any(domain.weight > 0 and domain.held_out != "all" for domain in self.data):
            raise ValueError("every domain is held out or weighs 0: nothing to train on")
        return self

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.02 + 0.49 * (1 + cos(pi * min(1.0, done))))


class ExpertSettings(TrainingSettings):
    """What an expert is trained with."""

    batch: Annotated[int, Field(ge=2)] = 64
    """Pairs of a step, per process."""
    n_frames: Literal[1, 3, 5] = 5
    wrong_sounds: Annotated[int, Field(ge=0)] = 0
    """How many sounds that do not belong to them lips are compared with, beside their own; 0:
    with one sound, right or wrong, as in Wav2Lip."""
    eyes_steps: Annotated[int, Field(ge=0)] = 0
    """Steps at first that train the face encoder alone, with a contrastive loss over the right
    sound and the wrong ones; for an audio encoder that ``hear`` has pretrained."""
    coarse_steps: Annotated[int, Field(ge=0)] = 0
    """Steps at first at low resolution, each at a fiftieth of the cost."""
    coarse_batch: Annotated[int, Field(ge=2)] = 64
    """Pictures of such a step."""
    coarse_sounds: Annotated[int, Field(ge=2)] = 16
    """How many of these are of one clip; each one's sound is a negative of the others."""
    augment: bool = True
    validation: Annotated[int, Field(ge=2)] = 400
    """Pairs per domain; half of them belong together."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.eyes_steps > self.coarse_steps and not self.wrong_sounds:
            raise ValueError("eyes_steps needs wrong_sounds to choose among")
        if self.coarse_batch < self.coarse_sounds:
            raise ValueError("coarse_batch must be coarse_sounds at least")
        return self


class GeneratorSettings(TrainingSettings):
    """What a generator is trained with."""

    batch: Annotated[int, Field(ge=2)] = 40
    """Pictures of a step, per process."""
    augment: bool = False
    frames_per_window: Annotated[int, Field(ge=1, le=MEL_WINDOW_FRAMES)] = MEL_WINDOW_FRAMES
    """Consecutive pictures that are drawn together while the sync loss has no weight."""
    sounds_per_face: PositiveCount = 1
    """Windows of a rendered presenter that share their faces, which are then encoded once."""
    lower_half: bool = False
    """Generate the lower half alone, as when serving; the upper half then has no loss."""
    coarse_steps: Annotated[int, Field(ge=0)] = 0
    """Steps at first at low resolution, in which mouths learn to follow the sound."""
    coarse_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the same loss in the steps that follow, on the way to whole pictures and of these
    made small: so that the sound is not forgotten while the rest is learnt."""
    mouth_weight: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the lower half in the L1 loss, next to 1 for the upper half."""
    expert: Path | None = None
    """Weights of the expert; without, L1 alone."""
    sync_weight: UnitFraction = 0.03
    sync_from: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    """The step from which the sync loss has weight; auto: when validation L1 has settled."""
    gan_weight: UnitFraction = 0.0
    validation: PositiveCount = 40
    """Windows per domain."""
    samples: PositiveCount = 6
    """Columns of the sample pictures."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.batch < 2 * self.sounds_per_face * self.frames_per_window:
            raise ValueError(
                "batch counts pictures: it must be twice sounds_per_face * frames_per_window "
                "at least"
            )
        if self.sync_weight + self.gan_weight >= 1:
            raise ValueError("sync_weight and gan_weight leave nothing for L1")
        return self


SettingsType = TypeVar("SettingsType", bound=TrainingSettings)


def read_settings(path: Path, kind: type[SettingsType]) -> SettingsType:
    """Read settings.

    Raises:
        TrainingError: It cannot be read, or a setting is unknown or wrong; names them all.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is no YAML: {error}") from error
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        problems = "\n".join(f"  {_problem_message(problem, kind)}" for problem in error.errors())
        raise TrainingError(f"{path}:\n{problems}") from error


def _problem_message(problem: ErrorDetails, kind: type[TrainingSettings]) -> str:
    place = problem["loc"]
    text = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        known = ClipDomain.model_fields if place[0] == "data" else kind.model_fields
        near = difflib.get_close_matches(str(place[-1]), known, 1)
        text = "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
    return ": ".join(filter(None, [".".join(map(str, place)), text]))


class TrainingError(ValueError):
    """A run cannot start or go on; the text says why, and what to do."""
