"""Several visitors, one network."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_engine.wav2lip.batching import DynamicBatcher

Maps = Sequence[NDArray[np.float16]]


class Gate:
    """A network that draws what it hears, once it is let."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.is_open = threading.Event()
        self.began = threading.Semaphore(0)

    def draw(self, mels: NDArray[np.float32], maps: Maps) -> NDArray[np.uint8]:
        self.batches.append(len(mels))
        self.began.release()
        assert self.is_open.wait(10)
        heard = mels[:, 0, 0, 0] + maps[0][:, 0]
        if (heard == 13).any():
            raise ValueError("thirteen")
        return np.broadcast_to(heard[:, None, None, None], (len(mels), 2, 4, 3)).astype(np.uint8)


def request(value: int, n: int = 1) -> tuple[NDArray[np.float32], Maps]:
    return np.full((n, 1, 80, 16), value, np.float32), [np.ones((n, 1), np.float16)]


def crowd(
    gate: Gate, shared: DynamicBatcher, values: Sequence[int]
) -> list[Future[NDArray[np.uint8]]]:
    """The first finds the network free; the others come while it is busy."""
    gate.is_open.clear()
    pool = ThreadPoolExecutor(len(values))
    futures = [pool.submit(shared.draw, *request(values[0]))]
    assert gate.began.acquire(timeout=10)
    futures += [pool.submit(shared.draw, *request(value)) for value in values[1:]]
    while len(shared._queue) < len(values) - 1:
        pass
    gate.is_open.set()
    pool.shutdown()
    return futures


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def shared(gate: Gate) -> DynamicBatcher:
    """A network whose pace is known already."""
    shared = DynamicBatcher(gate.draw)
    gate.is_open.set()
    shared.draw(*request(0))
    gate.batches.clear()
    gate.began = threading.Semaphore(0)
    return shared


def test_a_visitor_alone_is_drawn_at_once(gate: Gate, shared: DynamicBatcher) -> None:
    drawn = shared.draw(*request(5, n=3))
    assert drawn.shape == (3, 2, 4, 3) and (drawn == 6).all()
    assert gate.batches == [3]


def test_those_who_wait_are_drawn_together_and_everybody_gets_their_own(
    gate: Gate, shared: DynamicBatcher
) -> None:
    futures = crowd(gate, shared, [1, 2, 3, 4])
    assert [int(f.result()[0, 0, 0, 0]) for f in futures] == [2, 3, 4, 5]
    assert gate.batches == [1, 3]


def test_a_slow_network_does_not_make_the_first_wait_for_the_others(
    gate: Gate, shared: DynamicBatcher
) -> None:
    shared._seconds_each = 0.030  # one more fits into 40 ms, two do not
    futures = crowd(gate, shared, [1, 2, 3, 4])
    assert [int(f.result()[0, 0, 0, 0]) for f in futures] == [2, 3, 4, 5]
    assert gate.batches[:2] == [1, 2]


def test_an_error_reaches_all_it_concerns_and_the_next_visitor_is_drawn(
    gate: Gate, shared: DynamicBatcher
) -> None:
    first, *others = crowd(gate, shared, [1, 12, 3])
    assert int(first.result()[0, 0, 0, 0]) == 2
    for future in others:
        with pytest.raises(ValueError, match="thirteen"):
            future.result()
    assert int(shared.draw(*request(7))[0, 0, 0, 0]) == 8
