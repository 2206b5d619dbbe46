"""Addresses that stand for a key: who has one may read that address, until it expires.

Browsers send no header with `<img>`, `<video>` and `EventSource`, so such an address carries its own permission.
"""

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

_EXPIRES, _SIGNATURE = "expires", "signature"
_MAX_QUERY = 1000  # characters; ours have a hundred
_STEP_S = 60  # expiry is rounded up: one address for all who ask within a minute, so that caches know it again


@dataclass(frozen=True)
class UrlSigner:
    """Signs paths for their owner, and knows its signatures again.

    The owner is part of what is signed and not of the address: when a key is taken away, its addresses end.

    Attributes:
        secret: that all processes of the API share.
        life_s: seconds for which an address is good, and up to a minute more.
    """

    secret: bytes
    life_s: int

    def signed(self, owner: str, path: str) -> str:
        """The path, which may have a query, with an expiry and a signature for this owner."""
        path, _, query = path.partition("?")
        expires = -(-int(time.time() + self.life_s) // _STEP_S) * _STEP_S
        pairs = [*parse_qsl(query), (_EXPIRES, str(expires))]
        return f"{path}?{urlencode([*pairs, (_SIGNATURE, self._signature(owner, path, pairs))])}"

    def owner(self, owners: Iterable[str], path: str, query: str) -> str | None:
        """Whose signature it is; None where it is nobody's, or has expired.

        Args:
            owners: that exist.
            path: without version, as it was signed.
            query: as it came.
        """
        if len(query) > _MAX_QUERY:
            return None
        pairs = parse_qsl(query, keep_blank_values=True)
        named = dict(pairs)
        expires, given = named.get(_EXPIRES, ""), named.get(_SIGNATURE, "")
        if not (expires.isascii() and expires.isdigit()) or int(expires) < time.time():
            return None
        signed = [pair for pair in pairs if pair[0] != _SIGNATURE]
        # Each is compared in constant time, and so tells nothing of how nearly it fits.
        fitting = [owner for owner in owners if hmac.compare_digest(self._signature(owner, path, signed), _text(given))]
        return fitting[0] if fitting else None

    def _signature(self, owner: str, path: str, pairs: Iterable[tuple[str, str]]) -> str:
        message = "\n".join([owner, path, urlencode(sorted(pairs))])
        return hmac.new(self.secret, message.encode(), sha256).hexdigest()


def is_signed(query: str) -> bool:
    """Whether a query claims to be signed."""
    return f"{_SIGNATURE}=" in query


def _text(given: str) -> str:
    """Only ASCII can be compared in constant time; anything else is wrong in any case."""
    return given if given.isascii() else ""
