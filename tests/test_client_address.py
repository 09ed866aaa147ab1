"""A client is one address, whatever it claims itself and however many proxies it comes through."""

from ipaddress import ip_network

import pytest

from agent.client_address import client_address, client_network

PROXIES = [ip_network("127.0.0.0/8"), ip_network("::1"), ip_network("172.17.0.0/16")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),  # a claim of its own
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("172.17.0.2", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        ("::ffff:172.17.0.2", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.9, 172.17.0.2", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9:5566", "203.0.113.9"),
        ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("::1", "[2001:db8::5]:5566", "2001:db8::5"),
        ("::1", "2001:db8:0::5", "2001:db8::5"),
        ("172.17.0.2", "", "172.17.0.2"),
        ("172.17.0.2", "192.0.2.1, unknown", "172.17.0.2"),
        ("", "203.0.113.9", ""),  # hung up already
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxy(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


def test_a_household_is_one_network() -> None:
    assert client_network("2001:db8::1") == client_network("2001:db8::2")
    assert client_network("::ffff:192.0.2.1") == client_network("192.0.2.1") == "192.0.2.1"
    assert client_network("x" * 1000) == "x" * 64
