"""Keyframes of an edit -> motion: a smooth clip through edits of one source."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from models.coefficients.change import Change
from models.coefficients.controls import Mode, apply_controls, constrain, read_change
from models.coefficients.space import CoefficientSpace
from models.errors import ControlError

_Read = TypeVar("_Read")


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
    frames = math.ceil(times[-1] * fps - 1e-6) + 1
    return constrain(space, _through(times, knots, np.arange(frames) / fps))


def keyframed_change(
    space: CoefficientSpace, keyframes: Sequence[Mapping[str, Any]], clock: NDArray[np.float64], mode: Mode = "relative"
) -> Change:
    """The change [T, C] that `keyframes` make of a motion, at the times `clock` [T] in seconds.

    Each keyframe changes what the motion shows at that moment. What an absolute keyframe does not name is the motion's
    own. Before the first one the motion goes over into it from the beginning, after the last one that one is held.
    Raises ControlError, which names the keyframe.
    """
    times = _times(keyframes)
    changes = [
        _named(number, partial(read_change, space, mode, *_edit(keyframe))) for number, keyframe in enumerate(keyframes)
    ]
    values, replaced = (
        np.concatenate([getattr(change, name) for change in changes]) for name in ("values", "replaced")
    )
    if times[0] > 0:
        times = [0.0, *times]
        values, replaced = (np.concatenate([np.zeros_like(knots[:1]), knots]) for knots in (values, replaced))
    moments = np.array(times)
    return Change(space, _through(moments, values, clock), _through(moments, replaced, clock), turns=mode == "relative")


def _through(times: NDArray[np.float64], knots: NDArray[np.float64], clock: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values [T, C] of the monotone curve through knots [K, C], which starts and ends at rest; held at both ends."""
    if len(times) == 1:
        return np.repeat(knots, len(clock), 0)
    slopes = PchipInterpolator(times, knots).derivative()(times)
    slopes[[0, -1]] = 0
    return np.asarray(CubicHermiteSpline(times, knots, slopes)(np.clip(clock, times[0], times[-1])))


def _times(keyframes: Sequence[Mapping[str, Any]]) -> list[float]:
    """Seconds of the keyframes. Raises ControlError."""
    if not keyframes:
        raise ControlError("keyframes is empty; send at least one", field="keyframes")
    times: list[float] = []
    for number, keyframe in enumerate(keyframes):
        time, field = float(keyframe["time"]), f"keyframes.{number}.time"
        if not (math.isfinite(time) and time >= 0):
            raise ControlError(f"keyframe {number} has time {time}; send seconds from 0", field=field)
        if times and time <= times[-1]:
            raise ControlError(f"keyframe {number} has time {time}; it must come after {times[-1]}", field=field)
        times.append(time)
    return times


def _edit(keyframe: Mapping[str, Any]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    return keyframe.get("expression") or {}, keyframe.get("pose") or {}


def _named(number: int, read: Callable[[], _Read]) -> _Read:
    """What `read` reads of a keyframe; a ControlError says of which."""
    try:
        return read()
    except ControlError as error:
        raise ControlError(f"keyframe {number}: {error}", field=f"keyframes.{number}.{error.field}") from error


def _stops(
    space: CoefficientSpace, source: NDArray[np.float32], keyframes: Sequence[Mapping[str, Any]], mode: Mode
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times [K] and coefficients [K, size] of the keyframes, the implicit one at 0 included."""
    times = _times(keyframes)
    stops: list[NDArray[np.float32]] = []
    for number, keyframe in enumerate(keyframes):
        expression, pose = _edit(keyframe)
        edit = partial(apply_controls, space, source, mode=mode, expression=expression, pose=pose)
        stops.append(_named(number, edit))
    if times[0] > 0:
        times.insert(0, 0.0)
        stops.insert(0, constrain(space, source))
    return np.array(times), np.stack(stops)
