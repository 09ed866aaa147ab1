"""How much a language model may be used: per session, and per day for all together."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import date

SESSIONS = 10_000
"""Sessions whose use is remembered; the one that was quiet longest is forgotten first."""

_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is, for services that do not tell; rather too many.

    >>> estimated_tokens("护照多少钱"), estimated_tokens("How much is a passport?")
    (5, 6)
    """
    n_wide = len(_WIDE.findall(text))
    return n_wide + -(-(len(text) - n_wide) // 4)


class Budget:
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
        today: Callable[[], date] = date.today,
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
        """Note what an answer took."""
        with self._lock:
            self._begin_day()
            self._spent += tokens
            self._spent_by[session_id] = self._spent_by.pop(session_id, 0) + tokens
            while len(self._spent_by) > SESSIONS:
                self._spent_by.popitem(last=False)

    def _begin_day(self) -> None:
        if self._day != self._today():
            self._day, self._spent = self._today(), 0
            self._spent_by.clear()
