"""Where a Redis is that Sentinels watch over, and what every connection to it needs."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.connection import SSLConnection, parse_url

_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
_PORT = 26379
_SENTINEL = "sentinel_"  # options of the query that are for the Sentinels alone
_FORM = "redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/SERVICE[/DATABASE]"


@dataclass(frozen=True)
class SentinelAddress:
    """A service that Sentinels watch over.

    Attributes:
        sentinels: host and port of each.
        service: the name under which they know the Redis.
        options: of connections to the Redis, as redis-py's clients take them.
        sentinel_options: of connections to the Sentinels.
    """

    sentinels: tuple[tuple[str, int], ...]
    service: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]

    @classmethod
    def parse(cls, url: str) -> "SentinelAddress | None":
        """Read a redis+sentinel:// or rediss+sentinel:// URL; None for any other.

        Raises:
            ValueError: it names no service, or has a port or a database that is no number.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            return None
        credentials, _, hosts = parts.netloc.rpartition("@")
        service, _, database = unquote(parts.path.strip("/")).partition("/")
        if not hosts or not service or not (database or "0").isdecimal():
            raise ValueError(f"a Redis behind Sentinels is named {_FORM}")
        # redis-py reads everything else, as for a Redis that is named by its host.
        plain = f"{_SCHEMES[parts.scheme]}://{credentials}{'@' if credentials else ''}service/{database or 0}"
        options = parse_url(f"{plain}?{parts.query}")
        del options["host"]
        if options.pop("connection_class", None) is SSLConnection:
            options["ssl"] = True
        own = {name: options.pop(name) for name in list(options) if name.startswith(_SENTINEL)}
        tls = {name: value for name, value in options.items() if name.startswith("ssl")}
        return cls(
            sentinels=tuple(_address(host) for host in hosts.split(",")),
            service=service,
            options=options,
            sentinel_options=tls | {name.removeprefix(_SENTINEL): value for name, value in own.items()},
        )


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"a Redis behind Sentinels is named {_FORM}")
    return parts.hostname, parts.port or _PORT
