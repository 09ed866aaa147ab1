"""``eval profile``: what each stage took adds up to what the reply took."""

import time
from collections.abc import Generator, Iterable, Iterator

import numpy as np
import pytest
from rich.console import Console

from agent.types import Question, Sentence
from avatar_engine import Frames
from eval.performance.stage_profile import STAGES, profile_stages, profile_table
from tts_engine import Speech

RATE, FPS = 24_000, 25
PAUSE = 0.05  # s


class Slow:
    """Answers, speaks and draws; each takes its pauses."""

    sample_rate, fps, size = RATE, FPS, (16, 16)

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def pause(self, stage: str) -> None:
        time.sleep(PAUSE if stage == self.stage else 0)

    def respond(self, question: Question) -> Iterator[Sentence]:
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


@pytest.mark.parametrize("stage", ["answer", "speak", "draw"])
def test_a_pause_is_put_down_to_the_stage_that_made_it(stage: str) -> None:
    slow = Slow(stage)
    (found,) = profile_stages(slow, slow, slow, ["?", "?"])
    assert max(STAGES, key=found.whole.__getitem__) == stage
    assert found.whole[stage] >= 1000 * PAUSE
    assert found.until_picture[stage] <= found.whole[stage]
    assert 1 <= found.media_s < 1.2


def test_the_first_reply_warms_up_and_is_not_reported() -> None:
    slow = Slow("none")
    profiles = list(profile_stages(slow, slow, slow, ["?"] * 4))
    assert len(profiles) == 3
    console = Console(width=100, record=True)
    console.print(profile_table(profiles, "painter"))
    text = console.export_text()
    assert "3 replies" in text and "painter" in text and all(stage in text for stage in STAGES)
