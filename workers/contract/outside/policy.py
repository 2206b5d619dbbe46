"""Where clients may lead us: to hosts that the operator lists, and to no private address unless its network is."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from workers.contract.text import cut

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OBSOLETE = tuple(ipaddress.ip_network(network) for network in ("::/96", "fec0::/10", "64:ff9b:1::/48"))
"""IPv4-compatible, site-local and locally translated addresses, which Python calls public."""


@dataclass(frozen=True)
class HostPolicy:
    """What the settings allow.

    Attributes:
        what: what goes there, as a plural; for messages.
        setting: what the names of the settings begin with: `_HOSTS` and `_NETWORKS` follow.
        hosts: names; `*.example.com` stands for all below it.
        networks: that may be private, and that plain http may be used in.
    """

    what: str
    setting: str
    hosts: tuple[str, ...]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, what: str, setting: str, hosts: Iterable[str], networks: Iterable[str]) -> "HostPolicy":
        """Of the texts in the settings."""
        parsed = tuple(ipaddress.ip_network(network) for network in networks)
        return cls(what, setting, tuple(host.lower() for host in hosts), parsed)

    def faults(self, url: str) -> Iterator[str]:
        """What is wrong with a URL, before its name is looked up."""
        if not self.hosts:
            yield f"{self.what} are switched off here; ask the operator to set {self.setting}_HOSTS"
            return
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            yield "is no URL"
            return
        schemes = ("https", "http") if self.networks else ("https",)
        if parts.scheme not in schemes or not parts.hostname or port == 0 or not url.isprintable() or " " in url:
            yield f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        elif parts.username is not None or parts.password is not None:
            yield "must hold no user name or password"
        elif not self._lists(parts.hostname):
            yield f"goes to {cut(parts.hostname, 100)}, which is none of the hosts of {self.setting}_HOSTS"

    def address_fault(self, parts: SplitResult, addresses: Iterable[str]) -> str | None:
        """What is wrong with the addresses that a URL's name stands for; None when they may be reached."""
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            address = _inner(address)
            listed = any(address in network for network in self.networks if network.version == address.version)
            if not listed and not _is_public(address):
                return f"{parts.hostname} is {address}, a private address that {self.setting}_NETWORKS does not list"
            if not listed and parts.scheme != "https":
                return f"plain http is for the networks of {self.setting}_NETWORKS alone; use https"
            if address.is_multicast:
                return f"{parts.hostname} is {address}, a group of addresses"
        return None

    def _lists(self, host: str) -> bool:
        host = host.lower().rstrip(".")
        return any(host.endswith(listed[1:]) if listed.startswith("*.") else host == listed for listed in self.hosts)


def _inner(address: Address) -> Address:
    """The IPv4 address that one of IPv6 leads to (mapped, 6to4, NAT64), or the address itself."""
    if address.version == 4:
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _OBSOLETE)
