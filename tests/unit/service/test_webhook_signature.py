"""How calls back are signed."""

from __future__ import annotations

import base64

import pytest

from service.webhook_signature import secret_bytes, signed_headers


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of https://docs.svix.com/receiving/verifying-payloads/how-manual; its secret is shorter than ours."""
    secret = base64.b64decode("plJ3nmyCDGBKInavdOK15jsl")
    body = b'{"event_type":"ping","data":{"success":true}}'
    headers = signed_headers(secret, "msg_loFOjxBNrRLzqYUf", 1731705121, body)
    assert headers["webhook-signature"] == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


@pytest.mark.parametrize("secret", ["", "whsec_", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_c2hvcnQ=", "whsec_!!"])
def test_a_secret_that_is_none_says_what_to_do(secret: str) -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        secret_bytes(secret)
