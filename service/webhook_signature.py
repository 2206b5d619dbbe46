"""Signatures as https://www.standardwebhooks.com describes them, so that receivers check them with its libraries."""

import base64
import binascii
import hmac
from hashlib import sha256

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret


def secret_bytes(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError, which says what to change."""
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        found = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(found) <= LONGEST:
        raise ValueError(
            f"must be {PREFIX} and base64 of {SHORTEST} to {LONGEST} random bytes, such as "
            f"`echo {PREFIX}$(openssl rand -base64 32)` gives"
        )
    return found


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that name and sign a message."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    signature = base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
