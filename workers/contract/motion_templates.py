"""Motions that are ready to be used as drivers: made of sliders, so any face makes them, and any bundle knows them.

Each begins and ends at rest, so it can be repeated. The two sides of a face and the two ways of a nod are never quite
alike: what is, looks like a machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RATE = 25.0
"""Frames a second."""

Sliders = Mapping[str, float]


@dataclass(frozen=True)
class MotionTemplate:
    """A motion by its keyframes.

    Attributes:
        title: what the face does, for people.
        moments: seconds, expression and pose in the API's units, beyond the face at rest.
    """

    title: str
    moments: tuple[tuple[float, Sliders, Sliders], ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.moments[-1][0]

    @property
    def keyframes(self) -> list[dict[str, Any]]:
        """As `controls.keyframes` of an edit, and `models.coefficients.keyframe_motion`, take them."""
        return [{"time": time, "expression": expression, "pose": pose} for time, expression, pose in self.moments]


_REST: tuple[Sliders, Sliders] = ({}, {})
_SHUT = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.97}
_SMILE = {"mouthSmileLeft": 0.62, "mouthSmileRight": 0.56, "cheekSquint": 0.35, "eyeSquint": 0.2}
_LAUGH = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.75, "cheekSquint": 0.6, "eyeSquint": 0.5, "mouthUpperUp": 0.2}
_ASTONISHED = {"browInnerUp": 0.75, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.7, "eyeWide": 0.7}
_KISS = {"mouthPucker": 0.9, "mouthFunnel": 0.15}
_SAD = {
    "browInnerUp": 0.75,
    "mouthFrownLeft": 0.55,
    "mouthFrownRight": 0.6,
    "eyeLookDown": 0.25,
    "mouthShrugLower": 0.3,
}
_ANGRY = {"browDown": 0.8, "eyeSquint": 0.4, "noseSneerLeft": 0.35, "noseSneerRight": 0.4, "mouthPress": 0.45}
_UP_LEFT = {"eyeLookUp": 0.55, "eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5, "browInnerUp": 0.3, "mouthPressLeft": 0.35}
_WINK = {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.6, "mouthSmileLeft": 0.42, "eyeSquintRight": 0.1}
_LOOK_LEFT = {"eyeLookOutLeft": 0.6, "eyeLookInRight": 0.6}
_LOOK_RIGHT = {"eyeLookInLeft": 0.6, "eyeLookOutRight": 0.6}

MOTION_TEMPLATES: Mapping[str, MotionTemplate] = {
    "nod": MotionTemplate(
        "Nods twice",
        (
            (0.0, *_REST),
            (0.28, {}, {"pitch": -9, "yaw": 0.6}),
            (0.55, {}, {"pitch": 2.5}),
            (0.82, _SHUT, {"pitch": -6.5, "yaw": -0.5}),
            (1.08, {}, {"pitch": 1.2}),
            (1.4, *_REST),
        ),
    ),
    "shake": MotionTemplate(
        "Shakes the head",
        (
            (0.0, *_REST),
            (0.26, {}, {"yaw": 11, "roll": 0.8}),
            (0.62, _SHUT, {"yaw": -12, "roll": -1}),
            (0.96, {}, {"yaw": 8, "roll": 0.5}),
            (1.26, {}, {"yaw": -4}),
            (1.6, *_REST),
        ),
    ),
    "tilt": MotionTemplate(
        "Tilts the head, with a small smile",
        (
            (0.0, *_REST),
            (0.7, {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.22}, {"roll": 9, "yaw": 3, "x": 0.01}),
            (1.5, {"mouthSmileLeft": 0.34, "mouthSmileRight": 0.25}, {"roll": 9.6, "yaw": 3.4, "x": 0.01}),
            (2.3, *_REST),
        ),
    ),
    "blink": MotionTemplate("Blinks once", ((0.0, *_REST), (0.12, _SHUT, {}), (0.18, _SHUT, {}), (0.4, *_REST))),
    "wink": MotionTemplate(
        "Winks with the left eye",
        (
            (0.0, *_REST),
            (
                0.22,
                {"eyeBlinkLeft": 1, "cheekSquintLeft": 0.6, "mouthSmileLeft": 0.4, "eyeSquintRight": 0.1},
                {"roll": 3},
            ),
            (
                0.42,
                {"eyeBlinkLeft": 1, "cheekSquintLeft": 0.6, "mouthSmileLeft": 0.45, "eyeSquintRight": 0.1},
                {"roll": 3.4},
            ),
            (0.68, {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.1}, {"roll": 1.5}),
            (1.1, *_REST),
        ),
    ),
    "smile": MotionTemplate(
        "Smiles, and stops again",
        (
            (0.0, *_REST),
            (0.6, _SMILE, {"pitch": 1.5}),
            (1.7, {**_SMILE, "mouthSmileLeft": 0.66}, {"pitch": 1.8, "roll": 1}),
            (2.6, *_REST),
        ),
    ),
    "laugh": MotionTemplate(
        "Laughs",
        (
            (0.0, *_REST),
            (0.4, {**_LAUGH, "jawOpen": 0.34}, {"pitch": 4}),
            (0.58, {**_LAUGH, "jawOpen": 0.2}, {"pitch": 3, "roll": 1}),
            (0.76, {**_LAUGH, "jawOpen": 0.36}, {"pitch": 5, "roll": 1.5}),
            (0.95, {**_LAUGH, "jawOpen": 0.2, "eyeBlink": 0.5}, {"pitch": 3.4, "roll": 1}),
            (1.14, {**_LAUGH, "jawOpen": 0.31}, {"pitch": 4, "roll": 0.5}),
            (1.36, {**_LAUGH, "jawOpen": 0.15}, {"pitch": 2}),
            (1.9, _SMILE, {"pitch": 0.5}),
            (2.7, *_REST),
        ),
    ),
    "surprise": MotionTemplate(
        "Is surprised",
        (
            (0.0, *_REST),
            (0.24, {**_ASTONISHED, "jawOpen": 0.3}, {"pitch": 3, "zoom": 0.99}),
            (1.0, {**_ASTONISHED, "jawOpen": 0.26}, {"pitch": 3.4, "zoom": 0.99}),
            (1.15, {**_ASTONISHED, **_SHUT, "jawOpen": 0.2}, {"pitch": 2.6}),
            (1.32, {"browInnerUp": 0.4, "eyeWide": 0.2, "jawOpen": 0.1}, {"pitch": 1.5}),
            (2.0, *_REST),
        ),
    ),
    "kiss": MotionTemplate(
        "Blows a kiss",
        (
            (0.0, *_REST),
            (0.45, {**_KISS, "eyeBlinkLeft": 0.75, "eyeBlinkRight": 0.72}, {"pitch": -2, "zoom": 1.02}),
            (0.75, {**_KISS, "eyeBlinkLeft": 0.8, "eyeBlinkRight": 0.77}, {"pitch": -2.4, "zoom": 1.02}),
            (1.0, {"mouthFunnel": 0.35, "jawOpen": 0.08}, {"pitch": 0.5}),
            (1.35, {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.26}, {}),
            (1.9, *_REST),
        ),
    ),
    "sad": MotionTemplate(
        "Becomes sad, and recovers",
        (
            (0.0, *_REST),
            (0.9, _SAD, {"pitch": -5, "roll": -1.5}),
            (2.2, _SAD, {"pitch": -6, "roll": -2}),
            (3.2, *_REST),
        ),
    ),
    "angry": MotionTemplate(
        "Frowns",
        ((0.0, *_REST), (0.5, _ANGRY, {"pitch": -3.5}), (1.5, _ANGRY, {"pitch": -4, "yaw": 1}), (2.3, *_REST)),
    ),
    "think": MotionTemplate(
        "Looks up and thinks",
        (
            (0.0, *_REST),
            (0.14, {"eyeBlink": 0.7}, {}),
            (0.5, _UP_LEFT, {"roll": -3, "yaw": -5, "pitch": 3}),
            (1.7, _UP_LEFT, {"roll": -3.6, "yaw": -6, "pitch": 3.6}),
            (1.9, {**_UP_LEFT, "eyeBlink": 0.8}, {"roll": -2.5, "yaw": -4, "pitch": 2.5}),
            (2.4, *_REST),
        ),
    ),
    "look-around": MotionTemplate(
        "Looks to either side: the eyes go ahead, the head follows",
        (
            (0.0, *_REST),
            (0.2, _LOOK_RIGHT, {"yaw": -2}),
            (0.6, {name: value / 3 for name, value in _LOOK_RIGHT.items()}, {"yaw": -16, "roll": -1}),
            (1.3, {name: value / 3 for name, value in _LOOK_RIGHT.items()}, {"yaw": -17, "roll": -1.2, "pitch": 1}),
            (1.45, {**_SHUT, **_LOOK_LEFT}, {"yaw": -14}),
            (2.1, {name: value / 3 for name, value in _LOOK_LEFT.items()}, {"yaw": 15, "roll": 1}),
            (2.8, {name: value / 3 for name, value in _LOOK_LEFT.items()}, {"yaw": 16, "roll": 1, "pitch": -1}),
            (2.95, _SHUT, {"yaw": 13}),
            (3.6, *_REST),
        ),
    ),
    "idle": MotionTemplate(
        "Waits: breathes, blinks twice and moves a little",
        (
            (0.0, *_REST),
            (1.4, {"browInnerUp": 0.05}, {"pitch": 0.8, "yaw": 1.2, "roll": 0.4}),
            (1.52, _SHUT, {"pitch": 0.7, "yaw": 1.2, "roll": 0.4}),
            (1.72, {}, {"pitch": 0.5, "yaw": 1}),
            (
                3.1,
                {"mouthSmileLeft": 0.08, "mouthSmileRight": 0.05},
                {"pitch": -0.7, "yaw": -1.4, "roll": -0.6, "y": 0.004},
            ),
            (4.6, {}, {"pitch": 0.5, "yaw": -0.6, "roll": 0.3}),
            (4.72, _SHUT, {"pitch": 0.5, "yaw": -0.5, "roll": 0.3}),
            (4.93, {}, {"pitch": 0.4}),
            (6.0, *_REST),
        ),
    ),
}
