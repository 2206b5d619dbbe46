"""What the two transports of a live connection share: how it is opened, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from client.answers import checked
from client.errors import NoConnectionError
from client.live_flows import LiveClosedError, SocketEndedError
from client.steps import Answer

OPEN_S = 20.0
MOST_BYTES = 2**24  # of a picture
KEYLESS = '{"type": "authorize", "key": ""}'
"""What is sent first without a key: a service that asks for one says so at once, instead of waiting for it."""


def address(base: httpx.URL, headers: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of websockets' `connect`, from those of the HTTP client."""
    url = base.copy_with(scheme="wss" if base.scheme == "https" else "ws")
    key = {name: value for name, value in headers.items() if name.lower() == "authorization"}
    return {
        "uri": f"{str(url).rstrip('/')}/live",
        "additional_headers": key,
        "open_timeout": OPEN_S,
        "max_size": MOST_BYTES,
    }


def closed() -> LiveClosedError:
    """The error of a connection that was closed here."""
    return LiveClosedError("This live connection was closed; open another one.")


@contextmanager
def socket_errors(url: str) -> Iterator[None]:
    """Raise the errors of websockets as the client's."""
    try:
        yield
    except ConnectionClosed as error:
        closing = error.rcvd
        code, reason = (None, "") if closing is None else (closing.code, closing.reason)
        raise SocketEndedError(code, reason) from error
    except InvalidStatus as error:
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        checked(Answer(response.status_code, headers, bytes(response.body or b"")))
        raise
    except (OSError, TimeoutError, InvalidHandshake) as error:
        reason = str(error) or type(error).__name__
        raise NoConnectionError(f"The service at {url} cannot be reached: {reason}") from error
