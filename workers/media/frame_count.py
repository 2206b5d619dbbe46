"""The limit on the frames of a clip: seconds say little of the work where frames follow one another quickly."""

import math

from workers.contract.errors import TooManyFramesError


def check_frame_count(most: int, count: float, *, field: str | None = None) -> None:
    """Raise TooManyFramesError when a clip has more than `most` frames.

    Args:
        field: of the request, when another than the file's own is to change.
    """
    if count > most:
        error = TooManyFramesError(
            f"It makes {math.ceil(count):,} frames; at most {most:,} are accepted. Cut it, or choose fewer a second."
        )
        error.field = field or error.field
        raise error
