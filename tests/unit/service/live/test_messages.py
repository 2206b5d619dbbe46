"""A preview's frame, and what is recognised of a broken wish."""

from __future__ import annotations

import json
import struct

import pytest

from service.live.messages import PreviewHeader, Wish, framed, read_message, seq_of
from workers.contract.invalid_request import InvalidRequestError


def test_a_frame_is_length_header_and_picture() -> None:
    header = PreviewHeader(seq=3, media_type="image/jpeg", width=4, height=5, timings={"total_s": 0.1}, warnings=[])
    frame = framed(header, b"picture")
    (length,) = struct.unpack(">I", frame[:4])
    assert json.loads(frame[4 : 4 + length]) == header.model_dump() | {"type": "preview"}
    assert frame[4 + length :] == b"picture"


def test_a_wish_of_nothing_is_the_photo_itself() -> None:
    wish = read_message('{"type": "wish", "seq": 0, "source_id": "abc"}')
    assert isinstance(wish, Wish)
    assert (wish.face, wish.paste_back, wish.output.size, wish.media_type) == ("largest", True, 512, "image/jpeg")


@pytest.mark.parametrize("seq", [-1, 2**53, 1.5, "1", True, None])
def test_a_number_that_is_none_is_refused(seq: object) -> None:
    text = json.dumps({"type": "wish", "seq": seq, "source_id": "abc"})
    with pytest.raises(InvalidRequestError, match="seq"):
        read_message(text)
    assert seq_of(text) is None
