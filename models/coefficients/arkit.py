"""The `arkit` space: the 53 ICT-FaceKit blendshapes under their ARKit names, and head pose (59 numbers).

The order is ICT-FaceKit's own. ICT splits ARKit's `browInnerUp` and `cheekPuff` in two and has no `tongueOut`.
"""

from __future__ import annotations

from models.coefficients.space import CoefficientSpace, PoseAxis, Slider

_SIDES = {"Left": "left", "Right": "right"}

# Name (a trailing * marks a left/right pair), then what it does to the face. {side} is the person's own.
_BLENDSHAPES = (
    ("browDown*", "Lowers the {side} eyebrow and draws it inwards, as in a scowl."),
    ("browInnerUp*", "Raises the inner end of the {side} eyebrow, as in worry or sadness."),
    ("browOuterUp*", "Raises the outer end of the {side} eyebrow, as in doubt or surprise."),
    ("cheekPuff*", "Blows up the {side} cheek."),
    ("cheekSquint*", "Lifts the {side} cheek towards the eye, as a hearty smile does."),
    ("eyeBlink*", "Closes the {side} eye; 1 shuts the lids."),
    ("eyeLookDown*", "Turns the gaze of the {side} eye down; the upper lid follows."),
    ("eyeLookIn*", "Turns the gaze of the {side} eye towards the nose."),
    ("eyeLookOut*", "Turns the gaze of the {side} eye away from the nose."),
    ("eyeLookUp*", "Turns the gaze of the {side} eye up; the upper lid follows."),
    ("eyeSquint*", "Narrows the {side} eye by raising its lower lid."),
    ("eyeWide*", "Opens the {side} eye wide by raising its upper lid."),
    ("jawForward", "Pushes the lower jaw forward."),
    ("jawLeft", "Moves the lower jaw towards the person's left."),
    ("jawOpen", "Drops the lower jaw and opens the mouth."),
    ("jawRight", "Moves the lower jaw towards the person's right."),
    ("mouthClose", "Brings the lips together while the jaw is open; never more than jawOpen."),
    ("mouthDimple*", "Pulls the {side} corner of the mouth back into a dimple."),
    ("mouthFrown*", "Pulls the {side} corner of the mouth down."),
    ("mouthFunnel", "Rounds the open lips into a funnel, as when saying “oh”."),
    ("mouthLeft", "Moves the whole mouth towards the person's left."),
    ("mouthLowerDown*", "Lowers the lower lip on the {side} and bares the lower teeth."),
    ("mouthPress*", "Presses the lips together on the {side}."),
    ("mouthPucker", "Purses the closed lips forward, as for a kiss."),
    ("mouthRight", "Moves the whole mouth towards the person's right."),
    ("mouthRollLower", "Rolls the lower lip inwards over the teeth."),
    ("mouthRollUpper", "Rolls the upper lip inwards over the teeth."),
    ("mouthShrugLower", "Pushes the chin and the lower lip up."),
    ("mouthShrugUpper", "Lifts the upper lip towards the nose."),
    ("mouthSmile*", "Pulls the {side} corner of the mouth up and out into a smile."),
    ("mouthStretch*", "Stretches the {side} corner of the mouth sideways."),
    ("mouthUpperUp*", "Raises the upper lip on the {side} and bares the upper teeth."),
    ("noseSneer*", "Wrinkles the nose and lifts the nostril on the {side}."),
)

# Movements that the fitted photos hardly ever show: their sliders were learnt from generated pictures alone.
_WEAK = ("cheekPuff", "cheekSquint", "jawForward", "noseSneer")


def _group(name: str) -> str:
    stems = {"brow": "brows", "cheek": "cheeks", "eye": "eyes", "jaw": "jaw", "mouth": "mouth", "nose": "nose"}
    return next(group for stem, group in stems.items() if name.startswith(stem))


def _sliders() -> tuple[Slider, ...]:
    entries: list[tuple[str, str | None, str]] = []
    for name, text in _BLENDSHAPES:
        if name.endswith("*"):
            entries += [(name[:-1] + suffix, side, text.format(side=side)) for suffix, side in _SIDES.items()]
        else:
            entries.append((name, None, text))
    return tuple(
        Slider(name, index, _group(name), side, 0.0, 1.0, text, weakly_observed=name.startswith(_WEAK))
        for index, (name, side, text) in enumerate(entries)
    )


def _relative(**expression: float) -> dict[str, object]:
    return {"mode": "relative", "expression": expression}


_SLIDERS = _sliders()

ARKIT = CoefficientSpace(
    name="arkit",
    expression=_SLIDERS,
    pose=(
        PoseAxis("yaw", "degrees", -45.0, 45.0),
        PoseAxis("pitch", "degrees", -30.0, 30.0),
        PoseAxis("roll", "degrees", -45.0, 45.0),
        PoseAxis("x", "fraction of the crop", -0.5, 0.5),
        PoseAxis("y", "fraction of the crop", -0.5, 0.5),
        PoseAxis("zoom", "factor", 0.7, 1.4),
    ),
    presets={
        "neutral": {"mode": "absolute", "expression": {slider.name: 0.0 for slider in _SLIDERS}},
        "smile": _relative(mouthSmile=0.7, cheekSquint=0.3, eyeSquint=0.2),
        "big_smile": _relative(mouthSmile=0.9, mouthUpperUp=0.4, jawOpen=0.2, cheekSquint=0.5, eyeSquint=0.3),
        "frown": _relative(mouthFrown=0.8, browDown=0.5, mouthShrugLower=0.3),
        "surprise": _relative(jawOpen=0.5, browInnerUp=0.9, browOuterUp=0.8, eyeWide=0.8),
        "open_mouth": _relative(jawOpen=0.7),
        "kiss": _relative(mouthPucker=0.9, mouthFunnel=0.2),
        "eyes_closed": _relative(eyeBlink=1.0),
        "wink": _relative(eyeBlinkLeft=1.0, mouthSmileLeft=0.4, cheekSquintLeft=0.3),
        "raised_brows": _relative(browInnerUp=0.8, browOuterUp=0.8),
        "look_left": _relative(eyeLookOutLeft=0.8, eyeLookInRight=0.8),
        "look_right": _relative(eyeLookInLeft=0.8, eyeLookOutRight=0.8),
        "look_up": _relative(eyeLookUp=0.8),
        "look_down": _relative(eyeLookDown=0.5),
    },
    mirrored={"jawLeft": "jawRight", "mouthLeft": "mouthRight"},
)
