"""What a client is said of its allowance."""

from service.rate_limit import Allowance


def test_headers_say_what_is_left() -> None:
    fresh, half, full = (Allowance(limit=30, used_s=used) for used in (2, 30, 60))
    assert [one.left for one in (fresh, half, full)] == [29, 15, 0]
    assert [one.next_s for one in (fresh, half, full)] == [0, 0, 2]
    assert half.headers() == {"RateLimit-Policy": '"minute";q=30;w=60', "RateLimit": '"minute";r=15;t=30'}
