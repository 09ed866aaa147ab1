"""Who may come in: one password, and a pause that grows with every wrong one."""

import hmac
import threading
import time
from collections.abc import Callable

MAX_PAUSE_S = 60.0


class LoginThrottle:
    """The door of the staff page, one for all sessions of a process.

    After the first wrong password one second has to pass before the next one is looked at, then
    two, four, and so on up to a minute, whoever tries. The right one ends the count.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._n_wrong = 0
        self._opens_at = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds until a password is looked at again; 0 when it is now."""
        return max(0.0, self._opens_at - self._clock())

    def admits(self, given: str, password: str) -> bool:
        """Whether the password given is the right one; never while there is a pause."""
        with self._lock:
            if self.wait_s:
                return False
            # A browser can send half of a surrogate pair, which no encoding takes.
            is_right = hmac.compare_digest(
                given.encode("utf-8", "surrogatepass"), password.encode("utf-8", "surrogatepass")
            )
            if is_right:
                self._n_wrong = 0
            else:
                pause = min(2.0**self._n_wrong, MAX_PAUSE_S)
                self._n_wrong = min(self._n_wrong + 1, 10)
                self._opens_at = self._clock() + pause
            return is_right
