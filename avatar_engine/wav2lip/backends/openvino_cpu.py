"""OpenVINO on a processor, whoever made it."""

import sys
from pathlib import Path
from threading import Lock

from torch import nn

from .base import Drawn, Maps, Mels
from .pixels import Pixels, example


class OpenVinoCpu:
    """In bf16 on processors that compute in it, otherwise in fp32.

    One compiled network draws any number of frames; in fp32 a frame comes out the same bit
    for bit, whichever others are drawn with it.

    Args:
        speaking: The network.
        maps: Of any frame, for their shapes.
        threads: Of the processor.
        bf16: None: as :func:`has_bf16` says.
    """

    def __init__(
        self, speaking: nn.Module, maps: Maps, threads: int, bf16: bool | None = None
    ) -> None:
        silence()
        import openvino
        from openvino import properties
        from openvino.properties import hint

        precision = "bf16" if (has_bf16() if bf16 is None else bf16) else "fp32"
        self.name = f"OpenVINO {precision}, {threads} thread{'s' * (threads > 1)}"
        pixels = Pixels(speaking).eval()
        # Two frames, or tracing would take the batch for a constant.
        given = example(maps, 2)
        shapes = [openvino.PartialShape([-1, *tensor.shape[1:]]) for tensor in given]
        network = openvino.convert_model(pixels, example_input=given, input=shapes)
        settings = {
            hint.performance_mode: hint.PerformanceMode.LATENCY,
            # The default is bf16 wherever it can be emulated, however slowly.
            hint.inference_precision: openvino.Type.bf16
            if precision == "bf16"
            else openvino.Type.f32,
            properties.inference_num_threads: threads,
            properties.num_streams: 1,
            # Pinned, two processes would share the first core and leave the others idle.
            hint.enable_cpu_pinning: False,
        }
        compiled = openvino.Core().compile_model(network, "CPU", settings)
        self._request = compiled.create_infer_request()
        self._turn = Lock()

    def draw(self, mels: Mels, maps: Maps) -> Drawn:
        """See :class:`.base.Backend`."""
        with self._turn:
            drawn: Drawn = self._request.infer([mels, *maps], share_inputs=True)[0]
        return drawn


def silence() -> None:
    """Keep OpenVINO from reporting to its makers that it was imported, and what it converts.

    Where this package is missing it does without; its own switch is a file in the user's home.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies in bf16 itself, by AMX or AVX-512.

    OpenVINO offers bf16 on every processor with AVX-512; where it is only emulated, it is
    slower than fp32. Elsewhere than on Linux: no.
    """
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return "amx_bf16" in flags or "avx512_bf16" in flags
