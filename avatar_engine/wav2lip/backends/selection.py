"""Which backend runs the network here."""

import importlib.util
import logging
import os
from typing import Literal, cast, get_args

import numpy as np
import torch

from ..quantization import MIN_MOUTH_PSNR, calibration_mels, fake_quantized, mouth_psnr
from ..split_generator import MouthDecoder
from .base import BackendError, FaceFeatures, InferenceBackend
from .openvino_cpu import Precision, fastest_precision, native_precisions
from .torch_backends import TorchCpuBackend

BackendName = Literal["auto", "cuda", "openvino", "torch"]

_log = logging.getLogger(__name__)


def choose_backend(
    speaking: MouthDecoder,
    maps: FaceFeatures,
    name: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> InferenceBackend:
    """The backend of that name, compiled; which one, and why, is logged in one line.

    Args:
        speaking: The network.
        maps: Of some frames of the loop, as different as they are.
        name: ``"cuda"``, ``"openvino"``, ``"torch"``; ``"auto"`` takes the first of these that
            is there.
        threads: On a processor; None: one per core, but not more than four, for more hardly
            help to draw one frame.
        precision: Of OpenVINO: ``"fp32"``, ``"bf16"``, ``"int8"``; ``"auto"`` takes what the
            processor is fastest in, but eight bits only if they keep the picture.

    Raises:
        BackendError: There is no such backend, or it cannot run here.
    """
    if name not in get_args(BackendName):
        raise BackendError(
            f"there is no backend {name!r}; choose {', '.join(get_args(BackendName))}"
        )
    if threads is not None and threads < 1:
        raise BackendError(f"{threads} threads cannot draw; leave the setting away or give 1")
    if precision not in ("auto", *get_args(Precision)):
        known = ", ".join(("auto", *get_args(Precision)))
        raise BackendError(f"there is no precision {precision!r}; choose {known}")
    missing = {known: reason for known, reason in _unavailable().items() if reason}
    if name in missing:
        raise BackendError(f"the backend {name} cannot run here: {missing[name]}")
    taken = next(n for n in _ORDER if n not in missing) if name == "auto" else name
    if precision != "auto" and taken != "openvino":
        raise BackendError(f"the precision is a setting of OpenVINO; {taken} has its own")
    better = _ORDER[: _ORDER.index(taken)]
    reason = "; ".join(missing[n] for n in better) if name == "auto" else "as the settings say"
    threads = threads or min(4, os.cpu_count() or 1)
    backend = _make_backend(taken, speaking, maps, threads, precision)
    _log.info("lips are drawn by %s%s", backend.name, f" ({reason})" if reason else "")
    return backend


_ORDER = ("cuda", "openvino", "torch")


def _unavailable() -> dict[str, str]:
    """Why each backend cannot run here; empty where it can."""
    return {
        "cuda": "" if torch.cuda.is_available() else "torch sees no CUDA device",
        "openvino": ""
        if importlib.util.find_spec("openvino")
        else "OpenVINO is not installed (pip install openvino)",
        "torch": "",
    }


def _make_backend(
    name: str, speaking: MouthDecoder, maps: FaceFeatures, threads: int, precision: str
) -> InferenceBackend:
    if name == "cuda":
        from .torch_backends import TorchCudaBackend

        return TorchCudaBackend(speaking, maps)
    if name == "openvino":
        return _make_openvino(speaking, maps, threads, precision)
    return TorchCpuBackend(speaking, threads)


def _make_openvino(
    speaking: MouthDecoder, maps: FaceFeatures, threads: int, precision: str
) -> InferenceBackend:
    from .openvino_cpu import OpenVinoBackend  # takes a second to import

    taken = fastest_precision() if precision == "auto" else cast(Precision, precision)
    if taken not in native_precisions():
        raise BackendError(f"this processor does not multiply in {taken}; leave the precision away")
    if taken == "int8":
        backend, db = _quantized_backend(speaking, maps, threads)
        _log.info("eight bits draw the mouth as fp32 does to %.1f dB", db)
        if db >= MIN_MOUTH_PSNR or precision == "int8":
            return backend
        taken = "bf16" if "bf16" in native_precisions() else "fp32"
        _log.warning("%.0f dB are wanted: lips are drawn in %s", MIN_MOUTH_PSNR, taken)
    return OpenVinoBackend(speaking, maps, threads, taken)


def _quantized_backend(
    speaking: MouthDecoder, maps: FaceFeatures, threads: int
) -> tuple[InferenceBackend, float]:
    """With half of some frames it is made, with the others compared."""
    from .openvino_cpu import OpenVinoBackend

    mels = calibration_mels()
    which = np.resize(np.arange(len(maps[0])), len(mels))
    maps = [level[which] for level in maps]
    seen, unseen = slice(None, None, 2), slice(1, None, 2)
    made = fake_quantized(speaking, mels[seen], [level[seen] for level in maps])
    backend = OpenVinoBackend(made, maps, threads, "int8")
    given = mels[unseen], [level[unseen] for level in maps]
    return backend, mouth_psnr(
        backend.draw(*given), TorchCpuBackend(speaking, threads).draw(*given)
    )
