"""Which backend runs the network here."""

import importlib.util
import logging
import os
from typing import Literal, get_args

import torch

from ..split import Speaking
from .base import Backend, BackendError, Maps

Name = Literal["auto", "cuda", "openvino", "torch"]

_log = logging.getLogger(__name__)


def choose(
    speaking: Speaking, maps: Maps, name: str = "auto", threads: int | None = None
) -> Backend:
    """The backend of that name, compiled; which one, and why, is logged in one line.

    Args:
        speaking: The network.
        maps: Of any frame, for their shapes.
        name: ``"cuda"``, ``"openvino"``, ``"torch"``; ``"auto"`` takes the first of these that
            is there.
        threads: On a processor; None: one per core, but not more than four, for more hardly
            help to draw one frame.

    Raises:
        BackendError: There is no such backend, or it cannot run here.
    """
    if name not in get_args(Name):
        raise BackendError(f"there is no backend {name!r}; choose {', '.join(get_args(Name))}")
    if threads is not None and threads < 1:
        raise BackendError(f"{threads} threads cannot draw; leave the setting away or give 1")
    missing = {known: reason for known, reason in _missing().items() if reason}
    if name in missing:
        raise BackendError(f"the backend {name} cannot run here: {missing[name]}")
    taken = next(n for n in _ORDER if n not in missing) if name == "auto" else name
    better = _ORDER[: _ORDER.index(taken)]
    reason = "; ".join(missing[n] for n in better) if name == "auto" else "as the settings say"
    backend = _make(taken, speaking, maps, threads or min(4, os.cpu_count() or 1))
    _log.info("lips are drawn by %s%s", backend.name, f" ({reason})" if reason else "")
    return backend


_ORDER = ("cuda", "openvino", "torch")


def _missing() -> dict[str, str]:
    """Why each backend cannot run here; empty where it can."""
    return {
        "cuda": "" if torch.cuda.is_available() else "torch sees no CUDA device",
        "openvino": ""
        if importlib.util.find_spec("openvino")
        else "OpenVINO is not installed (pip install openvino)",
        "torch": "",
    }


def _make(name: str, speaking: Speaking, maps: Maps, threads: int) -> Backend:
    if name == "cuda":
        from .torch_cuda import TorchCuda

        return TorchCuda(speaking, maps)
    if name == "openvino":
        from .openvino_cpu import OpenVinoCpu  # takes a second to import

        return OpenVinoCpu(speaking, maps, threads)
    from .torch_cpu import TorchCpu

    return TorchCpu(speaking, threads)
