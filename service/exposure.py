"""No API serves strangers by accident: beyond this machine it listens with keys, or because a setting allows it."""

import ipaddress
import socket

from service.errors import OpenToStrangersError
from service.settings import ApiSettings


def check_exposure(settings: ApiSettings) -> None:
    """Raise OpenToStrangersError when others than this machine's users could call the API, and without a key."""
    address = settings.published_host or settings.host
    if settings.keys_required or settings.allow_anonymous or _is_loopback(address):
        return
    raise OpenToStrangersError(
        f"The API would serve everyone who reaches {address or 'any interface'} without asking for a key: set "
        "PORTRAIT_API_KEYS, PORTRAIT_KEYS_FILE or PORTRAIT_REQUIRE_KEYS; or PORTRAIT_ALLOW_ANONYMOUS=true if that is "
        "wanted; or listen on 127.0.0.1."
    )


def _is_loopback(host: str) -> bool:
    """Whether all addresses of a host are this machine's own; what cannot be resolved is none."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0])).is_loopback for *_, address in found)
