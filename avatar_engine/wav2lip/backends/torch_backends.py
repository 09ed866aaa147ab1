"""The torch backends: any processor, and CUDA."""

import copy
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from torch import Tensor, nn

from .base import FaceFeatures, MelWindows, MouthPixels, PixelNetwork, example_inputs


class TorchCpuBackend:
    """In fp32.

    Args:
        decoder: The network.
        threads: Of the processor; also of whatever else this process does with torch.
    """

    def __init__(self, decoder: nn.Module, threads: int) -> None:
        self.name = f"torch fp32, {threads} thread{'s' * (threads > 1)}"
        self._threads = threads
        pixels = PixelNetwork(decoder).eval()
        self._pixels = pixels.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._lock = Lock()

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """See :class:`.base.InferenceBackend`."""
        with self._lock, torch.inference_mode():
            if torch.get_num_threads() != self._threads:  # others set it for their own ends
                torch.set_num_threads(self._threads)
            drawn: MouthPixels = self._pixels(*map(torch.from_numpy, (mels, *maps))).numpy()
        return drawn


_GRAPH_SIZES = (1, 2, 4, 8, 16, 32, 64)  # frames; a graph is recorded for each that is needed


class TorchCudaBackend:
    """In fp16 with channels last. A batch is one CUDA graph, a single launch.

    On a card the network's thirty small layers take longer to launch than to compute; a graph
    launches them all at once. It is recorded at the first use of its size, and a batch runs in
    the next larger one.

    Args:
        decoder: The network; it is not changed.
        maps: Of any frame, for their shapes.
    """

    def __init__(self, decoder: nn.Module, maps: FaceFeatures) -> None:
        self.name = f"CUDA fp16, {torch.cuda.get_device_name()}"
        pixels = PixelNetwork(copy.deepcopy(decoder).half()).eval().cuda()
        self._pixels = pixels.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._maps = maps
        self._graphs: dict[int, _CudaGraph] = {}
        self._lock = Lock()

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """See :class:`.base.InferenceBackend`."""
        drawn = []
        with self._lock, torch.inference_mode():
            for first in range(0, len(mels), _GRAPH_SIZES[-1]):
                last = first + _GRAPH_SIZES[-1]
                inputs = [torch.from_numpy(mels[first:last])]
                inputs += [torch.from_numpy(level[first:last]) for level in maps]
                n = len(inputs[0])
                graph = self._graph(next(size for size in _GRAPH_SIZES if size >= n))
                for tensor, part in zip(graph.inputs, inputs, strict=True):
                    tensor[:n].copy_(part)
                graph.graph.replay()
                drawn.append(graph.output[:n].cpu().numpy())
        return np.concatenate(drawn)

    def _graph(self, size: int) -> "_CudaGraph":
        if size not in self._graphs:
            inputs = [tensor.cuda() for tensor in example_inputs(self._maps, size)]
            # Libraries choose their kernels in the first runs, which no graph may record.
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    self._pixels(*inputs)
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                output = self._pixels(*inputs)
            self._graphs[size] = _CudaGraph(graph, inputs, output)
        return self._graphs[size]


@dataclass(frozen=True, slots=True)
class _CudaGraph:
    """A recorded run: what is copied into ``inputs`` comes out as ``output``."""

    graph: torch.cuda.CUDAGraph
    inputs: list[Tensor]
    output: Tensor
