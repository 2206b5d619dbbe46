"""One HTTP POST to a host that is not ours: to the very address that was checked, in bounded time, no redirects."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from service.callbacks.policy import CallbackPolicy


class CallbackError(Exception):
    """The call back did not get an answer; the message says why."""


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked up before: the name could stand for another one by now."""

    def __init__(self, parts: SplitResult, address: str, timeout: float) -> None:
        super().__init__(parts.hostname or "", parts.port or _port(parts), timeout=timeout)
        self._address, self._secure = address, parts.scheme == "https"

    def connect(self) -> None:
        """Connect to the address, and have the name's certificate checked."""
        self.sock = plain = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def post(policy: CallbackPolicy, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """Send a body. Returns the status of the answer, whose body is not read.

    Args:
        policy: where it may go.
        seconds: for everything together.

    Raises:
        CallbackError: the address is not allowed, or nobody answers in time.
    """
    for fault in policy.faults(url):
        raise CallbackError(f"the URL {fault}")
    parts = urlsplit(url)
    addresses = _addresses(parts)
    if refused := policy.address_fault(parts, addresses):
        raise CallbackError(refused)
    connection = _Pinned(parts, addresses[0], seconds)
    timer = threading.Timer(seconds, _break, [connection])
    timer.start()
    path = parts.path or "/"
    try:
        connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise CallbackError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error
    finally:
        timer.cancel()
        connection.close()


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _addresses(parts: SplitResult) -> list[str]:
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CallbackError(f"{parts.hostname} has no address: {error}") from error
    return [str(info[4][0]) for info in found]


def _break(connection: http.client.HTTPConnection) -> None:
    """End a connection that takes too long in all, though something comes from time to time."""
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
