"""The `bfm` space: the 73 numbers of a frame that PIRenderer's authors use, in the terms of all spaces here.

The authors' networks read 64 expression weights, three angles, three of translation and three of the crop
(`pirender_vector`). Here angles and crop are yaw, pitch, roll, x, y and log zoom, so that sliders, gains and crop
normalisation mean the same in every space; both ways are exact:

- rotation: the authors' angles a, b, c stand for Rz(c) · Ry(b) · Rx(a) in the camera axes of `rotation`;
- crop: a picture of 256² scaled by s and centred on (t_x, t_y), y upwards, shows the aligned face. A head is large
  where s is small: log zoom = -log s. x and y are where (t_x, t_y) lies, in fractions of the picture from its centre.

Translation is what the aligned crop leaves over, in decimetres of the face model; no slider moves it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.coefficients.arkit import ARKIT
from models.coefficients.rotation import euler_angles, rotation_matrix
from models.coefficients.space import CoefficientSpace, Slider

PICTURE = 256
"""Side, in pixels, of the picture that the crop's numbers belong to."""

EXPRESSIONS, TRANSLATION = 64, ("translation_x", "translation_y", "translation_z")
_START = EXPRESSIONS + len(TRANSLATION)
_BOUND = 10.0  # an axis is a principal component in standard deviations: more is no face


def pirender_vector(coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
    """Coefficients [..., 73] of this space to the authors': expression, angles, translation, crop (s, t_x, t_y)."""
    values = np.asarray(coefficients, np.float64)
    yaw, pitch, roll, x, y, log_zoom = np.moveaxis(values[..., _START:], -1, 0)
    r = rotation_matrix(yaw, pitch, roll)
    angles = [
        np.arctan2(r[..., 2, 1], r[..., 2, 2]),
        np.arcsin(np.clip(-r[..., 2, 0], -1, 1)),
        np.arctan2(r[..., 1, 0], r[..., 0, 0]),
    ]
    crop = [np.exp(-log_zoom), (x + 0.5) * PICTURE - 0.5, PICTURE - 0.5 - (y + 0.5) * PICTURE]
    parts = [
        values[..., :EXPRESSIONS],
        np.stack(angles, -1),
        values[..., EXPRESSIONS:_START],
        np.stack(crop, -1),
    ]
    return np.concatenate(parts, -1).astype(np.float32)


def from_pirender(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """The inverse of `pirender_vector`: [..., 73] to [..., 73]. s must be above 0."""
    values = np.asarray(vector, np.float64)
    a, b, c, *translation, s, t_x, t_y = np.moveaxis(values[..., EXPRESSIONS:], -1, 0)
    # Rz · Ry · Rx, of which `rotation_matrix` makes one factor at a time.
    turn = rotation_matrix(0, 0, -c) @ rotation_matrix(b, 0, 0) @ rotation_matrix(0, -a, 0)
    pose = [
        *euler_angles(turn),
        (t_x + 0.5) / PICTURE - 0.5,
        (PICTURE - 0.5 - t_y) / PICTURE - 0.5,
        -np.log(s),
    ]
    parts = [values[..., :EXPRESSIONS], np.stack(translation, -1), np.stack(pose, -1)]
    return np.concatenate(parts, -1).astype(np.float32)


def _turn(**pose: float) -> dict[str, object]:
    return {"mode": "absolute", "expression": {}, "pose": pose}


def _axis(index: int, value: float) -> dict[str, object]:
    return {"mode": "relative", "expression": {f"exp_{index}": value}}


_SLIDERS = tuple(
    Slider(
        f"exp_{index}",
        index,
        "expression",
        None,
        -1.0,
        1.0,
        f"Principal component {index} of the Basel face model's expressions, in standard deviations.",
        weakly_observed=False,
        bound=_BOUND,
    )
    for index in range(EXPRESSIONS)
)
_NAMED_AXES = 8  # the components that move most come first
_YAW, _TILT = math.degrees(math.pi / 8), math.degrees(math.pi / 10)  # of the authors' intuitive control

BFM = CoefficientSpace(
    name="bfm",
    expression=_SLIDERS,
    pose=ARKIT.pose,
    presets={
        "neutral": {"mode": "absolute", "expression": {slider.name: 0.0 for slider in _SLIDERS}},
        "frontal": _turn(yaw=0.0, pitch=0.0, roll=0.0),
        "turn_left": _turn(yaw=-_YAW, pitch=0.0, roll=0.0),
        "turn_right": _turn(yaw=_YAW, pitch=0.0, roll=0.0),
        "look_up": _turn(yaw=0.0, pitch=_TILT, roll=0.0),
        "look_down": _turn(yaw=0.0, pitch=-_TILT, roll=0.0),
        "tilt_left": _turn(yaw=0.0, pitch=0.0, roll=-_TILT),
        "tilt_right": _turn(yaw=0.0, pitch=0.0, roll=_TILT),
        **{f"axis_{index}_up": _axis(index, 1.0) for index in range(_NAMED_AXES)},
        **{f"axis_{index}_down": _axis(index, -1.0) for index in range(_NAMED_AXES)},
    },
    mirrored={},
    extra=TRANSLATION,
    network_vector=pirender_vector,
)
