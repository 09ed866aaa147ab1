"""Which backend runs the network here."""

import importlib.util
import logging
import os
from typing import Literal, cast, get_args

import numpy as np
import torch

from ..eight_bits import KEEPS_THE_PICTURE, heard, likeness, rounded
from ..split import Speaking
from .base import Backend, BackendError, Maps
from .precision import Precision, fastest, native
from .torch_cpu import TorchCpu

Name = Literal["auto", "cuda", "openvino", "torch"]

_log = logging.getLogger(__name__)


def choose(
    speaking: Speaking,
    maps: Maps,
    name: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> Backend:
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
    if name not in get_args(Name):
        raise BackendError(f"there is no backend {name!r}; choose {', '.join(get_args(Name))}")
    if threads is not None and threads < 1:
        raise BackendError(f"{threads} threads cannot draw; leave the setting away or give 1")
    if precision not in ("auto", *get_args(Precision)):
        known = ", ".join(("auto", *get_args(Precision)))
        raise BackendError(f"there is no precision {precision!r}; choose {known}")
    missing = {known: reason for known, reason in _missing().items() if reason}
    if name in missing:
        raise BackendError(f"the backend {name} cannot run here: {missing[name]}")
    taken = next(n for n in _ORDER if n not in missing) if name == "auto" else name
    if precision != "auto" and taken != "openvino":
        raise BackendError(f"the precision is a setting of OpenVINO; {taken} has its own")
    better = _ORDER[: _ORDER.index(taken)]
    reason = "; ".join(missing[n] for n in better) if name == "auto" else "as the settings say"
    threads = threads or min(4, os.cpu_count() or 1)
    backend = _make(taken, speaking, maps, threads, precision)
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


def _make(name: str, speaking: Speaking, maps: Maps, threads: int, precision: str) -> Backend:
    if name == "cuda":
        from .torch_cuda import TorchCuda

        return TorchCuda(speaking, maps)
    if name == "openvino":
        return _openvino(speaking, maps, threads, precision)
    return TorchCpu(speaking, threads)


def _openvino(speaking: Speaking, maps: Maps, threads: int, precision: str) -> Backend:
    from .openvino_cpu import OpenVinoCpu  # takes a second to import

    taken = fastest() if precision == "auto" else cast(Precision, precision)
    if taken not in native():
        raise BackendError(f"this processor does not multiply in {taken}; leave the precision away")
    if taken == "int8":
        backend, db = _in_eight_bits(speaking, maps, threads)
        _log.info("eight bits draw the mouth as fp32 does to %.1f dB", db)
        if db >= KEEPS_THE_PICTURE or precision == "int8":
            return backend
        taken = "bf16" if "bf16" in native() else "fp32"
        _log.warning("%.0f dB are wanted: lips are drawn in %s", KEEPS_THE_PICTURE, taken)
    return OpenVinoCpu(speaking, maps, threads, taken)


def _in_eight_bits(speaking: Speaking, maps: Maps, threads: int) -> tuple[Backend, float]:
    """With half of some frames it is made, with the others compared."""
    from .openvino_cpu import OpenVinoCpu

    mels = heard()
    which = np.resize(np.arange(len(maps[0])), len(mels))
    maps = [level[which] for level in maps]
    seen, unseen = slice(None, None, 2), slice(1, None, 2)
    made = rounded(speaking, mels[seen], [level[seen] for level in maps])
    backend = OpenVinoCpu(made, maps, threads, "int8")
    given = mels[unseen], [level[unseen] for level in maps]
    return backend, likeness(backend.draw(*given), TorchCpu(speaking, threads).draw(*given))
