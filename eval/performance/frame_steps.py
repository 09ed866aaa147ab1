"""What a frame costs besides the network: mel spectrogram, pasting the face, encoding.

``python -m eval.performance.frame_steps`` prints the CPU time of each step as JSON.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_engine.base import Frames
from avatar_engine.face_detection import crop_square, face_squares
from avatar_engine.presenter import Presenter
from avatar_engine.video.encoder import X264_OPTIONS, Encoder
from avatar_engine.viseme.avatar import VisemeAvatar
from avatar_engine.wav2lip.blending import blend_face
from avatar_engine.wav2lip.mel import MelExtractor
from tts_engine import Speech
from tts_engine.espeak.voice import EspeakVoice

from .frame_inputs import PRESENTER, SENTENCE
from .network_benchmark import capped_psnr, time_per_item

FRAMES_A_ROUND = 25  # frames of a round; a second
AT_ONCE = 4  # frames in one batch


def measure_frame_steps() -> dict[str, float]:
    """CPU time of each step, ms a frame."""
    presenter = Presenter(PRESENTER)
    where = face_squares(presenter.faces)
    spoken = list(EspeakVoice().speak(SENTENCE))
    rate = spoken[0].sample_rate
    sound = np.concatenate([piece.samples for piece in spoken])
    sound = np.resize(sound, FRAMES_A_ROUND * rate // presenter.card.fps)
    per_frame = rate // presenter.card.fps

    def compute_mel() -> None:
        extractor = MelExtractor(rate)
        for first in range(0, FRAMES_A_ROUND, AT_ONCE):
            extractor.add(sound[first * per_frame : (first + AT_ONCE) * per_frame])
        extractor.add(sound[:0], last=True)
        for first in range(0, FRAMES_A_ROUND, AT_ONCE):
            extractor.windows(first, min(first + AT_ONCE, FRAMES_A_ROUND))

    pictures = np.stack([presenter.frame(i) for i in range(FRAMES_A_ROUND)])
    rng = np.random.default_rng(0)
    faces = [crop_square(pictures[i], where[i]) for i in range(FRAMES_A_ROUND)]
    for face in faces:  # a mouth that moves, for x264
        face[300:330, 160 : 224 + int(rng.integers(-20, 20))] //= 2

    def read_loop() -> None:
        for i in range(FRAMES_A_ROUND):
            presenter.frame(i)

    def put_back() -> None:
        for i in range(FRAMES_A_ROUND):
            left, top, side = where[i]
            blend_face(pictures[i], faces[i], np.array([left, top, side, side]))

    def turn_colours() -> None:
        for picture in pictures:
            cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)

    def encode() -> None:
        encoder = Encoder(presenter.size, presenter.card.fps, rate)
        for first in range(0, FRAMES_A_ROUND, AT_ONCE):
            some = pictures[first : first + AT_ONCE]
            heard = sound[first * per_frame : (first + len(some)) * per_frame]
            speech = Speech(heard, rate)
            list(encoder.add(Frames(some, presenter.card.fps, first, speech)))
        list(encoder.close())

    def cpu_ms(work: Callable[[], object]) -> float:
        work()
        return time_per_item(work, FRAMES_A_ROUND)[1]

    width, height = presenter.size
    colours = cpu_ms(turn_colours)
    return {
        "hear: mel spectrogram": cpu_ms(compute_mel),
        f"loop frame to RGB, {width}x{height}": cpu_ms(read_loop),
        "paste the drawn face": cpu_ms(put_back),
        "RGB to YUV": colours,
        "x264, AAC, MP4": max(0.0, cpu_ms(encode) - colours),
    }


Picture = NDArray[np.uint8]

ENCODER_SETTINGS = (
    ("ultrafast", 23),
    ("superfast", 24),
    ("superfast", 23),
    ("veryfast", 23),
    ("faster", 23),
)
"""Presets and constant rate factors; the shipped pair is one of them."""


@dataclass(frozen=True, slots=True)
class EncoderSetting:
    """One way to encode."""

    preset: str
    crf: int
    is_shipped: bool
    cpu_ms: float
    """Of a frame; x264 alone."""
    kbit_s: float
    face_db: float
    """PSNR of the lower half of the face's brightness."""


def measure_encoder_settings() -> Iterator[EncoderSetting]:
    """The shipped presenter says a sentence; every way encodes the same pictures."""
    presenter = Presenter(PRESENTER)
    said = VisemeAvatar(presenter).render(EspeakVoice().speak(SENTENCE))
    pictures = np.concatenate([frames.pixels for frames in said])
    planar = [cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420) for picture in pictures]
    left, top, side = (int(v) for v in face_squares(presenter.faces)[0])
    face = slice(top + side // 2, top + side), slice(left, left + side)
    fps = presenter.card.fps
    for preset, crf in ENCODER_SETTINGS:
        options = X264_OPTIONS | {"preset": preset, "crf": str(crf)}
        encode = partial(_encode, planar, presenter.size, fps, options)
        film = encode()
        seen = np.stack([picture[face] for picture in _decode(film)])
        yield EncoderSetting(
            preset=preset,
            crf=crf,
            is_shipped=options == X264_OPTIONS,
            cpu_ms=time_per_item(encode, len(planar))[1],
            kbit_s=sum(map(len, film)) * 8 / 1000 * fps / len(planar),
            face_db=capped_psnr(seen, np.stack([picture[face] for picture in planar])),
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


if __name__ == "__main__":
    print(json.dumps(measure_frame_steps()))
