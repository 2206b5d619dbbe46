"""What goes over a live connection: wishes to the service; pictures and problems from it."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from client.calls import Fields, SourceId, source_id
from client.documents import Document, JobWarning, Problem, Source
from client.errors import ProblemError, UnexpectedAnswerError

if TYPE_CHECKING:
    from PIL.Image import Image

_LENGTH = struct.Struct(">I")


class LivePicture(Document):
    """A small picture of a wish.

    Attributes:
        seq: the wish's number.
        content: the file's bytes.
        timings: seconds: `queue_s`, `render_s` …, and `total_s` from the wish's arrival at the service.
    """

    seq: int
    media_type: str
    width: int
    height: int
    timings: dict[str, float]
    warnings: list[JobWarning]
    content: bytes

    def image(self) -> Image:
        """The picture, decoded."""
        from PIL import Image

        image = Image.open(io.BytesIO(self.content))
        image.load()
        return image


class WishError(ProblemError):
    """The service has no picture for a wish.

    Attributes:
        seq: the wish's number; None where the problem is the connection's.
    """

    def __init__(self, problem: Problem, seq: int | None) -> None:
        super().__init__(problem)
        self.seq = seq


def wish_text(
    seq: int,
    photo: Source | SourceId,
    controls: Fields | None,
    face: int | str | None,
    paste_back: bool | None,
    output: Fields | None,
    bundle: str | None,
) -> str:
    """A wish as it is sent; what is None is left to the service."""
    wish = {
        "seq": seq,
        "source_id": source_id(photo),
        "controls": None if controls is None else dict(controls),
        "face": face,
        "paste_back": paste_back,
        "output": None if output is None else dict(output),
        "bundle": bundle,
    }
    return json.dumps({"type": "wish"} | {name: value for name, value in wish.items() if value is not None})


def greeted(message: str | bytes) -> None:
    """The first message is a greeting. Raises WishError where it is a problem, UnexpectedAnswerError."""
    if not isinstance(message, str) or _read(message).get("type") != "ready":
        found = received(message)
        raise found if isinstance(found, WishError) else _unexpected(message)


def received(message: str | bytes) -> LivePicture | WishError | None:
    """What any other message says; None for one of a kind that a newer service sends. Raises UnexpectedAnswerError."""
    try:
        if isinstance(message, bytes):
            (length,) = _LENGTH.unpack_from(message)
            end = _LENGTH.size + length
            return LivePicture.model_validate({**_read(message[_LENGTH.size : end]), "content": message[end:]})
        content = _read(message)
        if content.get("type") != "problem":
            return None
        return WishError(Problem.model_validate(content["problem"]), content.get("seq"))
    except (ValidationError, struct.error, KeyError):
        raise _unexpected(message) from None


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _unexpected(text)
    return content


def _unexpected(message: str | bytes) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(f"A message is not the service's; check its URL. It begins: {message[:100]!r}")
