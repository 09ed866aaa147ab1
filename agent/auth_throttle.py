"""A growing pause for addresses from which wrong tokens or passwords come."""

import hmac
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from .client_address import client_network

MAX_PAUSE_S: Final = 60.0
FREE_TRIES: Final = 5
"""Wrong secrets of people who mistype; pauses begin with the last of them."""
FORGOTTEN_AFTER_S: Final = 3600.0
"""An address from which nothing wrong came for so long begins anew."""
MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered; the one that was quiet longest is forgotten first."""


class AuthThrottle:
    """Compares secrets, and counts wrong ones per client address; one for all of a process.

    After the fifth wrong one in a row from an address nothing from it is looked at for a second,
    then two, four and so on up to a minute: some 1,450 tries a day. The right one ends the count.
    Threads may share it: of tries that come at the same moment each is counted.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Network → how many were wrong in a row, and when the last one was."""

    def wait_s(self, address: str) -> int:
        """Whole seconds until a secret from an address is looked at again; 0 when it is now."""
        with self._lock:
            return self._pause_s(client_network(address))

    def admits(self, address: str, given: str, secret: str) -> bool:
        """Whether an address gave the right secret; never while it has to wait.

        Who gives none at all is not admitted, and guesses nothing.
        """
        if not given:
            return False
        network = client_network(address)
        # A browser can send half of a surrogate pair, which no encoding takes.
        is_right = hmac.compare_digest(
            given.encode("utf-8", "surrogatepass"), secret.encode("utf-8", "surrogatepass")
        )
        with self._lock:
            if self._pause_s(network):
                return False
            now = self._clock()
            n_wrong, last = self._wrong.pop(network, (0, now))
            if not is_right:
                n_wrong = 0 if now - last > FORGOTTEN_AFTER_S else n_wrong
                self._wrong[network] = (min(n_wrong + 1, FREE_TRIES + 10), now)
                while len(self._wrong) > MAX_ADDRESSES:
                    self._wrong.popitem(last=False)
            return is_right

    def _pause_s(self, network: str) -> int:
        n_wrong, last = self._wrong.get(network, (0, 0.0))
        if n_wrong < FREE_TRIES:
            return 0
        pause = min(2.0 ** (n_wrong - FREE_TRIES), MAX_PAUSE_S)
        return max(0, math.ceil(last + pause - self._clock()))
