"""Calibration of eight-bit quantization, done once, when weights are exported."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tts_engine.espeak.voice import EspeakVoice

from ..presenter import Presenter
from .backends.base import FaceFeatures, MelWindows, MouthPixels
from .backends.torch_backends import TorchCpuBackend
from .feature_cache import FaceFeatureExtractor
from .mel import MelExtractor
from .model import Wav2Lip384
from .quantization import (
    QuantizationRanges,
    file_sha256,
    largest_inputs,
    mouth_psnr,
    quantized_decoder,
)
from .split_generator import split_generator
from .weights import load_weights

N_CALIBRATION_FRAMES = 32
"""Frames of each presenter; as many others show what rounding costs."""

RANGE_FACTOR = 0.8
"""Of the largest value seen. The few above it are cut off, and all others have finer steps;
measured best for the shipped weights and both presenters (``docs/speed.md``)."""

_FRAMES_AT_ONCE = 8
_SENTENCES = (
    "您好，欢迎来到政务服务大厅，补办身份证需要带户口簿，请到三号窗口取号。",
    "Good morning, please bring your passport and two photographs to window five.",
)

CalibrationProgress = Callable[[int, int], None]
"""Called with the number of frames done, and of all."""


def calibration_mels(n: int) -> MelWindows:
    """Mel windows of men and women saying sentences, (n, 1, 80, 16)."""
    windows: list[NDArray[np.float32]] = []
    for gender in ("female", "male"):
        voice = EspeakVoice(gender=gender)
        for sentence in _SENTENCES:
            extractor = MelExtractor(voice.sample_rate)
            for piece in voice.speak(sentence):
                extractor.add(piece.samples)
            windows.append(extractor.windows(0, extractor.n_ready))
    said: MelWindows = np.concatenate(windows)
    chosen: MelWindows = said[np.linspace(0, len(said) - 1, n).astype(int)]
    return chosen


def calibrate(
    weights: Path, presenters: Sequence[Presenter], progress: CalibrationProgress | None = None
) -> QuantizationRanges:
    """Measure ranges on half of some frames of every presenter, and what they cost on the others.

    Args:
        weights: Of the 384x384 generator.
        presenters: At least one; loop and face boxes are used.
        progress: Told after every frame.

    Raises:
        LipSyncWeightsError: The file cannot be used.
    """
    face_encoder, decoder = split_generator(load_weights(weights, Wav2Lip384))
    mels = calibration_mels(2 * N_CALIBRATION_FRAMES)
    n_frames = len(presenters) * len(mels)
    all_maps: list[FaceFeatures] = []
    for presenter in presenters:
        extractor = FaceFeatureExtractor(presenter, face_encoder)
        made = []
        for index in np.linspace(0, len(presenter) - 1, len(mels)).astype(int):
            made.append(extractor.maps(int(index)))
            if progress:
                progress(len(all_maps) * len(mels) + len(made), n_frames)
        all_maps.append([np.stack(level) for level in zip(*made, strict=True)])

    seen = [
        largest_inputs(decoder, mels[some], [level[some] for level in maps])
        for maps in all_maps
        for some in _parts(0, len(mels))
    ]
    input_max = tuple(RANGE_FACTOR * max(values) for values in zip(*seen, strict=True))
    exact = TorchCpuBackend(decoder, 1)
    rounded = TorchCpuBackend(quantized_decoder(decoder, input_max), 1)
    psnr = min(
        mouth_psnr(_draw(rounded, mels, maps), _draw(exact, mels, maps)) for maps in all_maps
    )
    return QuantizationRanges(file_sha256(weights), input_max, round(psnr, 1))


def _draw(backend: TorchCpuBackend, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
    """The frames that nothing was measured with."""
    drawn = [
        backend.draw(
            np.ascontiguousarray(mels[some]), [np.ascontiguousarray(level[some]) for level in maps]
        )
        for some in _parts(1, len(mels))
    ]
    return np.concatenate(drawn)


def _parts(first: int, n: int) -> list[slice]:
    """Every second of ``n`` frames, in slices small enough for the memory."""
    step = 2 * _FRAMES_AT_ONCE
    return [slice(start + first, min(start + step, n), 2) for start in range(0, n, step)]
