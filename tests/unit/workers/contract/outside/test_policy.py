"""Where requests may lead us."""

from __future__ import annotations

from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest

from workers.contract.outside.policy import HostPolicy

CLOSED = HostPolicy("files", "PORTRAIT_FETCH", ("hooks.example.com", "*.example.org"), ())
INNER = HostPolicy("files", "PORTRAIT_FETCH", ("hooks.example.com",), (ip_network("10.1.0.0/16"),))


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hooks.example.com/a?b=c", True),
        ("https://HOOKS.example.com:8443/", True),
        ("https://a.b.example.org/", True),
        ("https://example.org/", False),
        ("https://evil-example.org/", False),
        ("https://hooks.example.com.evil.net/", False),
        ("http://hooks.example.com/", False),
        ("https://hooks.example.com@evil.net/", False),
        ("https://hooks.example.com/\r\nX: y", False),
        ("https:///", False),
        ("https://hooks.example.com:0/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_listed_hosts_alone(url: str, good: bool) -> None:
    assert (not list(CLOSED.faults(url))) is good


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "224.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:a9fe:a9fe::",
        "::127.0.0.1",
        "fec0::1",
    ],
)
def test_no_private_address(address: str) -> None:
    parts = urlsplit("https://hooks.example.com/")
    assert CLOSED.address_fault(parts, [address])
    assert CLOSED.address_fault(parts, ["93.184.216.34", address]), "one of several is enough"
    assert not CLOSED.address_fault(parts, ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])


def test_a_listed_network_may_be_private_and_plain() -> None:
    plain = urlsplit("http://hooks.example.com/")
    assert not INNER.address_fault(plain, ["10.1.2.3"])
    assert INNER.address_fault(plain, ["10.2.2.3"])
    assert INNER.address_fault(plain, ["93.184.216.34"]), "plain http over the internet"
