"""How many of a kind are done at the same time: replies rendered, requests to a model."""

import threading


class Places:
    """There are so many; whoever comes next waits a little, and then goes without.

    Args:
        n: How many.
        patience: Seconds to wait for a place.
    """

    def __init__(self, n: int, patience: float) -> None:
        self._free = threading.BoundedSemaphore(n)
        self._patience = patience

    def ticket(self) -> "Ticket":
        """For one of them."""
        return Ticket(self._free, self._patience)


class Ticket:
    """A claim to one place."""

    def __init__(self, free: threading.BoundedSemaphore, patience: float) -> None:
        self._free, self._patience = free, patience
        self._has_place = False

    def take(self) -> bool:
        """Whether there is a place; blocks for a while if there is none, so not for event loops."""
        self._has_place = self._has_place or self._free.acquire(timeout=self._patience)
        return self._has_place

    def give_back(self) -> None:
        """When it is over; harmless without a place."""
        if self._has_place:
            self._has_place = False
            self._free.release()
