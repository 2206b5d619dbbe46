"""Range headers, read as RFC 9110 has them."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from service.errors import RangeNotSatisfiableError
from service.ranges import requested_range

FILE = Headers({"etag": '"a"', "last-modified": "Tue, 01 Dec 2026 00:00:00 GMT"})


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", range(10)),
        ("bytes=0-1", range(2)),
        ("bytes=9-9", range(9, 10)),
        ("bytes=3-99", range(3, 10)),
        ("bytes=-4", range(6, 10)),
        ("bytes=-99", range(10)),
        ("Bytes = 2-3 ", range(2, 4)),
        ("bytes=0-1,4-5", None),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-" + "9" * 5000, None),
        ("items=0-1", None),
        ("", None),
    ],
)
def test_one_valid_range_is_a_part(header: str, part: range | None) -> None:
    assert requested_range(Headers({"range": header}), FILE, 10) == part


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-20", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_range_behind_the_end_tells_the_size(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiableError) as caught:
        requested_range(Headers({"range": header}), FILE, size)
    assert caught.value.headers == {"Content-Range": f"bytes */{size}"}


@pytest.mark.parametrize(
    ("condition", "partial"),
    [
        ('"a"', True),
        (FILE["last-modified"], True),
        ('"b"', False),
        ('W/"a"', False),
        ("Tue, 01 Dec 2026 00:00:01 GMT", False),
    ],
)
def test_a_part_of_another_file_is_not_sent(condition: str, partial: bool) -> None:
    part = requested_range(Headers({"range": "bytes=1-2", "if-range": condition}), FILE, 10)
    assert part == (range(1, 3) if partial else None)
