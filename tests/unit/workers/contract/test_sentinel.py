"""URLs of a Redis behind Sentinels."""

from __future__ import annotations

import pytest

from workers.contract.sentinel import SentinelAddress
from workers.contract.settings import Settings


def test_everything_that_a_url_may_say() -> None:
    url = "rediss+sentinel://me:p%40ss@one:1,[::1]:2,three/main/4?ssl_ca_certs=/ca.pem&sentinel_password=other"
    address = SentinelAddress.parse(url)
    assert address is not None
    assert address.sentinels == (("one", 1), ("::1", 2), ("three", 26379))
    assert address.service == "main"
    tls = {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert address.options == {"username": "me", "password": "p@ss", "db": 4, **tls}
    assert address.sentinel_options == {"password": "other", **tls}


def test_little_is_needed() -> None:
    address = SentinelAddress.parse("redis+sentinel://one/main")
    assert address == SentinelAddress((("one", 26379),), "main", {"db": 0}, {})


@pytest.mark.parametrize("url", ["redis://one:6379/0", "rediss://one/0", "unix:///run/redis.sock"])
def test_other_urls_are_no_business_of_sentinels(url: str) -> None:
    assert SentinelAddress.parse(url) is None
    assert Settings(redis_url=url).redis_url == url


@pytest.mark.parametrize(
    "url", ["redis+sentinel://one", "redis+sentinel:///main", "redis+sentinel://one/main/first", "redis+sentinel://,/x"]
)
def test_a_url_that_names_no_service_says_what_one_looks_like(url: str) -> None:
    with pytest.raises(ValueError, match=r"redis\+sentinel://\[USER"):
        Settings(redis_url=url)


@pytest.mark.parametrize("url", ["redis+sentinel://one:port/main", "http://one"])
def test_a_url_of_another_kind_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)port|scheme"):
        Settings(redis_url=url)
