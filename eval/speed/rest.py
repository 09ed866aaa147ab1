"""The rest of a frame's way: what is heard, the picture around the face, the film."""

from collections.abc import Callable

import cv2
import numpy as np

from avatar_engine.base import Frames
from avatar_engine.encode import Encoder
from avatar_engine.faces import cut, squares
from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip.ear import Ear
from avatar_engine.wav2lip.paste import paste
from tts_engine import Speech
from tts_engine.espeak import EspeakVoice

from .material import PRESENTER, SENTENCE
from .row import timed

N = 25  # frames of a round; a second
AT_ONCE = 4  # frames that are heard and drawn together


def measure_rest() -> dict[str, float]:
    """CPU time of each step, ms a frame."""
    presenter = Presenter(PRESENTER)
    where = squares(presenter.faces)
    spoken = list(EspeakVoice().speak(SENTENCE))
    rate = spoken[0].sample_rate
    sound = np.concatenate([piece.samples for piece in spoken])
    sound = np.resize(sound, N * rate // presenter.card.fps)
    per_frame = rate // presenter.card.fps

    def hear() -> None:
        ear = Ear(rate)
        for first in range(0, N, AT_ONCE):
            ear.hear(sound[first * per_frame : (first + AT_ONCE) * per_frame])
        ear.hear(sound[:0], last=True)
        for first in range(0, N, AT_ONCE):
            ear.windows(first, min(first + AT_ONCE, N))

    pictures = np.stack([presenter.frame(i) for i in range(N)])
    rng = np.random.default_rng(0)
    faces = [cut(pictures[i], where[i]) for i in range(N)]
    for face in faces:  # a mouth that moves, for x264
        face[300:330, 160 : 224 + int(rng.integers(-20, 20))] //= 2

    def read_loop() -> None:
        for i in range(N):
            presenter.frame(i)

    def put_back() -> None:
        for i in range(N):
            left, top, side = where[i]
            paste(pictures[i], faces[i], np.array([left, top, side, side]))

    def turn_colours() -> None:
        for picture in pictures:
            cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)

    def encode() -> None:
        encoder = Encoder(presenter.size, presenter.card.fps, rate)
        for first in range(0, N, AT_ONCE):
            some = pictures[first : first + AT_ONCE]
            heard = sound[first * per_frame : (first + len(some)) * per_frame]
            speech = Speech(heard, rate)
            list(encoder.add(Frames(some, presenter.card.fps, first, speech)))
        list(encoder.close())

    def cpu_ms(work: Callable[[], object]) -> float:
        work()
        return timed(work, N)[1]

    width, height = presenter.size
    colours = cpu_ms(turn_colours)
    return {
        "hear: mel spectrogram": cpu_ms(hear),
        f"loop frame to RGB, {width}x{height}": cpu_ms(read_loop),
        "paste the drawn face": cpu_ms(put_back),
        "RGB to YUV": colours,
        "x264, AAC, MP4": max(0.0, cpu_ms(encode) - colours),
    }
