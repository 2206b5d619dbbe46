"""Who may open a live connection, and how many."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from service.errors import TooManySocketsError


class SocketLimit:
    """Counts the live connections of every client, on the event loop alone.

    Args:
        most: that one client may have open.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._clients: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Connections that are open now, of all clients."""
        return self._clients.total()

    @contextmanager
    def count(self, client: str) -> Iterator[None]:
        """Count a connection while it is open. Raises TooManySocketsError when the client has as many as it may."""
        if self._clients[client] >= self._most:
            raise TooManySocketsError(f"{self._most} live connections are open already; close one of them first.")
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]


def is_from_here(headers: Headers, allowed: Sequence[str]) -> bool:
    """Whether a page that wants to connect is one of this host, or of an origin that may call the API.

    Browsers ask nobody before they open a WebSocket to another origin, so the server has to look. What is no page sends
    no Origin.
    """
    origin = headers.get("origin")
    if origin is None or "*" in allowed or origin in allowed:
        return True
    host = headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
