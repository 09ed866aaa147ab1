"""A growing pause for addresses from which wrong tokens come."""

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MAX_PAUSE_S: Final = 60.0
FREE_TRIES: Final = 5
"""Wrong tokens of people who mistype; pauses begin with the last of them."""
FORGOTTEN_AFTER_S: Final = 3600.0
"""An address from which nothing wrong came for so long begins anew."""
MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered; the one that was quiet longest is forgotten first."""


class GuessLimit:
    """Counts wrong tokens per client address; one for all connections of a process.

    After the fifth wrong token in a row from an address nothing from it is looked at for a second,
    then two, four and so on up to a minute: some 1,450 tries a day. The right one ends the count.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Address → how many were wrong in a row, and when the last one was."""

    def wait_s(self, address: str) -> int:
        """Whole seconds until a token from an address is looked at again; 0 when it is now."""
        with self._lock:
            n_wrong, last = self._wrong.get(_network(address), (0, 0.0))
            if n_wrong < FREE_TRIES:
                return 0
            pause = min(2.0 ** (n_wrong - FREE_TRIES), MAX_PAUSE_S)
            return max(0, math.ceil(last + pause - self._clock()))

    def note(self, address: str, *, is_right: bool) -> None:
        """Note what a token from an address was."""
        network, now = _network(address), self._clock()
        with self._lock:
            n_wrong, last = self._wrong.pop(network, (0, now))
            if is_right:
                return
            n_wrong = 0 if now - last > FORGOTTEN_AFTER_S else n_wrong
            self._wrong[network] = (min(n_wrong + 1, FREE_TRIES + 10), now)
            while len(self._wrong) > MAX_ADDRESSES:
                self._wrong.popitem(last=False)


def client_address(peer: str, forwarded_for: str) -> str:
    """Who asks: the peer, or the last address that a proxy on this machine names.

    Args:
        peer: The address at the other end of the connection.
        forwarded_for: The header ``X-Forwarded-For``; believed from this machine alone.

    >>> client_address("127.0.0.1", "6.6.6.6, 203.0.113.9"), client_address("6.6.6.6", "1.1.1.1")
    ('203.0.113.9', '6.6.6.6')
    """
    if not forwarded_for or not _is_loopback(peer):
        return peer
    return forwarded_for.rpartition(",")[2].strip() or peer


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _network(address: str) -> str:
    """The address, or the network that one household has of IPv6: it has billions of addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 6 and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)
