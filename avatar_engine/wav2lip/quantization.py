"""The large maps in eight bits: bytes are multiplied several times as fast as 32-bit numbers.

Post-training quantisation as in Jacob et al. (arXiv:1712.05877): a layer's input is rounded to
256 levels between 0 and the largest value seen in some frames, its weights to 255 levels for
each output channel. Only the layers from 24 rows on are rounded. They take most of the time, and
forgive it: each of their values is one of many that make a pixel. In the small maps below, an
error would be spread over the whole mouth: rounding them costs 14 dB and saves little.
"""

import copy
import math
from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from tts_engine.espeak.voice import EspeakVoice

from .backends.base import FaceFeatures, MelWindows, MouthPixels
from .mel import MelExtractor
from .split_generator import MouthDecoder

MIN_MOUTH_PSNR = 38.0
"""dB of PSNR against fp32 at the mouth; below it, eight bits are not used by themselves."""

N_CALIBRATION_FRAMES = 8  # frames; as many others show what rounding costs

_FIRST_LARGE = 3  # block of the decoder; its output has 24 rows
_MOUTH_PIXELS = (
    slice(24, 168),
    slice(48, 208),
)  # of what is seen, (192, 256): where speech changes it
_SENTENCES = (
    "您好，欢迎来到政务服务大厅，补办身份证需要带户口簿，请到三号窗口取号。",
    "Good morning, please bring your passport and two photographs to window five.",
)


def fake_quantized(speaking: MouthDecoder, mels: MelWindows, maps: FaceFeatures) -> MouthDecoder:
    """The network with its large maps in eight bits; torch only imitates them, in fp32.

    Args:
        speaking: It is not changed.
        mels: Of frames that are typical, for the largest values.
        maps: Of the same frames.
    """
    speaking = copy.deepcopy(speaking)
    large = nn.ModuleList([*speaking.blocks[_FIRST_LARGE:], speaking.output])
    layers = list(_with_fake_quantization(large))
    with torch.inference_mode():
        levels = (torch.from_numpy(level).float() for level in maps)
        speaking(torch.from_numpy(mels), *levels)
    for layer in layers:
        layer.is_rounding = True
    return speaking.eval().requires_grad_(False)


def calibration_mels() -> MelWindows:
    """Mel windows of men and women saying sentences, (2 * N_CALIBRATED, 1, 80, 16)."""
    windows: list[NDArray[np.float32]] = []
    for gender in ("female", "male"):
        voice = EspeakVoice(gender=gender)
        for sentence in _SENTENCES:
            ear = MelExtractor(voice.sample_rate)
            for piece in voice.speak(sentence):
                ear.hear(piece.samples)
            windows.append(ear.windows(0, ear.n_ready))
    said: MelWindows = np.concatenate(windows)
    chosen: MelWindows = said[np.linspace(0, len(said) - 1, 2 * N_CALIBRATION_FRAMES).astype(int)]
    return chosen


def mouth_psnr(drawn: MouthPixels, exact: MouthPixels) -> float:
    """PSNR at the mouth, dB."""
    rows, columns = _MOUTH_PIXELS
    off = drawn[:, rows, columns].astype(np.float64) - exact[:, rows, columns]
    return 10 * math.log10(255**2 / max(float(np.mean(off**2)), 1e-10))


def _with_fake_quantization(part: nn.Module) -> Iterator["_QuantizedConvolution"]:
    """Put what rounds into the place of every convolution."""
    for name, inner in list(part.named_children()):
        if isinstance(inner, nn.Conv2d | nn.ConvTranspose2d):
            layer = _QuantizedConvolution(inner)
            setattr(part, name, layer)
            yield layer
        else:
            yield from _with_fake_quantization(inner)


class _QuantizedConvolution(nn.Module):
    """A convolution, and what its input reached; once ``is_rounding``, in eight bits.

    Args:
        layer: It only ever saw what came out of a ReLU.
    """

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.layer = layer
        self.is_rounding = False
        self._largest = 1e-12  # none may be divided by 0
        self._channels = 1 if isinstance(layer, nn.ConvTranspose2d) else 0  # axis of the weights
        others = [axis for axis in range(4) if axis != self._channels]
        self._steps = layer.weight.detach().abs().amax(others).clamp_min(1e-12) / 127
        self._zeros = torch.zeros(len(self._steps), dtype=torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w), at least 0, to (B, C', h', w')."""
        layer = self.layer
        if not self.is_rounding:
            self._largest = max(self._largest, float(x.max()))
            return cast(Tensor, layer(x))
        x = torch.fake_quantize_per_tensor_affine(x, self._largest / 255, 0, 0, 255)
        weight = torch.fake_quantize_per_channel_affine(
            layer.weight, self._steps, self._zeros, self._channels, -127, 127
        )
        if isinstance(layer, nn.ConvTranspose2d):
            padding = cast(tuple[int, int], layer.padding)
            extra = cast(tuple[int, int], layer.output_padding)
            return conv_transpose2d(x, weight, layer.bias, layer.stride, padding, extra)
        return conv2d(x, weight, layer.bias, layer.stride, layer.padding)
