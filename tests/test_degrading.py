"""A machine that cannot keep up shows simpler pictures, never late sound."""

from collections.abc import Callable, Generator, Iterable

import numpy as np
import pytest

from avatar_engine import Encoder, Frames
from avatar_engine.degrading import Degrading
from avatar_engine.strain import FIRST_REST, LADDER, LIGHT_ITSELF, Strain
from tts_engine import Phoneme, Speech

FPS, RATE, SIZE = 25, 24_000, (16, 16)
FULL, LIGHT = 200, 50  # grey


class Clock:
    """Passes as it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Painter:
    """One grey for all pictures; takes its time for each that it draws."""

    fps, size = FPS, SIZE

    def __init__(self, clock: Clock, grey: int, cost: float) -> None:
        self.clock, self.grey, self.cost = clock, grey, cost
        self.n_drawn = 0

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Generator[Frames, None, None]:
        for piece in speech:
            n = len(piece.samples) * FPS // RATE
            for start in range(0, n, 5):
                k = min(5, n - start)
                n_drawn = -(-k // every())
                self.clock.now += self.cost * n_drawn
                self.n_drawn += n_drawn
                pixels = np.full((k, *SIZE, 3), self.grey, np.uint8)
                at = start * RATE // FPS
                sound = Speech(piece.samples[at : at + k * RATE // FPS], RATE, "")
                yield Frames(pixels, FPS, first, sound)
                first += k


def speech(seconds: float) -> list[Speech]:
    """Two pieces; every sample is told from every other."""
    n = round(seconds * RATE)
    samples = np.linspace(-1, 1, n, dtype=np.float32)
    half = n // 2
    phonemes = (Phoneme("a", 0.0),)
    return [
        Speech(samples[:half], RATE, "", phonemes),
        Speech(samples[half:], RATE, "", phonemes),
    ]


def degrading(cost: float, light_cost: float = 0.001) -> tuple[Degrading, Painter, Clock]:
    clock = Clock()
    full = Painter(clock, FULL, cost)
    light = Painter(clock, LIGHT, light_cost)
    return Degrading(full, light, Strain(clock), clock), full, clock


def test_a_machine_that_keeps_up_shows_every_picture() -> None:
    avatar, full, _ = degrading(cost=0.02)
    frames = list(avatar.render(speech(10)))
    assert full.n_drawn == 250
    assert all((f.pixels == FULL).all() and not f.is_eased for f in frames)
    assert avatar.strain.n_steps_down == 0


def test_where_half_the_pictures_can_be_drawn_every_second_one_is() -> None:
    avatar, full, _ = degrading(cost=0.05)
    frames = list(avatar.render(speech(10)))
    assert avatar.strain.n_steps_down
    assert 200 > full.n_drawn > 125
    assert not frames[0].is_eased and frames[-1].is_eased
    assert all((f.pixels == FULL).all() for f in frames)


def test_where_even_that_is_too_slow_the_light_avatar_takes_over_in_the_sentence() -> None:
    avatar, _, _ = degrading(cost=0.2)
    given = speech(10)
    frames = list(avatar.render(given, first=7))
    assert (frames[0].pixels == FULL).all() and (frames[-1].pixels == LIGHT).all()
    assert [f.first for f in frames] == list(7 + np.cumsum([0, *map(len, frames)])[:-1])
    sound = np.concatenate([f.speech.samples for f in frames])
    assert np.array_equal(sound, np.concatenate([s.samples for s in given])), "not a sample missing"


def test_where_nothing_is_fast_enough_replies_are_sound_alone() -> None:
    avatar, _, _ = degrading(cost=0.2, light_cost=0.1)
    list(avatar.render(speech(4)))
    assert avatar.strain.ease == "sound"


def test_an_avatar_that_none_is_lighter_than_draws_every_second_picture_to_the_end() -> None:
    clock = Clock()
    painter = Painter(clock, FULL, 0.2)
    avatar = Degrading(painter, None, Strain(clock, LIGHT_ITSELF), clock)
    frames = list(avatar.render(speech(10)))
    assert sum(map(len, frames)) == 250 and all((f.pixels == FULL).all() for f in frames)
    assert frames[-1].is_eased and 125 < painter.n_drawn < 170
    assert avatar.strain.ease == "sound", "and the next reply is sound alone"


def test_the_pictures_return_by_themselves_step_by_step() -> None:
    avatar, full, clock = degrading(cost=0.2)
    list(avatar.render(speech(4)))
    assert (next(avatar.render(speech(4))).pixels == LIGHT).all()
    full.cost = 0.02
    clock.now += FIRST_REST
    frames = list(avatar.render(speech(2)))
    assert all((f.pixels == FULL).all() and f.is_eased for f in frames)
    clock.now += FIRST_REST
    assert not any(f.is_eased for f in avatar.render(speech(4)))


def test_a_try_that_fails_makes_the_next_one_later() -> None:
    avatar, _, clock = degrading(cost=0.2)
    list(avatar.render(speech(10)))
    tries = []
    while clock.now < 150:
        if (next(avatar.render(speech(4))).pixels == FULL).all():
            list(avatar.render(speech(4)))
            tries.append(clock.now)
        clock.now += 0.1
    rests = np.diff(tries)
    assert len(rests) > 2 and (np.diff(rests[:3]) > FIRST_REST).all()


def test_waiting_for_the_voice_is_no_strain() -> None:
    avatar, _, clock = degrading(cost=0.02)

    def slowly() -> Generator[Speech, None, None]:
        for piece in speech(10):
            clock.now += 20
            yield piece

    assert not any(f.is_eased for f in avatar.render(slowly()))


@pytest.mark.parametrize("step", range(len(LADDER) - 1))
def test_notes_of_another_step_do_not_count(step: int) -> None:
    strain = Strain(Clock())
    for _ in range(100):
        strain.drew(LADDER[step + 1], 1.0, 9.0)
    assert strain.ease == "full"


def test_fragments_say_how_many_of_their_frames_were_eased() -> None:
    encoder = Encoder(SIZE, FPS, RATE)
    sound = Speech(np.zeros(7 * RATE // FPS, np.float32), RATE)
    pixels = np.zeros((7, *SIZE, 3), np.uint8)
    fragments = list(encoder.add(Frames(pixels, FPS, 0, sound)))
    fragments += encoder.add(Frames(pixels, FPS, 7, sound, is_eased=True))
    fragments += encoder.close()
    assert sum(f.n_frames for f in fragments) == 14
    assert sum(f.n_eased for f in fragments) == 7
