"""How long was waited for what an iterator gives."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Timed(Iterator[T]):
    """The same items. What whoever takes them does in between is not counted.

    Args:
        items: May be a generator; it ends when this is let go.
        clock: Seconds, from anywhere.
    """

    def __init__(self, items: Iterator[T], clock: Callable[[], float] = time.monotonic) -> None:
        self._items, self._clock = items, clock
        self._waited = 0.0

    def __next__(self) -> T:
        started = self._clock()
        try:
            return next(self._items)
        finally:
            self._waited += self._clock() - started

    def lap(self) -> float:
        """How long, in seconds, since it was last asked."""
        waited, self._waited = self._waited, 0.0
        return waited
