"""Tracked frames -> a motion that can be edited, sent back or rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, constrain
from models.coefficients.document import Motion
from models.extractor.crop import Crop
from models.extractor.landmarks import LANDMARKS
from models.extractor.smoothing import bridge_gaps, smooth
from models.extractor.tracker import TrackedFrame, in_square


@dataclass(frozen=True, eq=False)
class VideoSource:
    """Where the face is in T frames of a video that is ready to be edited, and what it does there.

    Attributes:
        squares: of every frame's face [T].
        seen: which frames show the face [T]; the others stay as they are.
        coefficients: float32 [T, C], of every frame in its own square.
    """

    squares: Sequence[Crop]
    seen: NDArray[np.bool_]
    coefficients: NDArray[np.float32]

    def window(self, motion: NDArray[np.float32], frame: int, radius: int) -> NDArray[np.float32]:
        """A frame's descriptor window [C, 2·radius + 1] of a motion [T, C], all of it in that frame's square."""
        near = np.clip(np.arange(frame - radius, frame + radius + 1), 0, len(motion) - 1)
        return np.stack([in_square(motion[i], self.squares[i], self.squares[frame]) for i in near], -1)


@dataclass(frozen=True, eq=False)
class Track:
    """One face through a video of T frames.

    Attributes:
        motion: x, y and log zoom are relative to the first square; bridged where the face was out of sight.
        squares: of every frame; where the face was out of sight, the one before, or the one after at the beginning.
        gaps: where it was out of sight, as (first frame, frame after the last).
        cuts: frames that show something else than the one before, as after a cut: perhaps another person.
    """

    motion: Motion
    squares: Sequence[Crop]
    gaps: Sequence[tuple[int, int]]
    cuts: Sequence[int]

    def smoothed(self, strength: float, check: Callable[[], None] | None = None) -> Track:
        """The track with a motion of less tremor; see `smoothed`."""
        return replace(self, motion=smoothed(self.motion, strength, check))

    def as_source(self) -> VideoSource:
        """The face as the source of an edit of the video."""
        seen = np.ones(len(self.squares), bool)
        for first, after in self.gaps:
            seen[first:after] = False
        rows = zip(self.motion.coefficients, self.squares, strict=True)
        own = np.stack([in_square(row, self.squares[0], square) for row, square in rows])
        return VideoSource(self.squares, seen, own)


def tracked_motion(
    space: CoefficientSpace, tracked: Iterable[TrackedFrame], fps: float | None, *, landmarks: bool = False
) -> Track:
    """The whole of a track, gaps bridged. Of every frame little is kept, so memory does not grow with the pixels.

    Args:
        fps: frames a second; None for a still.
        landmarks: keep those of every frame too, 4 KB each.

    Raises:
        NoFaceError: no frame shows the face.
    """
    times, coefficients, squares, boxes, scores, cuts = [], [], [], [], [], []
    points = []
    for index, frame in enumerate(tracked):
        times.append(frame.time)
        coefficients.append(frame.coefficients)
        squares.append(frame.square)
        boxes.append((np.nan,) * 4 if frame.face is None else frame.face.box)
        scores.append(np.nan if frame.face is None else frame.face.score)
        if landmarks:
            points.append(_in_picture(frame))
        if frame.cut:
            cuts.append(index)
    bridged, gaps = bridge_gaps(times, coefficients)
    motion = Motion(
        space,
        np.array(times),
        fps,
        constrain(space, bridged),
        np.array(boxes),
        np.array(scores),
        np.stack(points) if landmarks else None,
    )
    return Track(motion, _without_holes(squares), gaps, cuts)


def smoothed(motion: Motion, strength: float, check: Callable[[], None] | None = None) -> Motion:
    """The motion with less of the extractor's tremor, constrained as edits are; see `smooth`.

    Args:
        motion: as it was read.
        strength: 0 to 1.
        check: called every now and then; what it raises ends the work.

    Raises:
        MotionError: `strength` is out of range.
    """
    values = smooth(motion.times, motion.coefficients, strength, check)
    return replace(motion, coefficients=constrain(motion.space, values))


def _in_picture(frame: TrackedFrame) -> NDArray[np.float32]:
    """Landmarks [478, 2] in pixels of the picture, NaN where the face was out of sight."""
    if frame.square is None or frame.landmarks is None:
        return np.full((LANDMARKS, 2), np.nan, np.float32)
    return frame.square.to_picture(frame.landmarks).astype(np.float32)


def _without_holes(squares: Sequence[Crop | None]) -> list[Crop]:
    last = next(square for square in squares if square is not None)
    filled = []
    for square in squares:
        last = square or last
        filled.append(last)
    return filled
