"""What every Avatar can be relied on to do. Run it on yours."""

import inspect
from typing import cast

import numpy as np

from tts_engine import Phoneme, Speech

from .adaptive import FrameSkippingAvatar
from .base import Avatar, AvatarCapabilities, Frames

SAMPLE_RATE = 22_050  # Hz


def check_avatar(avatar: Avatar) -> None:
    """Raise AssertionError, with a sentence, for the first promise that is broken."""
    width, height = avatar.size
    pieces = [_speech(0.5), _speech(0.73)]
    frames = list(avatar.render(pieces, first=3))
    assert frames, "an avatar draws something for every sound"
    expected_first = 3
    for some in frames:
        assert some.fps == avatar.fps, "one frame rate throughout"
        assert some.pixels.dtype == np.uint8, "pictures are bytes"
        assert some.pixels.shape[1:] == (height, width, 3), "size is (width, height)"
        assert some.first == expected_first, "frames are numbered on, without gaps"
        per_frame = some.speech.sample_rate // some.fps
        assert len(some.speech.samples) == len(some) * per_frame, "each frame carries its sound"
        expected_first += len(some)

    before = np.concatenate([piece.samples for piece in pieces])
    after = np.concatenate([some.speech.samples for some in frames])
    assert np.array_equal(after[: len(before)], before), "the sound goes through unchanged"
    assert not after[len(before) :].any(), "only silence is added, at the end"

    stopped = avatar.render(iter(pieces))
    next(stopped)
    stopped.close()  # a visitor who interrupts
    again = list(avatar.render(pieces, first=3))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(frames, again, strict=True)), (
        "an interruption leaves nothing behind"
    )
    assert not list(avatar.render([])), "no sound, no pictures"
    _check_capabilities(avatar, pieces, frames)


def _check_capabilities(avatar: Avatar, pieces: list[Speech], frames: list[Frames]) -> None:
    declared = getattr(avatar, "capabilities", AvatarCapabilities())
    assert isinstance(declared, AvatarCapabilities), "capabilities are AvatarCapabilities"
    takes_every = "every" in inspect.signature(avatar.render).parameters
    assert takes_every == declared.frame_skipping, "every is taken if frame_skipping is declared"
    if declared.frame_skipping:
        skipping = cast(FrameSkippingAvatar, avatar)
        halved = list(skipping.render(pieces, first=3, every=lambda: 2))
        assert sum(map(len, halved)) == sum(map(len, frames)), "at half the rate as many frames"
        for some in halved:
            for i in range(1, len(some), 2):
                assert np.array_equal(some.pixels[i], some.pixels[i - 1]), "skipped ones repeat"
    takes_cache = "cache" in inspect.signature(type(avatar)).parameters
    assert takes_cache or not declared.feature_cache, "cache is taken if feature_cache is declared"


def _speech(seconds: float) -> Speech:
    n = round(seconds * SAMPLE_RATE)
    sound = 0.1 * np.sin(np.arange(n) * 2 * np.pi * 200 / SAMPLE_RATE)
    phonemes = (Phoneme("m", 0.0), Phoneme("a", seconds / 3), Phoneme("", seconds * 0.9))
    return Speech(sound.astype(np.float32), SAMPLE_RATE, "妈", phonemes)
