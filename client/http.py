"""What the two transports share: how a call looks to httpx, and what of it counts as a lost connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from client.calls import opened
from client.errors import InvalidUrlError, NoConnectionError, UnexpectedAnswerError
from client.steps import Answer, Call

DEFAULT_URL = "http://127.0.0.1:8000"
VERSION = "/v1"  # of the API: where its promise of compatibility holds
TIMEOUT_S = 60.0


def settings(url: str, api_key: str | None) -> dict[str, Any]:
    """Arguments of httpx's clients. Raises InvalidUrlError."""
    if not url.startswith(("http://", "https://")):
        raise InvalidUrlError(f"The service's URL is {url!r}; it has to begin with http:// or https://.")
    headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
    return {
        "base_url": f"{url.rstrip('/')}{VERSION}",
        "headers": headers,
        "timeout": TIMEOUT_S,
        "follow_redirects": True,
    }


@contextmanager
def arguments(call: Call) -> Iterator[dict[str, Any]]:
    """Arguments of `build_request`; files are open within the block."""
    with ExitStack() as stack:
        files = {name: stack.enter_context(opened(file)) for name, file in call.files.items()}
        given: dict[str, Any] = {"method": call.method, "url": call.path, "headers": call.headers}
        if call.document is not None:
            given["json"] = call.document
        elif files:
            given |= {"files": files, "data": call.fields}
        elif call.fields:
            # A form without a file is urlencoded to httpx, which the service does not take.
            given["files"] = {name: (None, text) for name, text in call.fields.items()}
        if call.read_timeout_s is not None:
            given["timeout"] = httpx.Timeout(TIMEOUT_S, read=call.read_timeout_s)
        yield given


@contextmanager
def connection(url: httpx.URL) -> Iterator[None]:
    """Raise NoConnectionError for whatever may be otherwise the next time, UnexpectedAnswerError for the rest."""
    try:
        yield
    except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
        reason = str(error) or type(error).__name__
        raise NoConnectionError(f"The service at {url} cannot be reached, or the connection broke: {reason}") from error
    except httpx.RequestError as error:
        raise UnexpectedAnswerError(f"{url} does not answer as the service does: {error}") from error


def answer(response: httpx.Response, content: bytes = b"") -> Answer:
    """A response as the steps know it."""
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, content)
