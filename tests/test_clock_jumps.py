"""A machine's clock that is set by a day, forwards or backwards, loses and grants nothing."""

import time
from pathlib import Path

import pytest

from agent import steady_clock
from agent.cache.disk_cache import DiskCache
from agent.conversation_store import ConversationStore
from agent.llm.limits import TokenBudget
from agent.types import Answer, Turn

HOUR = 3600.0
DAY = 24 * HOUR
VISITOR = "visitor-0001"


class SetClock:
    """The machine's clock, as someone sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        right, right_ns = time.time, time.time_ns
        self.ahead = 0.0
        monkeypatch.setattr(time, "time", lambda: right() + self.ahead)
        monkeypatch.setattr(time, "time_ns", lambda: right_ns() + int(self.ahead * 1e9))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    return SetClock(monkeypatch)


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_conversation_survives_a_clock_that_is_set_and_set_right(
    tmp_path: Path, clock: SetClock, jump: float
) -> None:
    store = ConversationStore(tmp_path, HOUR)
    turns = [Turn("第一问", Answer("好。", "answered"))]
    store.keep(VISITOR, turns)
    for ahead in (jump, 0.0, jump):
        clock.ahead = ahead
        turns.append(Turn(f"{ahead}", Answer("好。", "answered")))
        assert store.recall(VISITOR) == turns[:-1]
        store.sweep()
        store.keep(VISITOR, turns)
        store.sweep()
        assert store.recall(VISITOR) == turns


def test_what_is_used_after_a_clock_was_set_back_is_no_older_than_what_was_used_before(
    tmp_path: Path, clock: SetClock
) -> None:
    cache = DiskCache(tmp_path, 2000)
    clock.ahead = DAY
    cache.put("a", b"a" * 900)
    cache.put("b", b"b" * 900)
    clock.ahead = 0.0
    assert cache.get("a")
    cache.put("c", b"c" * 900)
    assert [bool(cache.get(name)) for name in "abc"] == [True, False, True]
    cache = DiskCache(tmp_path, 2000)  # as after a restart
    cache.put("d", b"d" * 900)
    assert [bool(cache.get(name)) for name in "acd"] == [False, True, True]


def test_a_days_budget_is_not_granted_again_by_a_clock_that_is_set(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = TokenBudget(per_day=100)
    budget.spend("s", 100)
    for clock.ahead in (DAY, -DAY, 0.0):
        assert budget.exhausted("s") == "day"
    tomorrow = steady_clock.steady_time() + DAY
    monkeypatch.setattr(steady_clock, "steady_time", lambda: tomorrow)
    assert budget.exhausted("s") == ""
