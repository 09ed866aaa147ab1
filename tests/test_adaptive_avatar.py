"""A machine that cannot keep up shows simpler pictures, never late sound."""

from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np
import pytest

from agent.pipeline import AnswerPipeline, TimedIterator
from agent.types import Answer, Question, Sentence
from avatar_engine import Encoder, Fragment, Frames
from avatar_engine.adaptive import (
    FIRST_RETRY_DELAY,
    LEVELS_WITHOUT_LIGHT,
    QUALITY_LEVELS,
    STEP_DOWN_SETTLING,
    AdaptiveAvatar,
    LoadMonitor,
    RealtimeBudget,
)
from tests.session_doubles import ManualClock
from tts_engine import Phoneme, Speech

FPS, RATE, SIZE = 25, 24_000, (16, 16)
FULL, LIGHT = 200, 50  # grey


class Painter:
    """One grey for all pictures; takes its time for each that it draws."""

    fps, size = FPS, SIZE

    def __init__(self, clock: ManualClock, grey: int, cost: float) -> None:
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


class Stage:
    """Performs one sentence after the other, each a reply of its own."""

    def __init__(self, cost: float, light_cost: float | None = 0.001) -> None:
        self.clock = ManualClock()
        self.full = Painter(self.clock, FULL, cost)
        light = None if light_cost is None else Painter(self.clock, LIGHT, light_cost)
        self.load_monitor = LoadMonitor(
            self.clock, QUALITY_LEVELS if light else LEVELS_WITHOUT_LIGHT
        )
        self.avatar = AdaptiveAvatar(self.full, light, self.load_monitor)

    def perform(self, said: Iterable[Speech], first: int = 0) -> list[Frames]:
        pace, shown = RealtimeBudget(self.load_monitor), []
        drawing = TimedIterator(self.avatar.render(said, first=first), self.clock)
        for frames in drawing:
            shown.append(frames)
            pace.spend(len(frames) / FPS, drawing.lap())
        return shown


def test_a_machine_that_keeps_up_shows_every_picture() -> None:
    stage = Stage(cost=0.03)
    frames = stage.perform(speech(10))
    assert stage.full.n_drawn == 250
    assert all((f.pixels == FULL).all() and not f.is_degraded for f in frames)
    assert stage.load_monitor.n_steps_down == 0


def test_where_half_the_pictures_can_be_drawn_every_second_one_is() -> None:
    stage = Stage(cost=0.065)
    frames = stage.perform(speech(10))
    assert stage.load_monitor.n_steps_down
    assert 200 > stage.full.n_drawn > 125
    assert not frames[0].is_degraded and frames[-1].is_degraded
    assert all((f.pixels == FULL).all() for f in frames)


def test_where_even_that_is_too_slow_the_light_avatar_takes_over_in_the_sentence() -> None:
    given = speech(10)
    frames = Stage(cost=0.2).perform(given, first=7)
    assert (frames[0].pixels == FULL).all() and (frames[-1].pixels == LIGHT).all()
    assert [f.first for f in frames] == list(7 + np.cumsum([0, *map(len, frames)])[:-1])
    sound = np.concatenate([f.speech.samples for f in frames])
    assert np.array_equal(sound, np.concatenate([s.samples for s in given])), "not a sample missing"


def test_where_nothing_is_fast_enough_replies_are_sound_alone() -> None:
    stage = Stage(cost=0.2, light_cost=0.1)
    stage.perform(speech(2))
    assert stage.load_monitor.quality_level == "sound"


def test_without_a_light_avatar_the_main_one_draws_every_second_picture_to_the_end() -> None:
    stage = Stage(cost=0.2, light_cost=None)
    frames = stage.perform(speech(10))
    assert sum(map(len, frames)) == 250 and all((f.pixels == FULL).all() for f in frames)
    assert frames[-1].is_degraded and 125 < stage.full.n_drawn < 170
    assert stage.load_monitor.quality_level == "sound", "and the next reply is sound alone"


def test_the_pictures_return_by_themselves_step_by_step() -> None:
    stage = Stage(cost=0.2)
    stage.perform(speech(4))
    assert (stage.perform(speech(1))[0].pixels == LIGHT).all()
    stage.full.cost = 0.02
    stage.clock.now += FIRST_RETRY_DELAY
    assert all((f.pixels == FULL).all() and f.is_degraded for f in stage.perform(speech(2)))
    stage.clock.now += FIRST_RETRY_DELAY
    assert not any(f.is_degraded for f in stage.perform(speech(4)))


