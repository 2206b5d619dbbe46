"""Keyframes of an edit -> motion: a smooth clip through edits of one source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from models.coefficients.controls import Mode, apply_controls, constrain
from models.coefficients.space import CoefficientSpace
from models.errors import ControlError


def keyframe_motion(
    space: CoefficientSpace,
    source: NDArray[np.float32],
    keyframes: Sequence[Mapping[str, Any]],
    fps: float,
    mode: Mode = "relative",
) -> NDArray[np.float32]:
    """Motion [T, size] through `keyframes`, one frame every 1/fps seconds from 0 to the last keyframe's time.

    A keyframe is `{"time": seconds, "expression": {...}, "pose": {...}}`; each edits `source` [size] alike, never its
    predecessor. Times rise strictly from 0 or later; where the first is later, the clip starts from the source as it
    is. Between keyframes the motion is monotone (Fritsch-Carlson slopes), so it never overshoots them; it starts and
    ends at rest. Raises ControlError, which names the keyframe.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ControlError(f"fps is {fps}; send a number above 0", field="fps")
    times, stops = _stops(space, source, keyframes, mode)
    if len(times) == 1:
        return stops
    knots = stops.astype(np.float64)
    rotation = slice(space.pose_start, space.pose_start + 3)
    knots[:, rotation] = np.unwrap(knots[:, rotation], axis=0)  # the short way round
    slopes = PchipInterpolator(times, knots).derivative()(times)
    slopes[[0, -1]] = 0
    frames = math.ceil(times[-1] * fps - 1e-6) + 1
    clock = np.minimum(np.arange(frames) / fps, times[-1])
    return constrain(space, CubicHermiteSpline(times, knots, slopes)(clock))


def _stops(
    space: CoefficientSpace, source: NDArray[np.float32], keyframes: Sequence[Mapping[str, Any]], mode: Mode
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times [K] and coefficients [K, size] of the keyframes, the implicit one at 0 included."""
    if not keyframes:
        raise ControlError("keyframes is empty; send at least one", field="keyframes")
    times: list[float] = []
    stops: list[NDArray[np.float32]] = []
    for number, keyframe in enumerate(keyframes):
        time = float(keyframe["time"])
        if not (math.isfinite(time) and time >= 0):
            raise ControlError(
                f"keyframe {number} has time {time}; send seconds from 0", field=f"keyframes.{number}.time"
            )
        if times and time <= times[-1]:
            message = f"keyframe {number} has time {time}; it must come after {times[-1]}"
            raise ControlError(message, field=f"keyframes.{number}.time")
        edit = {"expression": keyframe.get("expression"), "pose": keyframe.get("pose")}
        try:
            stop = apply_controls(space, source, mode=mode, **edit)
        except ControlError as error:
            raise ControlError(f"keyframe {number}: {error}", field=f"keyframes.{number}.{error.field}") from error
        times.append(time)
        stops.append(stop)
    if times[0] > 0:
        times.insert(0, 0.0)
        stops.insert(0, constrain(space, source))
    return np.array(times), np.stack(stops)
