"""Fetching a file from a host that is not ours into a file: allowed hosts alone, so many bytes, in so much time."""

import http.client
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from workers.contract.errors import FetchError
from workers.contract.outside.connection import OUTSIDE_ERRORS, NotAllowedError, exchange
from workers.contract.outside.policy import HostPolicy
from workers.contract.text import cut

log = logging.getLogger(__name__)

_MOST_REDIRECTS = 3
_CHUNK = 2**16
_HEADERS = {"User-Agent": "pirenderer-service", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}


def fetch(
    policy: HostPolicy, url: str, path: Path, *, most_bytes: int, seconds: float, check: Callable[[], None]
) -> None:
    """GET a file. A redirect is followed where the policy allows its goal, too.

    Args:
        policy: where it may lead.
        url: of the file.
        path: of the file to be written.
        most_bytes: that are read.
        seconds: for everything together.
        check: called between chunks; may raise.

    Raises:
        FetchError: why there is no file. What a host's name stands for is in the log alone: clients must not learn
            what our network looks like.
    """
    deadline = time.monotonic() + seconds
    for _ in range(_MOST_REDIRECTS + 1):
        try:
            with exchange(policy, "GET", url, _HEADERS, max(0.001, deadline - time.monotonic())) as answer:
                goal = _redirected(answer, url)
                if goal is None:
                    _save(answer, path, most_bytes, check, _name(url))
                    # An answer that does not say its length looks whole where its time was up.
                    if time.monotonic() >= deadline:
                        raise TimeoutError
                    return
        except NotAllowedError as error:
            log.warning("a file was not fetched from %s: %s", _name(url), error)
            fault = next(policy.faults(url), "leads to an address that may not be reached")
            raise FetchError(f"The URL {fault}; send the file itself.") from error
        except OUTSIDE_ERRORS as error:
            log.warning("a file was not fetched from %s: %r", _name(url), error)
            late = time.monotonic() >= deadline or isinstance(error, TimeoutError)
            reason = f"gave no file within {seconds:g} s" if late else "did not answer as a web server does"
            raise FetchError(f"{_name(url)} {reason}; try again, or send the file itself.") from error
        url = goal
    raise FetchError(f"The URL is redirected more than {_MOST_REDIRECTS} times; name the file's own address.")


def _redirected(answer: http.client.HTTPResponse, url: str) -> str | None:
    if answer.status not in _REDIRECTS:
        return None
    location = answer.headers.get("Location")
    if location is None:
        raise FetchError(f"{_name(url)} redirects to nowhere; name the file's own address.")
    return urljoin(url, location)


def _save(answer: http.client.HTTPResponse, path: Path, most_bytes: int, check: Callable[[], None], name: str) -> None:
    if answer.status != HTTPStatus.OK:
        raise FetchError(f"{name} answered {answer.status} instead of a file; look whether the address is right.")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(f"{name} sends the file compressed though that was not wished; send the file itself.")
    if (answer.length or 0) > most_bytes:
        raise _too_large(name, most_bytes)
    promised, size = answer.length, 0
    with path.open("wb") as file:
        while chunk := answer.read1(_CHUNK):  # what is there: whoever waits may stop it in between
            size += len(chunk)
            if size > most_bytes:
                raise _too_large(name, most_bytes)
            file.write(chunk)
            check()
    if promised is not None and size < promised:
        raise FetchError(f"{name} broke off after {size:,} of {promised:,} bytes; try again, or send the file itself.")


def _too_large(name: str, most_bytes: int) -> FetchError:
    return FetchError(f"The file at {name} has more than {most_bytes:,} bytes; name a smaller one.")


def _name(url: str) -> str:
    """The host of a URL; what follows may be a secret."""
    return cut(urlsplit(url).hostname or "", 100)
