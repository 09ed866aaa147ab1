"""``eval profile``: what each stage took adds up to what the reply took."""

from collections.abc import Generator, Iterable, Iterator

import numpy as np
import pytest
from rich.console import Console

from agent.types import Question, Sentence
from avatar_engine import Frames
from eval.performance.stage_profile import STAGES, StageTimes, profile_stages, profile_table
from tts_engine import Speech

RATE, FPS = 24_000, 25
PAUSES = {"answer": 1.0, "speak": 0.25, "draw": 4.0}  # s, for each item


class Stages:
    """Answers, speaks and draws. By its clock no time passes but its pauses."""

    sample_rate, fps, size = RATE, FPS, (16, 16)

    def __init__(self, *pausing: str) -> None:
        self.pausing = pausing
        self.now = 0.0
        self.paused: dict[str, float] = {}
        """ms, in the reply that began last."""

    def clock(self) -> float:
        return self.now

    def pause(self, stage: str) -> None:
        if stage in self.pausing:
            self.now += PAUSES[stage]
            self.paused[stage] += 1000 * PAUSES[stage]

    def respond(self, question: Question) -> Iterator[Sentence]:
        self.paused = dict.fromkeys(STAGES, 0.0)
        self.pause("answer")
        yield Sentence(0, "您好。")

    def speak(self, text: str) -> Generator[Speech, None, None]:
        for _ in range(2):
            self.pause("speak")
            yield Speech(np.zeros(RATE // 2, np.float32), RATE)

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        for piece in speech:
            self.pause("draw")
            n = len(piece.samples) * FPS // RATE
            yield Frames(np.zeros((n, 16, 16, 3), np.uint8), FPS, first, piece)


def profiled(stages: Stages, n: int) -> list[StageTimes]:
    return list(profile_stages(stages, stages, stages, ["?"] * n, clock=stages.clock))


@pytest.mark.parametrize("stage", PAUSES)
def test_a_pause_is_put_down_to_the_stage_that_made_it(stage: str) -> None:
    stages = Stages(stage)
    (found,) = profiled(stages, 2)
    assert found.whole == stages.paused and found.whole[stage] > 0
    assert 1 <= found.media_s < 1.2


def test_what_is_drawn_after_the_first_picture_does_not_count_until_then() -> None:
    stages = Stages(*PAUSES)
    (found,) = profiled(stages, 2)
    assert found.whole == stages.paused
    assert found.until_picture["answer"] == found.whole["answer"]
    assert found.until_picture["draw"] < found.whole["draw"]


def test_the_first_reply_warms_up_and_is_not_reported() -> None:
    stages = Stages()
    profiles = profiled(stages, 4)
    assert len(profiles) == 3
    console = Console(width=100, record=True)
    console.print(profile_table(profiles, "painter"))
    text = console.export_text()
    assert "3 replies" in text and "painter" in text and all(stage in text for stage in STAGES)
