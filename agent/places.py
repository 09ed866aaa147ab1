"""How many replies are rendered at the same time."""

import threading


class Places:
    """So many replies may be rendered; the next one waits a little, and then goes without.

    Args:
        n: How many.
        patience: Seconds that a reply waits for a place.
    """

    def __init__(self, n: int, patience: float) -> None:
        self._free = threading.BoundedSemaphore(n)
        self._patience = patience

    def ticket(self) -> "Ticket":
        """For one reply."""
        return Ticket(self._free, self._patience)


class Ticket:
    """One reply's claim to a place."""

    def __init__(self, free: threading.BoundedSemaphore, patience: float) -> None:
        self._free, self._patience = free, patience
        self._has_place = False

    def take(self) -> bool:
        """Whether there is a place; blocks for a while if there is none, so not for event loops."""
        self._has_place = self._has_place or self._free.acquire(timeout=self._patience)
        return self._has_place

    def give_back(self) -> None:
        """When the reply is over; harmless without a place."""
        if self._has_place:
            self._has_place = False
            self._free.release()
