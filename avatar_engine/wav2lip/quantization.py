"""Eight-bit quantization of the large maps: int8 is several times as fast as fp32.

Post-training quantisation as in Jacob et al. (arXiv:1712.05877): a layer's input is rounded to
256 levels between 0 and a largest value, its weights to 255 levels for each output channel. Only
the layers from 24 rows on are rounded. They take most of the time, and forgive it: each of their
values is one of many that make a pixel. In the small maps below, an error would be spread over
the whole mouth: rounding them costs 14 dB and saves little.

The largest values are measured once (``calibration``), when weights are exported, and kept in a
file beside them, which is all that a start reads.
"""

import copy
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from zhengwen.atomic_write import atomic_path

from .backends.base import FaceFeatures, MelWindows, MouthPixels
from .split_generator import MouthDecoder

MIN_MOUTH_PSNR = 38.0
"""dB of PSNR against fp32 at the mouth; below it, eight bits are used only on request."""

_FIRST_LARGE = 3  # block of the decoder; its output has 24 rows
_MOUTH_PIXELS = (
    slice(24, 168),
    slice(48, 208),
)  # of what is drawn, (192, 256): where speech changes it


class QuantizationError(ValueError):
    """The ranges of a weights file cannot be used; the text says how to measure them again."""


@dataclass(frozen=True, slots=True)
class QuantizationRanges:
    """What eight bits need to know of a network."""

    weights_sha256: str
    """Of the file of weights they were measured with."""
    input_max: tuple[float, ...]
    """The largest input of each rounded layer, above 0, in the order of the network."""
    mouth_psnr: float
    """dB against fp32 at the mouth, of the worst presenter, on frames not measured with."""


def ranges_file(weights: Path) -> Path:
    """Where the ranges of a weights file are kept.

    >>> ranges_file(Path("lips/generator.safetensors")).name
    'generator.int8.json'
    """
    return weights.with_suffix(".int8.json")


def read_ranges(weights: Path) -> QuantizationRanges:
    """The ranges kept beside a weights file.

    Raises:
        QuantizationError: There are none, they are damaged, or they are of other weights.
    """
    path = ranges_file(weights)
    advice = f"measure them with: python -m avatar_engine quantize {weights}"
    try:
        read = json.loads(path.read_text("utf-8"))
        input_max = tuple(float(value) for value in read["input_max"])
        ranges = QuantizationRanges(read["weights_sha256"], input_max, float(read["mouth_psnr"]))
    except FileNotFoundError as error:
        raise QuantizationError(f"there are no eight-bit ranges at {path}; {advice}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuantizationError(f"{path} is damaged ({error}); {advice}") from error
    if ranges.weights_sha256 != file_sha256(weights):
        raise QuantizationError(f"{path} belongs to other weights than {weights}; {advice}")
    return ranges


def write_ranges(ranges: QuantizationRanges, weights: Path) -> Path:
    """Keep ranges beside their weights file; returns where.

    Raises:
        OSError: The file cannot be written; one that was there is left as it was.
    """
    path = ranges_file(weights)
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(asdict(ranges), indent=1) + "\n", "utf-8")
    return path


def file_sha256(path: Path) -> str:
    """In hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quantized_decoder(decoder: MouthDecoder, input_max: tuple[float, ...]) -> MouthDecoder:
    """The network with its large maps in eight bits; torch only imitates them, in fp32.

    Args:
        decoder: It is not changed.
        input_max: As in ``QuantizationRanges``.

    Raises:
        QuantizationError: The network has another number of layers.
    """
    decoder = copy.deepcopy(decoder)
    places = list(_large_convolutions(decoder))
    if len(places) != len(input_max):
        raise QuantizationError(f"{len(input_max)} ranges are not of {len(places)} layers")
    for (parent, name, layer), largest in zip(places, input_max, strict=True):
        setattr(parent, name, _QuantizedConvolution(layer, largest))
    return decoder.eval().requires_grad_(False)


def largest_inputs(
    decoder: MouthDecoder, mels: MelWindows, maps: FaceFeatures
) -> tuple[float, ...]:
    """The largest value that each layer to be rounded is given in some frames.

    Args:
        decoder: It is not changed.
        mels: Of frames that are typical.
        maps: Of the same frames.
    """
    found: list[float] = []

    def note(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        found.append(max(float(given[0].max()), 1e-12))  # none may be divided by 0

    layers = [layer for _, _, layer in _large_convolutions(decoder)]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        with torch.inference_mode():
            decoder(torch.from_numpy(mels), *(torch.from_numpy(level).float() for level in maps))
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(found)


def mouth_psnr(drawn: MouthPixels, exact: MouthPixels) -> float:
    """PSNR at the mouth, dB; both (n, 192, 256, 3)."""
    rows, columns = _MOUTH_PIXELS
    off = drawn[:, rows, columns].astype(np.float64) - exact[:, rows, columns]
    return 10 * math.log10(255**2 / max(float(np.mean(off**2)), 1e-10))


def _large_convolutions(
    decoder: MouthDecoder,
) -> Iterator[tuple[nn.Module, str, nn.Conv2d | nn.ConvTranspose2d]]:
    """Every convolution to be rounded, in the order it runs, with its parent and name there."""
    for part in (*decoder.blocks[_FIRST_LARGE:], decoder.output):
        for parent in part.modules():
            for name, layer in parent.named_children():
                if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                    yield parent, name, layer


class _QuantizedConvolution(nn.Module):
    """A convolution whose input and weights are rounded.

    Args:
        layer: Its input is what came out of a ReLU.
        input_max: Inputs above it are cut off.
    """

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d, input_max: float) -> None:
        super().__init__()
        self.layer = layer
        self._input_step = input_max / 255
        self._channels = 1 if isinstance(layer, nn.ConvTranspose2d) else 0  # axis of the weights
        others = [axis for axis in range(4) if axis != self._channels]
        self._steps = layer.weight.detach().abs().amax(others).clamp_min(1e-12) / 127
        self._zeros = torch.zeros(len(self._steps), dtype=torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w), at least 0, to (B, C', h', w')."""
        layer = self.layer
        x = torch.fake_quantize_per_tensor_affine(x, self._input_step, 0, 0, 255)
        weight = torch.fake_quantize_per_channel_affine(
            layer.weight, self._steps, self._zeros, self._channels, -127, 127
        )
        if isinstance(layer, nn.ConvTranspose2d):
            padding = cast(tuple[int, int], layer.padding)
            extra = cast(tuple[int, int], layer.output_padding)
            return conv_transpose2d(x, weight, layer.bias, layer.stride, padding, extra)
        return conv2d(x, weight, layer.bias, layer.stride, layer.padding)
