"""Between threads and the event loop, and how much may be done at the same time."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()
_POLL_INTERVAL = 0.1  # s between two looks whether something is still needed


async def iterate_in_thread(
    items: Generator[T, None, None], withdrawn: threading.Event | None = None
) -> AsyncGenerator[T, None]:
    """Yield from a blocking generator, running it in a thread of its own, one step at a time.

    This is the only bridge between compute and network. A step starts only when the previous item
    has been taken. Leaving the loop, for whatever reason, closes ``items`` once its running step
    has finished.

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


async def finish_despite_cancellation(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end even if the awaiting task is cancelled meanwhile.

    Raises:
        asyncio.CancelledError: The task was cancelled; ``work`` has ended all the same.
    """
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation:
        raise cancellation
    return task.result()


class ConcurrencyLimiter:
    """At most ``n`` of a kind at a time; whoever comes next waits a little, then does without.

    Args:
        n: How many.
        timeout: Seconds to wait for a slot.
        n_each: How many for one client; all where it is None.
    """

    def __init__(self, n: int, timeout: float, n_each: int | None = None) -> None:
        self.timeout = timeout
        self._n, self._n_each = n, n_each or n
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    def slot(self, client: str = "") -> "Slot":
        """A slot that is not taken yet.

        Args:
            client: Whose share it counts in; nobody's where it is empty.
        """
        return Slot(self, client)

    def acquire(self, client: str, timeout: float) -> bool:
        """Whether there was room for one more within so many seconds; it is taken then."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(client), timeout):
                return False
            self._taken[client] += 1
            return True

    def release(self, client: str) -> None:
        """Give back one that was taken."""
        with self._changed:
            self._taken[client] -= 1
            self._taken = +self._taken  # without clients that have none
            self._changed.notify_all()

    def _has_room(self, client: str) -> bool:
        is_in_share = not client or self._taken[client] < self._n_each
        return is_in_share and self._taken.total() < self._n


class Slot:
    """Permission for one of them, once it is taken."""

    def __init__(self, limiter: ConcurrencyLimiter, client: str) -> None:
        self._limiter, self._client = limiter, client
        self._is_taken = False
        self.is_given_up = False
        """It was given up while it was needed, and has to be taken back."""

    def take(self) -> bool:
        """Whether it could be taken; blocks for a while if all are, so not for event loops."""
        self._is_taken = self._is_taken or self._limiter.acquire(
            self._client, self._limiter.timeout
        )
        return self._is_taken

    def release(self) -> None:
        """Let others have it; harmless if it was not taken."""
        if self._is_taken:
            self._is_taken = False
            self._limiter.release(self._client)

    def give_up(self) -> None:
        """Let others have it for now; harmless if it was not taken."""
        self.is_given_up = self.is_given_up or self._is_taken
        self.release()

    def take_back(self, withdrawn: threading.Event, timeout: float) -> bool:
        """Whether it could be taken again; blocks, but not for long once ``withdrawn`` is set.

        Args:
            withdrawn: Set when it is no longer needed.
            timeout: Seconds to wait for it.
        """
        deadline = time.monotonic() + timeout
        while not self._limiter.acquire(self._client, _POLL_INTERVAL):
            if withdrawn.is_set() or time.monotonic() > deadline:
                return False
        self._is_taken, self.is_given_up = True, False
        return True
