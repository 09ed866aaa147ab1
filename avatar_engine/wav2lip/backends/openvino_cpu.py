"""The OpenVINO backend, and the precisions that this processor is fast in."""

import sys
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
from torch import nn

from .base import FaceFeatures, MelWindows, MouthPixels, PixelNetwork, example_inputs

Precision = Literal["fp32", "bf16", "int8"]
"""Of the convolutions; with ``"int8"`` of those of the large maps (``quantization``)."""

_CPUINFO = Path("/proc/cpuinfo")


def native_precisions(cpuinfo: Path = _CPUINFO) -> set[Precision]:
    """What the processor's flags say that it multiplies by itself; elsewhere than on Linux fp32.

    OpenVINO offers bf16 on every processor with AVX-512; where it is only emulated, it is
    slower than fp32.
    """
    flags = _cpu_flags(cpuinfo)
    found: set[Precision] = {"fp32"}
    if flags & {"amx_bf16", "avx512_bf16"}:
        found.add("bf16")
    if flags & {"avx512_vnni", "avx_vnni"}:
        found.add("int8")
    return found


def fastest_precision(cpuinfo: Path = _CPUINFO) -> Precision:
    """int8 where the processor has VNNI, unless it has AMX, which is as fast in bf16."""
    found = native_precisions(cpuinfo)
    if "int8" in found and "amx_bf16" not in _cpu_flags(cpuinfo):
        return "int8"
    return "bf16" if "bf16" in found else "fp32"


def _cpu_flags(cpuinfo: Path) -> set[str]:
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


_BATCH_SIZES = (4, 2, 1)  # frames; for each of them the network is compiled


class OpenVinoBackend:
    """A network compiled for a few numbers of frames; any other number is drawn in parts.

    One that knows how many frames it draws needs a third less time than one that does not.

    A frame comes out the same bit for bit, whichever others are drawn with it.

    Args:
        decoder: The network; for ``int8`` as ``quantized_decoder`` makes it.
        maps: Of any frame, for their shapes.
        threads: Of the processor.
        precision: What is not in eight bits of an ``int8`` network is in bf16 where the
            processor has it, otherwise in fp32.
    """

    def __init__(
        self, decoder: nn.Module, maps: FaceFeatures, threads: int, precision: Precision
    ) -> None:
        disable_telemetry()
        import openvino
        from openvino import properties
        from openvino.properties import hint

        self.name = f"OpenVINO {precision}, {threads} thread{'s' * (threads > 1)}"
        in_bf16 = precision == "bf16" or (precision == "int8" and "bf16" in native_precisions())
        settings = {
            hint.performance_mode: hint.PerformanceMode.LATENCY,
            # The default is bf16 wherever it can be emulated, however slowly.
            hint.inference_precision: openvino.Type.bf16 if in_bf16 else openvino.Type.f32,
            properties.inference_num_threads: threads,
            properties.num_streams: 1,
            # Pinned, two processes would share the first core and leave the others idle.
            hint.enable_cpu_pinning: False,
        }
        # Two frames, or tracing would take the batch for a constant.
        inputs = example_inputs(maps, 2)
        shapes = [list(tensor.shape[1:]) for tensor in inputs]
        anything = [openvino.PartialShape([-1, *shape]) for shape in shapes]
        network = openvino.convert_model(
            PixelNetwork(decoder).eval(), example_input=inputs, input=anything
        )
        core = openvino.Core()
        self._requests: dict[int, openvino.InferRequest] = {}
        for size in _BATCH_SIZES:
            network.reshape({i: [size, *shape] for i, shape in enumerate(shapes)})
            compiled = core.compile_model(network, "CPU", settings)
            self._requests[size] = compiled.create_infer_request()
        self._lock = Lock()

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """See :class:`.base.InferenceBackend`."""
        drawn: list[MouthPixels] = []
        at = 0
        with self._lock:
            while at < len(mels):
                size = next(size for size in _BATCH_SIZES if size <= len(mels) - at)
                batch = slice(at, at + size)
                inputs = [mels[batch], *(level[batch] for level in maps)]
                # The output is the request's own and will be written over.
                outputs = self._requests[size].infer(inputs, share_inputs=True)
                drawn.append(np.array(outputs[0]))
                at += size
        return np.concatenate(drawn)


def disable_telemetry() -> None:
    """Keep OpenVINO from reporting to its makers that it was imported, and what it converts.

    Where this package is missing it does without; its own switch is a file in the user's home.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
