"""Sound and pictures on one clock."""

import io
import itertools
from collections.abc import Iterable, Iterator

import av
import numpy as np
import pytest

from avatar_engine import Encoder, Frames, SoundOnly, whole_frames
from avatar_engine.video.encoder import FIRST_FRAGMENTS, LATER_FRAGMENT, Fragment, nal_units
from tts_engine import Phoneme, Speech

RATE, FPS, SIZE = 22_050, 25, (320, 240)
BEEP_AT = 1.0  # s


def tone(seconds: float, start: float = 0.0) -> Speech:
    t = np.arange(round(seconds * RATE)) / RATE + start
    sound = np.where((t >= BEEP_AT) & (t < BEEP_AT + 0.2), 0.5 * np.sin(2 * np.pi * 440 * t), 0)
    return Speech(sound.astype(np.float32), RATE)


def film(n_frames: int) -> list[Frames]:
    """A white flash and a beep at the same moment."""
    frames = []
    for first in range(0, n_frames, 10):
        n = min(10, n_frames - first)
        pixels = np.full((n, SIZE[1], SIZE[0], 3), 30, np.uint8)
        for i in range(n):
            if BEEP_AT <= (first + i) / FPS < BEEP_AT + 0.2:
                pixels[i] = 230
        frames.append(Frames(pixels, FPS, first, tone(n / FPS, first / FPS)))
    return frames


def encode(
    frames: Iterable[Frames], size: tuple[int, int], fps: int, rate: int
) -> Iterator[Fragment]:
    encoder = Encoder(size, fps, rate)
    for some in frames:
        yield from encoder.add(some)
    yield from encoder.close()


def whole_file(n_frames: int) -> io.BytesIO:
    return io.BytesIO(b"".join(f.data for f in encode(film(n_frames), SIZE, FPS, RATE)))


def test_flash_and_beep_of_the_encoded_film_coincide() -> None:
    with av.open(whole_file(50), "r") as container:
        flash = next(
            float(frame.time)
            for frame in container.decode(video=0)
            if frame.to_ndarray().mean() > 120
        )
    with av.open(whole_file(50), "r") as container:
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    beep = np.argmax(np.abs(sound) > 0.1) / RATE
    assert flash == pytest.approx(BEEP_AT)
    assert abs(beep - flash) < 0.02  # the ear forgives 45 ms (ITU-R BT.1359)


def test_no_frame_is_lost_and_none_is_made_up() -> None:
    with av.open(whole_file(43), "r") as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([i / FPS for i in range(43)])


def test_sound_lasts_as_long_as_the_pictures() -> None:
    with av.open(whole_file(43), "r") as container:
        n_samples = sum(frame.samples for frame in container.decode(audio=0))
    assert 0 <= n_samples / RATE - 43 / FPS < 0.1


def test_fragments_are_small_at_the_start_and_larger_later() -> None:
    fragments = list(encode(film(40), SIZE, FPS, RATE))
    assert fragments[0].kind == "init"
    sizes = [f.n_frames for f in fragments[1:]]
    assert tuple(sizes[: len(FIRST_FRAGMENTS)]) == FIRST_FRAGMENTS
    assert set(sizes[len(FIRST_FRAGMENTS) : -1]) == {LATER_FRAGMENT}
    assert sum(sizes) == 40


def test_fragments_follow_each_other_without_gap_in_time() -> None:
    media = [f for f in encode(film(40), SIZE, FPS, RATE) if f.kind == "media"]
    for earlier, later in itertools.pairwise(media):
        assert earlier.pts_ms + earlier.duration_ms == later.pts_ms


def test_every_beginning_of_the_stream_is_playable() -> None:
    fragments = list(encode(film(40), SIZE, FPS, RATE))
    beginning = io.BytesIO(b"".join(f.data for f in fragments[:4]))
    with av.open(beginning, "r") as container:
        assert len(list(container.decode(video=0))) == sum(FIRST_FRAGMENTS[:3])


def test_colours_survive_the_encoding() -> None:
    pixels = np.zeros((10, SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:] = (200, 80, 40)
    stream = encode([Frames(pixels, FPS, 0, tone(0.4))], SIZE, FPS, RATE)
    with av.open(io.BytesIO(b"".join(f.data for f in stream)), "r") as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(picture[120, 160].astype(int) - (200, 80, 40)).max() <= 3


def test_sound_alone_is_a_film_without_pictures() -> None:
    faceless = SoundOnly(FPS)
    stream = list(encode(faceless.render([tone(1.5)]), faceless.size, FPS, RATE))
    assert stream[0].mime.startswith("audio/mp4")
    with av.open(io.BytesIO(b"".join(f.data for f in stream)), "r") as container:
        assert not container.streams.video
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert np.abs(sound).max() > 0.3


def test_an_odd_picture_size_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="must be even"):
        Encoder((321, 240), FPS, RATE)


def test_whole_frames_pads_only_the_end_and_keeps_every_sample() -> None:
    pieces = [tone(0.13), tone(0.331), tone(0.01)]
    cut = list(whole_frames(pieces, FPS))
    per_frame = RATE // FPS
    assert all(len(p.samples) % per_frame == 0 for p in cut)
    before = np.concatenate([p.samples for p in pieces])
    after = np.concatenate([p.samples for p in cut])
    assert 0 <= len(after) - len(before) < per_frame
    np.testing.assert_array_equal(after[: len(before)], before)


def test_whole_frames_keeps_phonemes_at_their_moment() -> None:
    pieces = [
        Speech(tone(0.13).samples, RATE, "啊", (Phoneme("a", 0.0), Phoneme("m", 0.125))),
        Speech(tone(0.2).samples, RATE, "吧", (Phoneme("p", 0.03),)),
    ]
    heard, at = [], 0.0
    for piece in whole_frames(pieces, FPS):
        heard += [(p.symbol, round(at + p.start, 3)) for p in piece.phonemes]
        at += piece.seconds
    assert heard == [("a", 0.0), ("m", 0.125), ("p", 0.16)]
    assert "".join(p.text for p in whole_frames(pieces, FPS)) == "啊吧"


def test_nal_units_are_found_behind_both_kinds_of_start_code() -> None:
    stream = b"\0\0\0\1\x67ab\0\0\1\x68c\0\0\0\1\x65payload\0"
    assert list(nal_units(stream)) == [b"\x67ab", b"\x68c", b"\x65payload\0"]
