"""Which pages may open a WebSocket, and how many a client may have."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from service.errors import RateLimitedError, TooManySocketsError
from service.live.rate import WishRate
from service.live_limits import SocketLimit, is_from_here


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        (None, (), True),
        ("http://faces.example:8000", (), True),
        ("https://FACES.example:8000", (), True),
        ("http://faces.example", (), False),
        ("http://faces.example.evil:8000", (), False),
        ("null", (), False),
        ("http://evil.example", ("http://good.example",), False),
        ("http://good.example", ("http://good.example",), True),
        ("http://evil.example", ("*",), True),
    ],
)
def test_a_page_of_this_host_or_of_an_allowed_origin_may_connect(
    origin: str | None, allowed: tuple[str, ...], expected: bool
) -> None:
    headers = {"host": "faces.example:8000"} | ({} if origin is None else {"origin": origin})
    assert is_from_here(Headers(headers), allowed) is expected


def test_a_client_may_open_another_one_when_one_is_closed() -> None:
    limit = SocketLimit(1)
    with limit.count("a"), limit.count("b"), pytest.raises(TooManySocketsError), limit.count("a"):
        pass
    with limit.count("a"):
        pass


def test_wishes_are_counted_by_the_second() -> None:
    now = 10.0
    rate = WishRate(2, lambda: now)
    for _ in range(2):
        rate.count()
    with pytest.raises(RateLimitedError):
        rate.count()
    now = 11.0
    rate.count()
