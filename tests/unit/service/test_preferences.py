import pytest

from service.preferences import MAX_WAIT_S, preferred_wait, prefers_media


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=10", 10),
        ("Wait = 5", 5),
        ('wait="7"', 7),
        ("respond-async, wait=3", 3),
        ("respond-async; wait=3", 3),
        ("wait=0", 0),
        ("wait=600", MAX_WAIT_S),
        ("wait=soon", None),
        ("wait=-1", None),
        ("waiting=5", None),
    ],
)
def test_wait_is_read_from_prefer(header: str | None, seconds: int | None) -> None:
    assert preferred_wait(header) == seconds


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("image/*", True),
        ("image/png", True),
        ("image/jpeg", False),
        ("video/*", False),
        ("image/*, */*;q=0.1", True),
        ("image/avif,image/webp,image/png,*/*;q=0.8", True),
        ("application/json, image/*;q=0.5", False),
        ("image/*, application/json;q=0.5", True),
        ("image/*;q=0", False),
        ("image/*, image/png;q=0", False),
        ("image/*;q=much", False),
    ],
)
def test_media_is_preferred_only_when_named(accept: str | None, media: bool) -> None:
    assert prefers_media(accept, "image/png") is media
