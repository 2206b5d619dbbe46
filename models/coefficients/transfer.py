"""A driver's motion on a source's face (PIRenderer, section 4.3 and its reference code's cross-identity rule)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.coefficients.controls import Mode, constrain
from models.coefficients.rotation import euler_angles, rotation_matrix
from models.coefficients.space import CoefficientSpace
from models.errors import ControlError

Region = Literal["all", "expression", "pose", "mouth", "eyes"]
Reference = Literal["closest", "first", "neutral"]

GAINS = ("expression", "pose", "eyes", "mouth", "translation")
MOST_GAIN = 2.0

# What users mean by eyes and mouth, in groups of sliders. Brows go with the eyes: they move together, and eyes without
# them look like a mask. Cheeks and nose belong to neither: they follow `expression` alone.
_PARTS = {"eyes": ("eyes", "brows"), "mouth": ("jaw", "mouth")}


@dataclass(frozen=True)
class Transfer:
    """How a driver's motion is put on a source.

    Attributes:
        mode: "relative" adds the driver's change since its most source-like frame; "absolute" takes its own values.
        gains: factors 0–2 on `expression` (all weights), `eyes` (eyes and brows) and `mouth` (jaw and mouth), which
            multiply with it, `pose` (rotation) and `translation` (x, y, zoom); 1 where not named.
        region: what moves: all, expression, pose (rotation, x, y, zoom), mouth (jaw and mouth) or eyes (eyes and
            brows). The rest stays the source's own.
        reference: what a change is measured against. "closest" is the driver's most source-like frame, "first" its
            first, a number the frame of that index, "neutral" a face at rest that looks straight ahead: then what the
            driver always shows, a constant smile, is added too.
        normalise_crop: measure the driver's x, y and zoom against its most source-like frame, in head sizes, so that
            the source's head stays where and as large as it is.
    """

    mode: Mode = "relative"
    gains: Mapping[str, float] = field(default_factory=dict)
    region: Region = "all"
    normalise_crop: bool = True
    reference: Reference | int = "closest"

    def __post_init__(self) -> None:
        for name, allowed in (("mode", get_args(Mode)), ("region", get_args(Region))):
            if (value := getattr(self, name)) not in allowed:
                raise ControlError(f"{name} is {value!r}; use {', '.join(allowed)}", field=f"options.{name}")
        for name, gain in self.gains.items():
            if name not in GAINS:
                raise ControlError(f"{name} is no gain; use {', '.join(GAINS)}", field=f"options.gains.{name}")
            if not 0 <= gain <= MOST_GAIN:  # also false for NaN
                message = f"the gain of {name} is {gain}; send a number from 0 to {MOST_GAIN:g}"
                raise ControlError(message, field=f"options.gains.{name}")

    def gain(self, name: str) -> float:
        """The factor of that name."""
        return self.gains.get(name, 1.0)


def transfer(
    space: CoefficientSpace, source: NDArray[np.float32], driving: NDArray[np.float32], parameters: Transfer
) -> NDArray[np.float32]:
    """The motion [T, C] of a source that follows a driver's motion.

    relative: expression = source + gain · (driving - reference); rotation = (R_driving · R_reference⁻¹)^gain ·
    R_source; x, y and log zoom = source + gain · change, x and y scaled by source zoom / reference zoom when
    `normalise_crop`. absolute: expression = gain · driving; rotation = R_driving^gain; x, y and log zoom as in
    relative when `normalise_crop`, else source + gain · (driving - source).

    A space's further numbers (`extra`) go with the translation: source + gain · change, or, absolute, the driver's.

    The reference is, as a rule, the frame of the driver most like the source (`most_like`), or most like what a source
    in motion shows most of the time. A driver of a single frame would be its own reference, and nothing would move: a
    still source takes it as absolute; to a source in motion it is an edit of every frame, relative to a neutral face
    that looks straight ahead. `parameters.reference` chooses another one.

    Weights are clamped to their ranges and mouthClose to jawOpen; the pose to the sliders' ranges, or to the source's
    own where that lies beyond.

    Args:
        source: [C] of a still, or [T, C] of a source that has a motion of its own.
        driving: [T, C]; one frame [1, C] goes with any source.

    Raises:
        ControlError: shapes that do not fit the space or each other, no frames, numbers that are not finite, or a
            reference that the driver does not have.
    """
    own, track = np.atleast_2d(np.asarray(source, np.float64)), np.asarray(driving, np.float64)
    in_motion = np.ndim(source) == 2
    if not _fits(space, own) or not _fits(space, track) or (in_motion and len(track) not in (1, len(own))):
        raise ControlError(
            f"a source {np.shape(source)} and a motion {track.shape} do not fit each other in the space {space.name}"
        )
    if not (np.isfinite(own).all() and np.isfinite(track).all()):
        raise ControlError("the motion holds numbers that are not finite; extract it again", field="driver")
    _check_parts(space, parameters)
    weights, rotation, place = _slices(space)
    reference = _reference(space, own, track, parameters.reference)
    neutral = parameters.reference == "neutral"
    if neutral or (in_motion and len(track) == 1):
        reference[weights], reference[rotation] = 0, 0
    absolute = parameters.mode == "absolute" or (len(track) == 1 and not in_motion and not neutral)
    motion = np.empty((max(len(own), len(track)), space.size))
    gains = _expression_gains(space, parameters)
    if absolute:
        motion[:, weights] = gains * track[:, weights]
    else:
        motion[:, weights] = own[:, weights] + gains * (track[:, weights] - reference[weights])
    motion[:, rotation] = _rotations(
        own[:, rotation], reference[rotation], track[:, rotation], parameters.gain("pose"), absolute
    )
    motion[:, place] = _places(own[:, place], reference[place], track[:, place], parameters, absolute)
    rest = slice(weights.stop, rotation.start)
    goal = track[:, rest] if absolute else own[:, rest] + track[:, rest] - reference[rest]
    motion[:, rest] = own[:, rest] + parameters.gain("translation") * (goal - own[:, rest])
    motion = within_reach(space, own, motion)
    kept = ~moved(space, parameters.region)
    motion[:, kept] = own[:, kept]
    return constrain(space, motion)


def _reference(
    space: CoefficientSpace, own: NDArray[np.float64], track: NDArray[np.float64], chosen: Reference | int
) -> NDArray[np.float64]:
    """The driver's frame [C] that changes are measured against. Where none is named: the most source-like one."""
    if isinstance(chosen, int):
        if not 0 <= chosen < len(track):
            message = f"the driver has {len(track)} frames; the reference is one of 0 to {len(track) - 1}, not {chosen}"
            raise ControlError(message, field="options.reference")
        return track[chosen].copy()
    return track[0 if chosen == "first" else most_like(space, np.median(own, 0), track)].copy()


