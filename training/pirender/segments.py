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
    and training places faces as serving does.
    """
    found: list[Segment] = []
    going: _Going | None = None
    for index, frame in enumerate(tracked):
        box = None if frame.face is None else frame.face.box
        if going is not None and (box is None or frame.cut or going.ends(box, limits)):
            found += going.kept(limits)
            going = None
        if box is not None:
            going = _Going(index, box, box) if going is None else going
            going.add(box)
    return found if going is None else found + going.kept(limits)


@dataclass
class _Going:
    """A segment that has begun: where, with which box, the union of its boxes, and how many there were."""

    first: int
    start: Box
    tube: Box
    frames: int = 0

    def add(self, box: Box) -> None:
        x0, y0, x1, y1 = self.tube
        self.tube, self.frames = (min(x0, box[0]), min(y0, box[1]), max(x1, box[2]), max(y1, box[3])), self.frames + 1

    def ends(self, box: Box, limits: Limits) -> bool:
        return self.frames >= limits.most_frames or _overlap(self.start, box) < LEAST_OVERLAP

    def kept(self, limits: Limits) -> list[Segment]:
        square = square_crop(self.tube)
        if self.frames < limits.least_frames or square.side < limits.least_side:
            return []
        return [Segment(self.first, self.first + self.frames, square)]


def _overlap(first: Box, box: Box) -> float:
    width = min(first[2], box[2]) - max(first[0], box[0])
    height = min(first[3], box[3]) - max(first[1], box[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, box))
    return common / (areas - common)
