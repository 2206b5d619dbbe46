"""Signed addresses: what they open, and what they do not."""

from urllib.parse import urlsplit

import pytest

from service.signed_urls import UrlSigner

SIGNER = UrlSigner(b"s" * 32, life_s=600)
PATH = "/jobs/1/result"


def opened(
    signer: UrlSigner, url: str, owners: tuple[str, ...] = ("ann", "bob"), path: str | None = None
) -> str | None:
    """Whose signature an address has, at its own path or another."""
    parts = urlsplit(url)
    return signer.owner(owners, path or parts.path, parts.query)


def test_an_address_opens_its_path_for_its_owner() -> None:
    for owner in ("ann", "bob"):
        url = SIGNER.signed(owner, f"{PATH}?index=2")
        assert url.startswith(f"{PATH}?index=2&expires=")
        assert opened(SIGNER, url) == owner
    assert SIGNER.signed("ann", PATH) == SIGNER.signed("ann", PATH), "caches know it again"
    assert "ann" not in SIGNER.signed("ann", PATH)


def test_an_address_ends_with_its_owners_key() -> None:
    assert opened(SIGNER, SIGNER.signed("ann", PATH), owners=("bob",)) is None
    assert opened(SIGNER, SIGNER.signed("ann", PATH), owners=()) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [("index=2", "index=3"), ("expires=", "expires=9"), ("signature=", "signature=0"), ("index=2", "index=2&index=3")],
)
def test_a_changed_address_opens_nothing(before: str, after: str) -> None:
    url = SIGNER.signed("ann", f"{PATH}?index=2")
    assert before in url
    assert opened(SIGNER, url.replace(before, after)) is None


def test_another_path_or_secret_is_not_opened() -> None:
    url = SIGNER.signed("ann", PATH)
    assert opened(SIGNER, url, path="/jobs/2/result") is None
    assert opened(UrlSigner(b"t" * 32, 600), url) is None


@pytest.mark.parametrize(
    "query", ["", "signature=", "signature=é&expires=9999999999", "expires=²&signature=0", "a" * 2000]
)
def test_what_is_no_signature_opens_nothing(query: str) -> None:
    assert SIGNER.owner(["ann"], PATH, query) is None


def test_an_address_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    url = SIGNER.signed("ann", PATH)
    now = int(url.partition("expires=")[2].partition("&")[0]) - 660
    monkeypatch.setattr("service.signed_urls.time.time", lambda: now + 659)
    assert opened(SIGNER, url) == "ann"
    monkeypatch.setattr("service.signed_urls.time.time", lambda: now + 661)
    assert opened(SIGNER, url) is None
