"""How much a language model may be used: per session, and per day for all together."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import date

from ..metrics import MODEL_TOKENS
from ..steady_clock import steady_date

MAX_SESSIONS = 10_000
"""Sessions whose use is remembered; the one that was quiet longest is forgotten first."""

_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is, for services that do not tell; rather too many.

    >>> estimate_tokens("护照多少钱"), estimate_tokens("How much is a passport?")
    (5, 6)
    """
    n_wide = len(_WIDE.findall(text))
    return n_wide + -(-(len(text) - n_wide) // 4)


class TokenBudget:
    """Counts tokens against two limits; forgotten with the process and at midnight.

    Args:
        per_session: Tokens of one session in a day; None sets no limit.
        per_day: Tokens of all sessions in a day; None sets no limit.
        today: The day it is.
    """

    def __init__(
        self,
        *,
        per_session: int | None = None,
        per_day: int | None = None,
        today: Callable[[], date] = steady_date,
    ) -> None:
        self._per_session = per_session
        self._per_day = per_day
        self._today = today
        self._lock = threading.Lock()
        self._day = today()
        self._spent = 0
        self._spent_by: OrderedDict[str, int] = OrderedDict()

    def exhausted(self, session_id: str) -> str:
        """Which limit is reached, ``"session"`` or ``"day"``; empty if none is."""
        with self._lock:
            self._begin_day()
            if self._per_day is not None and self._spent >= self._per_day:
                return "day"
            spent = self._spent_by.get(session_id, 0)
            return "session" if self._per_session is not None and spent >= self._per_session else ""

    def spend(self, session_id: str, tokens: int) -> None:
        """Note what an answer took; nothing is credited, whatever a service says."""
        tokens = max(0, tokens)
        MODEL_TOKENS.inc(tokens)
        with self._lock:
            self._begin_day()
            self._spent += tokens
            self._spent_by[session_id] = self._spent_by.pop(session_id, 0) + tokens
            while len(self._spent_by) > MAX_SESSIONS:
                self._spent_by.popitem(last=False)

    def _begin_day(self) -> None:
        if self._day != self._today():
            self._day, self._spent = self._today(), 0
            self._spent_by.clear()


MAX_FAILURES = 3
"""In a row, after which it is left alone."""
FIRST_PAUSE = 10.0  # s; doubles with every try that fails
LONGEST_PAUSE = 300.0  # s


class CircuitBreaker:
    """Lets requests through while they succeed; pauses after some failures in a row, then tries.

    Args:
        clock: Seconds, from anywhere on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._n_failures = 0
        self._pause = FIRST_PAUSE
        self._open_until = 0.0

    def admits(self) -> bool:
        """Whether a request may go through; after a pause, one may for all to try."""
        with self._lock:
            if not self._is_open():
                return True
            if self._clock() < self._open_until:
                return False
            # Should the trial end without result, its visitor gone, the next comes a pause later.
            self._open_until = self._clock() + self._pause
            return True

    def succeeded(self) -> None:
        """Note that a request was answered."""
        with self._lock:
            self._n_failures, self._pause, self._open_until = 0, FIRST_PAUSE, 0.0

    def failed(self, retry_after_s: float | None = None) -> None:
        """Note that a request failed.

        Args:
            retry_after_s: Seconds to pause at once, when the service itself says for how long or
                trying again is of no use; by default it pauses after :data:`MAX_FAILURES` in a
                row.
        """
        with self._lock:
            self._n_failures += 1
            if retry_after_s is not None:
                self._n_failures = max(self._n_failures, MAX_FAILURES)
                self._open_until = self._clock() + min(retry_after_s, LONGEST_PAUSE)
            elif self._is_open():
                self._open_until = self._clock() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _is_open(self) -> bool:
        return self._n_failures >= MAX_FAILURES
