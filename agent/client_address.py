"""Whose address a request comes from, also where proxies pass it on (``X-Forwarded-For``)."""

import ipaddress
from collections.abc import Iterable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str, proxies: Iterable[IpNetwork]) -> str:
    """Who asks: the last address on the way here that is not one of our own proxies.

    Ports are left out and IPv4 within IPv6 is IPv4, so that one client is one address.

    Args:
        peer: The address at the other end of the connection.
        forwarded_for: The header ``X-Forwarded-For``, in which each proxy names whom it served.
        proxies: Whose word is believed (the setting ``server.trusted_proxies``).

    >>> own = [ipaddress.ip_network("127.0.0.0/8")]
    >>> client_address("127.0.0.1", "6.6.6.6, 203.0.113.9:5566", own)
    '203.0.113.9'
    >>> client_address("6.6.6.6", "1.1.1.1", own)
    '6.6.6.6'
    """
    trusted = tuple(proxies)
    client = peer
    for named in (peer, *reversed(forwarded_for.split(","))):
        address = _parse(named)
        if address is None:
            break
        client = str(address)
        if not any(address in network for network in trusted):
            break
    return client


def client_network(address: str) -> str:
    """The address, or the network that one household has of IPv6: it has billions of addresses."""
    parsed = _parse(address)
    if parsed is None:
        return address[:64]
    if parsed.version == 6:
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)


def _parse(text: str) -> IpAddress | None:
    """An address with or without a port; None if it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
