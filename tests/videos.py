"""Videos and recordings that tests are given: real files, made of the presenters that ship."""

import wave
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_engine import Presenter

PRESENTERS = Path(__file__).parent.parent / "assets" / "presenters"
SIDE = 240  # pixels of the test videos
RATE = 22_050  # Hz of their sound

Pixels = NDArray[np.uint8]
"""(height, width, 3), RGB."""


@cache
def presenter(name: str) -> Presenter:
    """One that ships; decoding it takes seconds, so all tests share it."""
    return Presenter(PRESENTERS / name)


def shrunk(frame: Pixels) -> Pixels:
    """A picture at the size of the test videos."""
    return np.asarray(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def presenter_frames(name: str, n: int) -> list[Pixels]:
    """The first frames of a presenter's idle loop, at the size of the test videos."""
    return [shrunk(presenter(name).frame(i)) for i in range(n)]


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def tone(seconds: float, rate: int = RATE, channels: int = 1) -> NDArray[np.float32]:
    """A tone that swells and fades, another one in each channel."""
    t = np.arange(round(seconds * rate)) / rate
    swelling = 0.3 * np.sin(2 * np.pi * 3 * t) ** 2
    both = [swelling * np.sin(2 * np.pi * hertz * t) for hertz in (300, 500)[:channels]]
    return np.stack(both, axis=1).squeeze().astype(np.float32)


def write_wav(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> Path:
    """Samples in [-1, 1], (n,) or (n, 2), as 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else 2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def write_video(
    path: Path,
    frames: Sequence[Pixels],
    samples: NDArray[np.floating] | None,
    *,
    times: Sequence[float] | None = None,
    rate: int = RATE,
    codec: str = "aac",
    late: float = 0.0,
    rotation: int = 0,
) -> Path:
    """Write a video; ``times`` in seconds for each frame, ``late`` seconds for the sound."""
    with av.open(str(path), "w") as out:
        height, width = frames[0].shape[:2]
        video = out.add_stream("libx264", rate=1000, options={"crf": "12", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.gop_size = 10
        if rotation:
            video.set_display_rotation(rotation)
        if samples is not None:
            layout = "stereo" if samples.ndim == 2 else "mono"
            audio = out.add_stream(codec, rate=rate, layout=layout)
            assert isinstance(audio, av.AudioStream)
            channels = samples.reshape(len(samples), -1).T
            pcm = np.ascontiguousarray(channels, np.float32)
            heard = av.AudioFrame.from_ndarray(pcm, format="fltp", layout=layout)
            heard.sample_rate, heard.time_base = rate, Fraction(1, rate)
            heard.pts = round(late * rate)
            out.mux(audio.encode(heard))
            out.mux(audio.encode(None))
        for i, frame in enumerate(frames):
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts = round(1000 * (times[i] if times is not None else i / 25))
            shown.time_base = Fraction(1, 1000)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
    return path
