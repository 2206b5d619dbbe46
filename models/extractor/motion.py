"""Tracked frames -> a motion that can be edited, sent back or rendered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.coefficients import CoefficientSpace, constrain
from models.coefficients.document import Motion
from models.extractor.smoothing import bridge_gaps, smooth
from models.extractor.tracker import TrackedFrame


def tracked_motion(
    space: CoefficientSpace, tracked: Sequence[TrackedFrame], fps: float | None, smoothing: float = 0.0
) -> tuple[Motion, list[tuple[int, int]]]:
    """The motion of a whole track: gaps bridged, smoothed, constrained as edits are.

    Args:
        fps: frames a second; None for a still.
        smoothing: 0 (as extracted) to 1; see `smooth`.

    Returns:
        The motion, its boxes NaN where it was bridged, and the gaps as (first frame, frame after the last).

    Raises:
        NoFaceError: no frame shows the face.
        MotionError: `smoothing` is out of range.
    """
    times = np.array([frame.time for frame in tracked], np.float64)
    bridged, gaps = bridge_gaps(times, [frame.coefficients for frame in tracked])
    coefficients = constrain(space, smooth(times, bridged, smoothing))
    boxes = np.full((len(tracked), 4), np.nan)
    scores = np.full(len(tracked), np.nan)
    for index, frame in enumerate(tracked):
        if frame.face is not None:
            boxes[index], scores[index] = frame.face.box, frame.face.score
    return Motion(space, times, fps, coefficients, boxes, scores), gaps
