"""What a run computes on: processor or graphics cards, one process or many, and how exactly."""

import os
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .settings import TrainingError, TrainingSettings

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(settings: TrainingSettings) -> "Accelerator":
    """The machine, as ``accelerate launch`` or the lack of it says.

    Raises:
        TrainingError: The extra is not installed, or the precision is not to be had here.
    """
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise TrainingError(
            "training needs packages that are not installed: pip install 'zhengwen[train]'"
        ) from error
    chosen = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    on_cpu = chosen or not torch.accelerator.is_available()
    if settings.precision == "fp16" and on_cpu:
        raise TrainingError("precision fp16 needs a graphics card; take auto, bf16 or fp32")
    precision = _best_precision(on_cpu) if settings.precision == "auto" else settings.precision
    try:
        return Accelerator(cpu=on_cpu, mixed_precision="no" if precision == "fp32" else precision)
    except ValueError as error:  # a processor or card without bf16
        raise TrainingError(f"precision {precision}: {error}; take auto or fp32") from error


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """An array of a batch on the device."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def to_float_faces(pictures: Tensor) -> Tensor:
    """(B, T, H, W, 3) bytes to (B, T, 3, H, W), in [0, 1]."""
    return pictures.permute(0, 1, 4, 2, 3).float() / 255


def gather_results(found: list[object], accelerator: "Accelerator") -> list[object]:
    """What all processes found, in one list."""
    from accelerate.utils import gather_object

    if accelerator.num_processes == 1:
        return found
    return cast(list[object], gather_object(found))


def any_process(yes: bool, accelerator: "Accelerator") -> bool:
    """Whether any process says yes: they must stop at the same step."""
    if accelerator.num_processes == 1:
        return yes
    flag = torch.tensor(int(yes), device=accelerator.device)
    return bool(accelerator.reduce(flag, "sum").item())


def _best_precision(on_cpu: bool) -> str:
    """bf16 where it is quick: on a processor without instructions for it, it is many times slower.

    A card too old for bf16 gets fp16.
    """
    if not on_cpu:
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    quick = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bf16" if quick else "fp32"
