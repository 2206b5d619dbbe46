"""One HTTP exchange with a host that is not ours: with the very address that was checked, in bounded time."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from workers.contract.outside.policy import HostPolicy

OUTSIDE_ERRORS = (OSError, http.client.HTTPException, UnicodeError)
"""What an exchange may raise."""


class NotAllowedError(Exception):
    """The address is not allowed; the message says why."""


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked up before: the name could stand for another one by now."""

    def __init__(self, parts: SplitResult, address: str, timeout: float) -> None:
        super().__init__(parts.hostname or "", parts.port or _port(parts), timeout=timeout)
        self._address, self._secure = address, parts.scheme == "https"
        self._opened: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the address, and have the name's certificate checked."""
        self.sock = plain = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        self._opened = self.sock

    def break_off(self) -> None:
        """End whatever waits for the other side, in any thread. `sock` is gone by the time that an answer is read."""
        if self._opened is not None:
            with suppress(OSError):
                self._opened.shutdown(socket.SHUT_RDWR)


@contextmanager
def exchange(
    policy: HostPolicy, method: str, url: str, headers: Mapping[str, str], seconds: float, body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and read the answer inside. Redirects are not followed; nothing of the environment is used.

    Args:
        policy: where it may go.
        seconds: for everything together, reading included.

    Raises:
        NotAllowedError: the address is not allowed.
        One of OUTSIDE_ERRORS: nobody answers in time, or not as HTTP says.
    """
    for fault in policy.faults(url):
        raise NotAllowedError(f"the URL {fault}")
    parts = urlsplit(url)
    addresses = _addresses(parts)
    if refused := policy.address_fault(parts, addresses):
        raise NotAllowedError(refused)
    connection = _Pinned(parts, addresses[0], seconds)
    # Something may come from time to time, for ever.
    timer = threading.Timer(seconds, connection.break_off)
    timer.start()
    path = parts.path or "/"
    try:
        connection.request(method, f"{path}?{parts.query}" if parts.query else path, body, dict(headers))
        yield connection.getresponse()
    finally:
        timer.cancel()
        connection.close()


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _addresses(parts: SplitResult) -> list[str]:
    found = socket.getaddrinfo(parts.hostname, parts.port or _port(parts), type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]
