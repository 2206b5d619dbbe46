"""Where a video's faces are cut out: one fixed square a segment, as FOMM's preparation of VoxCeleb does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.extractor import Box, Crop, TrackedFrame, square_crop

LEAST_OVERLAP = 0.25
"""Intersection over union with the segment's first face, below which a new segment begins (FOMM's)."""


@dataclass(frozen=True)
class Limits:
    """What makes a segment worth keeping.

    Attributes:
        least_frames, most_frames: of a segment; longer ones are cut.
        least_side: of the square, in pixels of the video: enlarging shows nothing new (FOMM takes 256).
    """

    least_frames: int = 64
    most_frames: int = 1024
    least_side: int = 256


@dataclass(frozen=True)
class Segment:
    """Frames `first` to `stop - 1` of a video, and the square that holds the face in all of them."""

    first: int
    stop: int
    square: Crop


def segments(tracked: Iterable[TrackedFrame], limits: Limits) -> list[Segment]:
    """The segments of a tracked video.

    A segment ends where the face is out of sight, where the picture is cut, where the face has left its first place,
    or at `most_frames`. Its square is our crop policy's around the union of all its face boxes, so that it stands still
    and training sees faces as serving does.
    """
    found: list[Segment] = []
    first, tube, boxes = 0, None, 0

    def close(stop: int) -> None:
        if tube is not None and boxes >= limits.least_frames:
            square = square_crop(tube)
            if square.side >= limits.least_side:
                found.append(Segment(first, stop, square))

    start: Box | None = None
    index = -1
    for index, frame in enumerate(tracked):
        box = None if frame.face is None else frame.face.box
        ends = box is None or frame.cut or boxes >= limits.most_frames
        if start is not None and (ends or _overlap(start, box) < LEAST_OVERLAP):
            close(index)
            start, tube, boxes = None, None, 0
        if box is None:
            continue
        if start is None:
            start, first = box, index
        tube, boxes = _union(tube, box), boxes + 1
    close(index + 1)
    return found


def _union(tube: Box | None, box: Box) -> Box:
    if tube is None:
        return box
    return min(tube[0], box[0]), min(tube[1], box[1]), max(tube[2], box[2]), max(tube[3], box[3])


def _overlap(first: Box, box: Box | None) -> float:
    if box is None:
        return 0.0
    width = min(first[2], box[2]) - max(first[0], box[0])
    height = min(first[3], box[3]) - max(first[1], box[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, box))
    return common / (areas - common)
