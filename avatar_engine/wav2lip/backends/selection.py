"""Which backend runs the network here."""

import importlib.util
import logging
import os
from pathlib import Path
from typing import Literal, cast, get_args

import torch

from ..quantization import MIN_MOUTH_PSNR, QuantizationError, quantized_decoder, read_ranges
from ..split_generator import MouthDecoder
from .base import BackendError, FaceFeatures, InferenceBackend
from .openvino_cpu import Precision, fastest_precision, native_precisions
from .torch_backends import TorchCpuBackend

BackendName = Literal["auto", "cuda", "openvino", "torch"]

_log = logging.getLogger(__name__)


def choose_backend(
    decoder: MouthDecoder,
    maps: FaceFeatures,
    name: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
    weights: Path | None = None,
) -> InferenceBackend:
    """The backend of that name, compiled; which one, and why, is logged in one line.

    Args:
        decoder: The network.
        maps: Of any frame, for their shapes.
        name: ``"cuda"``, ``"openvino"``, ``"torch"``; ``"auto"`` takes the first of these that
            is there.
        threads: On a processor; None: one per core, but not more than four, for more hardly
            help to draw one frame.
        precision: Of OpenVINO: ``"fp32"``, ``"bf16"``, ``"int8"``; ``"auto"`` takes what the
            processor is fastest in, but eight bits only if they keep the picture.
        weights: The network's file, whose ranges for eight bits are read; None: it has none.

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
    backend = _make_backend(taken, decoder, maps, threads, precision, weights)
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
    name: str,
    decoder: MouthDecoder,
    maps: FaceFeatures,
    threads: int,
    precision: str,
    weights: Path | None,
) -> InferenceBackend:
    if name == "cuda":
        from .torch_backends import TorchCudaBackend

        return TorchCudaBackend(decoder, maps)
    if name == "openvino":
        return _make_openvino(decoder, maps, threads, precision, weights)
    return TorchCpuBackend(decoder, threads)


def _make_openvino(
    decoder: MouthDecoder,
    maps: FaceFeatures,
    threads: int,
    precision: str,
    weights: Path | None,
) -> InferenceBackend:
    from .openvino_cpu import OpenVinoBackend  # takes a second to import

    taken = fastest_precision() if precision == "auto" else cast(Precision, precision)
    if taken not in native_precisions():
        raise BackendError(f"this processor does not multiply in {taken}; leave the precision away")
    if taken == "int8":
        try:
            return OpenVinoBackend(_quantized(decoder, weights, precision), maps, threads, taken)
        except QuantizationError as error:
            if precision == "int8":
                raise BackendError(str(error)) from error
            taken = "bf16" if "bf16" in native_precisions() else "fp32"
            _log.warning("lips are drawn in %s: %s", taken, error)
    return OpenVinoBackend(decoder, maps, threads, taken)


def _quantized(decoder: MouthDecoder, weights: Path | None, precision: str) -> MouthDecoder:
    """In eight bits, with the ranges kept beside the weights.

    Raises:
        QuantizationError: There are none that fit, or they spoil the picture and nobody asked
            for eight bits.
    """
    if weights is None:
        raise QuantizationError("eight bits need ranges, which belong to a file of weights")
    ranges = read_ranges(weights)
    _log.info("eight bits draw the mouth as fp32 does to %.1f dB", ranges.mouth_psnr)
    if ranges.mouth_psnr < MIN_MOUTH_PSNR and precision != "int8":
        raise QuantizationError(f"{MIN_MOUTH_PSNR:.0f} dB are wanted of eight bits")
    return quantized_decoder(decoder, ranges.input_max)
