"""What x264 needs for a talking head before a still background."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_engine.encode import X264
from avatar_engine.faces import squares
from avatar_engine.presenter import Presenter
from avatar_engine.viseme import VisemeAvatar
from tts_engine.espeak import EspeakVoice

from .material import PRESENTER, SENTENCE
from .row import psnr, timed

Picture = NDArray[np.uint8]

CHOICES = (
    ("ultrafast", 23),
    ("superfast", 24),
    ("superfast", 23),
    ("veryfast", 23),
    ("faster", 23),
)
"""Presets and constant rate factors; the shipped pair is one of them."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to encode."""

    preset: str
    crf: int
    is_shipped: bool
    cpu_ms: float
    """Of a frame; x264 alone."""
    kbit_s: float
    face_db: float
    """PSNR of the lower half of the face's brightness."""


def measure_encoding() -> Iterator[Encoding]:
    """The shipped presenter says a sentence; every way encodes the same pictures."""
    presenter = Presenter(PRESENTER)
    said = VisemeAvatar(presenter).render(EspeakVoice().speak(SENTENCE))
    pictures = np.concatenate([frames.pixels for frames in said])
    planar = [cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420) for picture in pictures]
    left, top, side = (int(v) for v in squares(presenter.faces)[0])
    face = slice(top + side // 2, top + side), slice(left, left + side)
    fps = presenter.card.fps
    for preset, crf in CHOICES:
        options = X264 | {"preset": preset, "crf": str(crf)}
        encode = partial(_encode, planar, presenter.size, fps, options)
        film = encode()
        seen = np.stack([picture[face] for picture in _decode(film)])
        yield Encoding(
            preset=preset,
            crf=crf,
            is_shipped=options == X264,
            cpu_ms=timed(encode, len(planar))[1],
            kbit_s=sum(map(len, film)) * 8 / 1000 * fps / len(planar),
            face_db=psnr(seen, np.stack([picture[face] for picture in planar])),
        )


def _encode(
    planar: list[Picture], size: tuple[int, int], fps: int, options: dict[str, str]
) -> list[bytes]:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate = (
        "yuv420p",
        Fraction(1, fps),
        Fraction(fps),
    )
    context.gop_size, context.thread_count, context.options = 2 * fps, 1, dict(options)
    packets = []
    for n, picture in enumerate(planar):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = n
        packets += context.encode(frame)
    return [bytes(packet) for packet in packets + context.encode(None)]


def _decode(film: list[bytes]) -> Iterator[Picture]:
    context = av.CodecContext.create("h264", "r")
    for packet in [*map(av.Packet, film), None]:
        for frame in context.decode(packet):
            yield cast(Picture, frame.to_ndarray(format="yuv420p"))
