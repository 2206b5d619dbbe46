"""`controls` of a request: what to change in the face. Slider names are checked by `check_controls`."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints, model_validator

from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.presence import Presence
from workers.contract.settings import Settings

MAX_SLIDERS = 128  # more than any coefficient space names, shorthands included
MAX_COEFFICIENTS = 256
MAX_NAME = 64
# Yaw, pitch, roll (radians), x, y, log zoom. A photo's own pose may lie outside of the sliders' range, so these are
# wider than theirs.
RAW_POSE_LIMITS = (math.pi / 2, math.pi / 2, math.pi, 1.0, 1.0, math.log(4))
MAX_HINTS = 20  # names that a closest one is looked for: more are not reported, and looking takes a millisecond each


def _few_sliders(value: Any) -> Any:
    # A dict's own limit is checked after all of its entries.
    if isinstance(value, dict) and len(value) > MAX_SLIDERS:
        raise ValueError(f"must name at most {MAX_SLIDERS} sliders, got {len(value):,}")
    return value


SliderName = Annotated[str, StringConstraints(max_length=MAX_NAME)]
SliderValue = Annotated[FiniteFloat, Field(ge=-1, le=1)]
Expression = Annotated[dict[SliderName, SliderValue], Field(max_length=MAX_SLIDERS), BeforeValidator(_few_sliders)]


class Pose(Strict):
    """Head pose in the API's units: degrees, fractions of the crop (x right, y down), zoom factor. None: not named."""

    yaw: float | None = Field(default=None, ge=-45, le=45)
    pitch: float | None = Field(default=None, ge=-30, le=30)
    roll: float | None = Field(default=None, ge=-45, le=45)
    x: float | None = Field(default=None, ge=-0.5, le=0.5)
    y: float | None = Field(default=None, ge=-0.5, le=0.5)
    zoom: float | None = Field(default=None, ge=0.7, le=1.4)

    def named(self) -> dict[str, float]:
        """The entries the client named."""
        return self.model_dump(exclude_none=True)


class Keyframe(Strict):
    """The face at one moment of a clip; `time` in seconds."""

    time: float = Field(ge=0, le=3600)
    expression: Expression = Field(default={})
    pose: Pose = Pose()

    def named(self) -> dict[str, Any]:
        """What the client named, as `models.coefficients.keyframe_motion` takes it."""
        return {"time": self.time, "expression": self.expression, "pose": self.pose.named()}


class Direction(Strict):
    """Sliders, pose and keyframes on top of the motion that speech or a driver makes; empty, they change nothing.

    `mode` relative adds to the motion, absolute replaces what is named. Keyframes act on what the controls beside them
    have made of it; times count from the clip's beginning, and the last one is held.
    """

    mode: Literal["relative", "absolute"] = "relative"
    expression: Expression = Field(default={})
    pose: Pose = Pose()
    # One wrong keyframe is reported at a time: a thousand may hold a hundred thousand errors.
    keyframes: Annotated[list[Keyframe], Field(min_length=1, max_length=1000, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.keyframes is not None:
            for earlier, later in pairwise(keyframe.time for keyframe in self.keyframes):
                if later <= earlier:
                    message = f"must be in strictly rising order of time, got {later:g} after {earlier:g}"
                    raise FieldError("keyframes", message)
        return self

    def expressions(self) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Every expression mapping with the field's path in front."""
        yield "expression", self.expression
        for index, keyframe in enumerate(self.keyframes or []):
            yield f"keyframes.{index}.expression", keyframe.expression


class Controls(Direction):
    """Sliders, raw coefficients, keyframes; empty controls change nothing and still go through the networks.

    Keyframes start from what the controls beside them make of the source.
    """

    coefficients: Annotated[list[FiniteFloat], Field(max_length=MAX_COEFFICIENTS)] | None = None


def check_controls(controls: Direction, sliders: Mapping[str, Any], max_clip_seconds: float) -> list[tuple[str, str]]:
    """Check what depends on the coefficient space of the loaded bundle.

    Args:
        controls: parsed controls of a request.
        sliders: the document of `GET /sliders`, as a worker published it.
        max_clip_seconds: longest clip that keyframes may describe.

    Returns:
        (field, message) pairs, empty when all is well.
    """
    faults: list[tuple[str, str]] = []
    names = {slider["name"] for slider in sliders["expression"]}
    shorthands: Mapping[str, list[str]] = sliders["shorthands"]
    for where, expression in controls.expressions():
        for name in expression:
            if name not in names and name not in shorthands:
                hint = closest(name, [*names, *shorthands]) if len(faults) < MAX_HINTS else ""
                faults.append((f"{where}.{name}", f"unknown slider{hint}; GET /sliders lists the names"))
            faults += [
                (f"{where}.{side}", f"already set by the shorthand {name!r}; give one of the two")
                for side in shorthands.get(name, [])
                if side in expression
            ]
    if controls.mode == "absolute":
        faults += _check_absolute(controls, sliders)
    if isinstance(controls, Controls) and controls.coefficients is not None:
        faults += _check_coefficients(controls.coefficients, sliders)
    if controls.keyframes and controls.keyframes[-1].time > max_clip_seconds:
        last = len(controls.keyframes) - 1
        faults.append((f"keyframes.{last}.time", f"a clip may last {max_clip_seconds:g} s at most at this rate"))
    return faults


def check_direction(
    controls: Direction, presence: Presence, bundle: str | None, settings: Settings
) -> list[tuple[str, str]]:
    """Check what is asked on top of a motion, by the bundle that the request names; (field, message) pairs.

    Raises NoWorkerYetError when something is asked before a worker has said which sliders there are.
    """
    if controls == Direction():
        return []
    faults = check_controls(controls, presence.sliders(bundle), settings.max_clip_seconds)
    return [(f"controls.{field}", message) for field, message in faults]


def closest(name: str, known: Iterable[str]) -> str:
    """A half sentence suggesting the known name that is most like `name`; empty when none is."""
    if len(name) > MAX_NAME:  # the search takes the square of its length
        return ""
    spelled = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), spelled, n=1)
    return f" (did you mean {spelled[matches[0]]}?)" if matches else ""


def _check_coefficients(coefficients: list[float], sliders: Mapping[str, Any]) -> list[tuple[str, str]]:
    size = sliders["coefficients"]
    if len(coefficients) != size:
        return [("coefficients", f"must be {size} numbers in the order of GET /sliders, got {len(coefficients)}")]
    limits = {size - len(RAW_POSE_LIMITS) + place: (-limit, limit) for place, limit in enumerate(RAW_POSE_LIMITS)}
    # On axes that go both ways a face may show more than a request may set: the worker knows how much.
    limits |= {s["index"]: (s["min"], s["max"]) for s in sliders["expression"] if s["min"] == 0}
    return [
        (f"coefficients.{index}", f"must lie between {low:g} and {high:g}, got {coefficients[index]:g}")
        for index, (low, high) in sorted(limits.items())
        if not low <= coefficients[index] <= high
    ]


def _check_absolute(controls: Direction, sliders: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A slider's own range: some spaces have axes that go both ways, others weights that start at 0."""
    low = {slider["name"]: slider["min"] for slider in sliders["expression"]}
    low |= {name: low[left] for name, (left, _) in sliders["shorthands"].items()}
    return [
        (f"{where}.{name}", f"in absolute mode this slider goes from {low[name]:g} to 1, got {value:g}")
        for where, expression in controls.expressions()
        for name, value in expression.items()
        if name in low and value < low[name]
    ]