def most_like(space: CoefficientSpace, source: NDArray[np.floating], driving: NDArray[np.floating]) -> int:
    """Index of the frame of `driving` [T, C] most like `source` [C]: the least 0.3·mean|Δexpression| +
    0.7·mean|Δangle| (radians), the reference code's cross-identity rule."""
    weights, rotation, _ = _slices(space)
    expression = np.abs(driving[:, weights] - source[weights]).mean(1)
    turn = driving[:, rotation] - source[rotation]
    angle = np.abs((turn + math.pi) % (2 * math.pi) - math.pi).mean(1)
    return int(np.argmin(0.3 * expression + 0.7 * angle))


def moved(space: CoefficientSpace, region: Region) -> NDArray[np.bool_]:
    """Which entries [C] a region lets move."""
    count = len(space.expression)
    mask = np.zeros(space.size, bool)
    if region in _PARTS:
        mask[:count] = [slider.group in _PARTS[region] for slider in space.expression]
        return mask
    mask[:count] = region in ("all", "expression")
    mask[count:] = region in ("all", "pose")
    return mask


def _check_parts(space: CoefficientSpace, parameters: Transfer) -> None:
    """Refuse eyes and mouth where the axes do not tell them apart."""
    groups = {slider.group for slider in space.expression}
    for part, named in _PARTS.items():
        if groups.isdisjoint(named):
            message = f"the axes of the space {space.name} do not tell {part} from the rest of the face"
            if parameters.region == part:
                raise ControlError(f"{message}: use region all, expression or pose", field="options.region")
            if parameters.gain(part) != 1:
                raise ControlError(f"{message}: use the gain expression", field=f"options.gains.{part}")


def _expression_gains(space: CoefficientSpace, parameters: Transfer) -> NDArray[np.float64]:
    gains = np.full(len(space.expression), parameters.gain("expression"))
    for part, groups in _PARTS.items():
        gains[[slider.index for slider in space.expression if slider.group in groups]] *= parameters.gain(part)
    return gains


def _rotations(
    own: NDArray[np.float64],
    reference: NDArray[np.float64],
    driving: NDArray[np.float64],
    gain: float,
    absolute: bool,
) -> NDArray[np.float64]:
    """Yaw, pitch, roll [T, 3] of a source's [T or 1, 3]; a gain of 0.5 goes half the way of a turn."""
    turn = rotation_matrix(*driving.T)
    if not absolute:
        turn = turn @ rotation_matrix(*reference).T
    turn = Rotation.from_rotvec(gain * Rotation.from_matrix(turn).as_rotvec()).as_matrix()
    if not absolute:
        turn = turn @ rotation_matrix(*own.T)
    return np.stack(euler_angles(turn), -1)


def _places(
    own: NDArray[np.float64],
    reference: NDArray[np.float64],
    driving: NDArray[np.float64],
    parameters: Transfer,
    absolute: bool,
) -> NDArray[np.float64]:
    """x, y, log zoom [T, 3] of a source's [T or 1, 3]."""
    if absolute and not parameters.normalise_crop:
        return own + parameters.gain("translation") * (driving - own)
    change = driving - reference
    if parameters.normalise_crop:
        heads = np.exp(own[:, 2:] - reference[2])  # the source's head, measured in the driver's
        change = change * np.where([True, True, False], heads, 1)
    return own + parameters.gain("translation") * change


def within_reach(space: CoefficientSpace, own: NDArray[np.float64], motion: NDArray[np.float64]) -> NDArray[np.float64]:
    """The motion with its pose held to what the sliders reach: beyond, the square shows no head to render."""
    count = space.pose_start
    for offset, axis in enumerate(space.pose):
        low, high = axis.min, axis.max
        if axis.unit == "degrees":
            low, high = math.radians(low), math.radians(high)
        elif axis.unit == "factor":
            low, high = math.log(low), math.log(high)
        held = motion[:, count + offset]
        beyond = own[:, count + offset]
        np.clip(held, np.minimum(low, beyond), np.maximum(high, beyond), out=held)
    return motion


def _fits(space: CoefficientSpace, motion: NDArray[np.float64]) -> bool:
    return motion.ndim == 2 and motion.shape[1] == space.size and len(motion) > 0


def _slices(space: CoefficientSpace) -> tuple[slice, slice, slice]:
    start = space.pose_start
    return slice(0, len(space.expression)), slice(start, start + 3), slice(start + 3, start + 6)
