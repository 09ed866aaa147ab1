"""A breaker: what is dead is left alone for a while, so that nobody waits for it in vain."""

import threading
import time
from collections.abc import Callable

FAILURES = 3
"""In a row, after which it is left alone."""
FIRST_REST = 10.0  # s; doubles with every try that fails
LONGEST_REST = 300.0  # s


class Breaker:
    """Lets requests through while they succeed; rests after some failures in a row, then tries.

    Args:
        clock: Seconds, from anywhere on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._n_failures = 0
        self._rest = FIRST_REST
        self._closed_until = 0.0

    def admits(self) -> bool:
        """Whether a request may go through; after a rest, one may for all to try."""
        with self._lock:
            if not self._is_resting():
                return True
            if self._clock() < self._closed_until:
                return False
            # Should the trial tell nothing, because its visitor left, the next comes a rest later.
            self._closed_until = self._clock() + self._rest
            return True

    def succeeded(self) -> None:
        """Note that a request was answered."""
        with self._lock:
            self._n_failures, self._rest, self._closed_until = 0, FIRST_REST, 0.0

    def failed(self, rest: float | None = None) -> None:
        """Note that a request failed.

        Args:
            rest: Seconds to rest at once, when the service itself says for how long or trying
                again is of no use; by default it rests after :data:`FAILURES` in a row.
        """
        with self._lock:
            self._n_failures += 1
            if rest is not None:
                self._n_failures = max(self._n_failures, FAILURES)
                self._closed_until = self._clock() + min(rest, LONGEST_REST)
            elif self._is_resting():
                self._closed_until = self._clock() + self._rest
                self._rest = min(2 * self._rest, LONGEST_REST)

    def _is_resting(self) -> bool:
        return self._n_failures >= FAILURES
