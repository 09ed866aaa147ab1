"""OpenVINO on a processor, whoever made it."""

import sys
from threading import Lock

import numpy as np
from torch import nn

from .base import Drawn, Maps, Mels
from .pixels import Pixels, example
from .precision import Precision, native

_SIZES = (4, 2, 1)  # frames; for each of them the network is compiled


class OpenVinoCpu:
    """A network that knows how many frames it draws needs a third less time than one that does
    not: so it is compiled for a few numbers, and any other is drawn in parts.

    A frame comes out the same bit for bit, whichever others are drawn with it.

    Args:
        speaking: The network; for ``int8`` as ``eight_bits.rounded`` makes it.
        maps: Of any frame, for their shapes.
        threads: Of the processor.
        precision: What is not in eight bits of an ``int8`` network is in bf16 where the
            processor has it, otherwise in fp32.
    """

    def __init__(self, speaking: nn.Module, maps: Maps, threads: int, precision: Precision) -> None:
        silence()
        import openvino
        from openvino import properties
        from openvino.properties import hint

        self.name = f"OpenVINO {precision}, {threads} thread{'s' * (threads > 1)}"
        in_bf16 = precision == "bf16" or (precision == "int8" and "bf16" in native())
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
        given = example(maps, 2)
        shapes = [list(tensor.shape[1:]) for tensor in given]
        anything = [openvino.PartialShape([-1, *shape]) for shape in shapes]
        network = openvino.convert_model(
            Pixels(speaking).eval(), example_input=given, input=anything
        )
        core = openvino.Core()
        self._requests: dict[int, openvino.InferRequest] = {}
        for size in _SIZES:
            network.reshape({i: [size, *shape] for i, shape in enumerate(shapes)})
            compiled = core.compile_model(network, "CPU", settings)
            self._requests[size] = compiled.create_infer_request()
        self._turn = Lock()

    def draw(self, mels: Mels, maps: Maps) -> Drawn:
        """See :class:`.base.Backend`."""
        drawn: list[Drawn] = []
        at = 0
        with self._turn:
            while at < len(mels):
                size = next(size for size in _SIZES if size <= len(mels) - at)
                some = slice(at, at + size)
                given = [mels[some], *(level[some] for level in maps)]
                # The output is the request's own and will be written over.
                outputs = self._requests[size].infer(given, share_inputs=True)
                drawn.append(np.array(outputs[0]))
                at += size
        return np.concatenate(drawn)


def silence() -> None:
    """Keep OpenVINO from reporting to its makers that it was imported, and what it converts.

    Where this package is missing it does without; its own switch is a file in the user's home.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
