"""The id that ties a response, its log lines and a bug report together."""

import re
import uuid

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_request_id(offered: str | None) -> str:
    """Keep the client's or the proxy's id where it is safe to log, else make one."""
    if offered is not None and _ACCEPTABLE.fullmatch(offered):
        return offered
    return uuid.uuid4().hex
