"""Several faces of one photo in one request: what the kinds of jobs that take them share."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from workers.contract.kinds.common import RenderOptions
from workers.contract.kinds.strict import FieldError, Strict

MOST_FACES = 32
"""As many as a worker reads in a photo."""


class FaceOfPhoto(Strict):
    """One face of a photo: its index, as `POST /faces` counts; 0 is the largest."""

    face: Annotated[int, Field(ge=0, lt=MOST_FACES)] = 0


def check_faces(faces: Sequence[FaceOfPhoto], options: RenderOptions, *, has_controls: bool) -> None:
    """Raise FieldError where a list of faces does not fit what is beside it."""
    if not faces:
        return
    if has_controls or options.face != "largest":
        raise FieldError("faces", "has controls for each face; leave out controls and options.face beside it")
    if not options.paste_back:
        raise FieldError("faces", "are drawn within their photo; leave out options.paste_back")
    if len({each.face for each in faces}) < len(faces):
        raise FieldError("faces", "names a face twice; give each face one entry")
