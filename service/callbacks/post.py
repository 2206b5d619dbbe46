"""One HTTP POST of a call back; no redirects are followed."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from workers.contract.outside.connection import OUTSIDE_ERRORS, NotAllowedError, exchange
from workers.contract.outside.policy import HostPolicy


class CallbackError(Exception):
    """The call back did not get an answer; the message says why."""


def post(policy: HostPolicy, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """Send a body. Returns the status of the answer, whose body is not read.

    Args:
        policy: where it may go.
        seconds: for everything together.

    Raises:
        CallbackError: the address is not allowed, or nobody answers in time.
    """
    try:
        with exchange(policy, "POST", url, headers, seconds, body) as answer:
            return answer.status
    except NotAllowedError as error:
        raise CallbackError(str(error)) from error
    except OUTSIDE_ERRORS as error:
        host, reason = urlsplit(url).hostname, f"{type(error).__name__}: {error}".rstrip(": ")
        raise CallbackError(f"{host}: {reason}") from error