def test_a_retry_that_fails_makes_the_next_one_later() -> None:
    stage = Stage(cost=0.2)
    stage.perform(speech(10))
    tries = []
    while stage.clock.now < 150:
        if (stage.perform(speech(4))[0].pixels == FULL).all():
            tries.append(stage.clock.now)
        stage.clock.now += 0.1
    rests = np.diff(tries)
    assert len(rests) > 2 and (np.diff(rests[:3]) > FIRST_RETRY_DELAY).all()


def test_a_machine_that_becomes_slow_is_noticed_however_quick_it_was() -> None:
    """Before the three seconds have been played that a page may have in store."""
    pace, late = RealtimeBudget(load_monitor := LoadMonitor(ManualClock())), 0.0
    for _ in range(200):
        pace.spend(0.2, 0.01)
    while not load_monitor.n_steps_down:
        pace.spend(0.2, 0.4)
        late += 0.2
    assert late < 1.5


def test_one_picture_that_takes_long_is_no_reason_to_show_fewer() -> None:
    pace = RealtimeBudget(load_monitor := LoadMonitor(ManualClock()))
    for took in (0.01, 0.01, 0.01, 0.5, 0.01, 0.01):
        pace.spend(0.2, took)
    assert load_monitor.quality_level == "full"


def test_after_a_step_down_its_effect_is_waited_for() -> None:
    clock = ManualClock()
    load_monitor = LoadMonitor(clock)
    for _ in range(20):
        load_monitor.report(is_late=True)
    levels = [load_monitor.quality_level]
    clock.now += STEP_DOWN_SETTLING
    load_monitor.report(is_late=True)
    assert [*levels, load_monitor.quality_level] == ["half", "light"]


class ShortAnswers:
    """Answers with a sentence or two."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        return map(Sentence, (0, 1), ("您好。", "再见。"))


class Speaker:
    """Needs its time before it speaks."""

    sample_rate = RATE

    def __init__(self, clock: Callable[[], None]) -> None:
        self.waits = clock

    def speak(self, text: str) -> Generator[Speech]:
        self.waits()
        yield from speech(2)


def n_degraded_frames(
    pause: float, cost: float, monkeypatch: pytest.MonkeyPatch, encoding: float = 0.0
) -> int:
    """How many frames of a reply are degraded, if the voice pauses and pictures cost so much."""
    stage = Stage(cost, light_cost=None)
    monkeypatch.setattr("agent.pipeline.TimedIterator.__init__.__defaults__", (stage.clock,))

    def wait() -> None:
        stage.clock.now += pause

    class Slow(Encoder):
        def add(self, frames: Frames) -> Iterator[Fragment]:
            stage.clock.now += encoding * len(frames)
            yield from super().add(frames)

    monkeypatch.setattr("agent.pipeline.Encoder", Slow)
    session = AnswerPipeline(
        ShortAnswers(), Speaker(wait), stage.avatar, load_monitor=stage.load_monitor
    )
    events = list(session.reply(Question("?")))
    return sum(event.n_degraded for event in events if isinstance(event, Fragment))


def test_a_reply_that_falls_behind_its_playback_is_degraded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert n_degraded_frames(pause=0.0, cost=0.06, monkeypatch=monkeypatch) > 50


def test_encoding_counts_like_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert n_degraded_frames(pause=0.0, cost=0.02, encoding=0.01, monkeypatch=monkeypatch) == 0
    assert n_degraded_frames(pause=0.0, cost=0.02, encoding=0.04, monkeypatch=monkeypatch) > 50


def test_waiting_for_the_voice_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert n_degraded_frames(pause=20.0, cost=0.03, monkeypatch=monkeypatch) == 0


def test_fragments_say_how_many_of_their_frames_were_degraded() -> None:
    encoder = Encoder(SIZE, FPS, RATE)
    sound = Speech(np.zeros(7 * RATE // FPS, np.float32), RATE)
    pixels = np.zeros((7, *SIZE, 3), np.uint8)
    fragments = list(encoder.add(Frames(pixels, FPS, 0, sound)))
    fragments += encoder.add(Frames(pixels, FPS, 7, sound, is_degraded=True))
    fragments += encoder.close()
    assert sum(f.n_frames for f in fragments) == 14
    assert sum(f.n_degraded for f in fragments) == 7
