"""In which numbers this processor multiplies, and in which fastest."""

from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16", "int8"]
"""Of the multiplications. ``"int8"``: of those of the large maps (``eight_bits``)."""

_CPUINFO = Path("/proc/cpuinfo")


def native(cpuinfo: Path = _CPUINFO) -> set[Precision]:
    """What the processor's flags say that it multiplies by itself; elsewhere than on Linux fp32.

    OpenVINO offers bf16 on every processor with AVX-512; where it is only emulated, it is
    slower than fp32.
    """
    flags = _flags(cpuinfo)
    found: set[Precision] = {"fp32"}
    if flags & {"amx_bf16", "avx512_bf16"}:
        found.add("bf16")
    if flags & {"avx512_vnni", "avx_vnni"}:
        found.add("int8")
    return found


def fastest(cpuinfo: Path = _CPUINFO) -> Precision:
    """Bytes where they are multiplied, unless there is AMX: it is as fast in bf16."""
    found = native(cpuinfo)
    if "int8" in found and "amx_bf16" not in _flags(cpuinfo):
        return "int8"
    return "bf16" if "bf16" in found else "fp32"


def _flags(cpuinfo: Path) -> set[str]:
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
