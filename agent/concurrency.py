"""Read a blocking generator from async code: the only bridge between compute and network."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


async def iterate_in_thread(
    items: Generator[T, None, None], withdrawn: threading.Event | None = None
) -> AsyncGenerator[T, None]:
    """Yield from ``items``, running it in a thread of its own, one step at a time.

    A step starts only when the previous item has been taken. Leaving the loop,
    for whatever reason, closes ``items`` once its running step has finished.

    Args:
        items: What to run.
        withdrawn: Set on leaving, for steps that wait for something and would rather know.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            while (item := await loop.run_in_executor(thread, next, items, _END)) is not _END:
                yield item
        finally:
            if withdrawn:
                withdrawn.set()
            await loop.run_in_executor(thread, items.close)


class ConcurrencyLimiter:
    """There are so many; whoever comes next waits a little, and then goes without.

    Args:
        n: How many.
        patience: Seconds to wait for a place.
    """

    def __init__(self, n: int, patience: float) -> None:
        self._free = threading.BoundedSemaphore(n)
        self._patience = patience

    def slot(self) -> "Slot":
        """For one of them."""
        return Slot(self._free, self._patience)


class Slot:
    """A claim to one place."""

    def __init__(self, free: threading.BoundedSemaphore, patience: float) -> None:
        self._free, self._patience = free, patience
        self._has_place = False

    def take(self) -> bool:
        """Whether there is a place; blocks for a while if there is none, so not for event loops."""
        self._has_place = self._has_place or self._free.acquire(timeout=self._patience)
        return self._has_place

    def release(self) -> None:
        """When it is over; harmless without a place."""
        if self._has_place:
            self._has_place = False
            self._free.release()
